// Whether GGUF files of tokenizers with other splits give the same ids in llama.cpp as the folders do here: the bundled teacher with the
// pre-tokenizer exchanged, on texts that splits go wrong on. Prints a table; exit code 1 where an id differs.
//
//   node splits.mjs [--espalier PROGRAM]

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {spawnSync} from "node:child_process";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const espalier = process.argv[2] === "--espalier" ? process.argv[3] : path.join(root, "espalier");
const teacher = path.join(root, "models/quickstart-teacher");

const byteLevel = use_regex => ({type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex});
const split = Regex => ({type: "Split", pattern: {Regex}, behavior: "Isolated", invert: false});
const digits = {type: "Digits", individual_digits: true};
const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const llama3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const qwen35 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

// The name that is expected, and the pre-tokenizers and ignore_merges that it is to come from.
const cases = [
    ["gpt-2", [byteLevel(true)], false],
    ["gpt-2", [split(gpt2), byteLevel(true)], false],
    ["smollm", [digits, byteLevel(true)], false],
    ["smollm", [split(String.raw`\p{N}`), split(gpt2), byteLevel(false)], false],
    ["llama-bpe", [split(llama3), byteLevel(false)], true],
    ["qwen2", [split(llama3.replace("{1,3}", "")), byteLevel(false)], false],
    ["qwen35", [split(qwen35), byteLevel(false)], false],
];

const texts = [
    "Hello world", "Don't you'll WE'RE they've I'm he'd 'S 'LL", "abc123def 4567  89", "  12 345\n\n\t 6", "x² ½ ٣٤٥ Ⅷ １２ १२", "a\u0301e\u0301 café ẛ̣",
    "你好世界 2024年 のテスト", "😀👨\u200d👩\u200d👧 emoji🏽", "tabs\t\tand   spaces    \n\n  newline \r\n crlf\r", "!!! ... --- ??? (a) [b] {c} <d> 'e' \"f\"",
    "a'sb 's' 'Tis don’t", "\u00a0nbsp\u2003em\u3000ideo\u200bzw", "x=1;y=2;z=3.14159e-10", "   leading and trailing   ", "1", "12", "123", "1234 12345",
    "camelCaseWord HTTPServer iPhone12", "مرحبا ١٢٣", "नमस्ते १", "ſs 'ſ", "\u0001\u007f", " 's", " '", "\u2028line\u2029para\u0085nel\u000bvt\u000cff",
];
const parts = ["a", "B", "é", "1", "22", " ", "  ", "\n", "\t", "'", "'s", "'LL", ".", "!", "你", "😀", "٣", "²", "\r\n", "\u00a0", "_", "-"];
let state = 7;
const random = most => (state = (state * 48271) % 2147483647) % most;
for (let i = 0; i < 400; i++) texts.push("x" + Array.from({length: 1 + random(13)}, () => parts[random(parts.length)]).join(""));

const work = fs.mkdtempSync(path.join(os.tmpdir(), "splits-"));
process.on("exit", () => fs.rmSync(work, {recursive: true, force: true}));
const documents = path.join(work, "texts.jsonl");
// Line breaks are line feeds in every document that is read, and a text comes once.
const read = [...new Set(texts.map(text => text.replace(/\r\n?/g, "\n")))];
fs.writeFileSync(documents, read.map(text => JSON.stringify({text}) + "\n").join(""));

console.log("expected   written      ids  first difference");
let missed = false;
for (const [i, [name, pretokenizers, ignore_merges]] of cases.entries()) {
    const folder = path.join(work, `model-${i}`), gguf = path.join(work, `model-${i}.gguf`), ids = path.join(work, `ids-${i}.i32`);
    fs.cpSync(teacher, folder, {recursive: true});
    const tokenizer = JSON.parse(fs.readFileSync(path.join(folder, "tokenizer.json"), "utf8"));
    tokenizer.pre_tokenizer = {type: "Sequence", pretokenizers};
    tokenizer.model.ignore_merges = ignore_merges;
    fs.writeFileSync(path.join(folder, "tokenizer.json"), JSON.stringify(tokenizer));

    run(espalier, ["export", folder, "--type", "q8_0", "--output", gguf]);
    const written = nameIn(gguf);
    const windows = path.join(work, `windows-${i}.jsonl`);
    run(espalier, ["evaluate", folder, documents, "--seq", "1", "--batch", "512", "--per-token", windows, "--json"]);
    const pairs = fs.readFileSync(windows, "utf8").split("\n").filter(line => line !== "").map(line => JSON.parse(line).ids);
    // Each document ends with EOS here, which is no matter of the tokenizer.
    const all = [pairs[0][0], ...pairs.map(pair => pair[1])].filter(id => id !== 4081);
    fs.writeFileSync(ids, Buffer.from(Int32Array.from(all).buffer));
    const judged = JSON.parse(run(process.execPath, [path.join(here, "judge.mjs"), gguf, "--documents", documents, "--ids", ids]));
    const ok = judged.first_difference === null && written === name;
    missed ||= !ok;
    console.log([name.padEnd(10), written.padEnd(9), String(judged.tokens).padStart(6), "", judged.first_difference ?? "none", ok ? "" : "MISSED"].join(" ").trimEnd());
}
process.exitCode = missed ? 1 : 0;

// The value of tokenizer.ggml.pre: after the key come its type (4 bytes), its length (8 bytes) and its text.
function nameIn(file) {
    const bytes = fs.readFileSync(file), key = bytes.indexOf("tokenizer.ggml.pre") + "tokenizer.ggml.pre".length;
    return bytes.toString("utf8", key + 12, key + 12 + Number(bytes.readBigUInt64LE(key + 4)));
}

function run(program, args) {
    const {status, stdout, stderr, error} = spawnSync(program, args, {encoding: "utf8", maxBuffer: 1 << 28});
    if (error !== undefined || status !== 0) {
        process.stderr.write(`splits: ${[program, ...args].join(" ")}\n${error?.message ?? stderr}\n`);
        process.exit(2);
    }
    return stdout;
}
