// Exports a folder in every GGUF type, scores each file with llama.cpp and the folder with Espalier, and compares the means.
// Prints a table; exit code 1 where a difference is larger than its type allows.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {spawnSync} from "node:child_process";

// Nats a token. F32 differs by the order of float32 sums alone; the others by what rounding the weights costs.
const allowed = {f32: 1e-5, f16: 1e-3, bf16: 1e-3, q8_0: 1e-2};

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const {folder, options} = readArguments(process.argv.slice(2));
const espalier = options.espalier ?? path.join(root, "espalier");
const windows = ["--ids", options.ids, "--seq", options.seq, "--windows", options.windows];

const work = fs.mkdtempSync(path.join(os.tmpdir(), "gguf-parity-"));
process.on("exit", () => fs.rmSync(work, {recursive: true, force: true}));

const here_nll = JSON.parse(run(espalier, ["evaluate", folder, ...windows, "--json"])).nll;
console.log(`${folder}: ${options.windows} windows of ${options.seq}, Espalier says ${here_nll.toFixed(7)} nats a token\n`);
console.log("type        bytes     llama.cpp    difference   allowed");

let missed = false;
for (const [type, limit] of Object.entries(allowed)) {
    const file = path.join(work, `model-${type}.gguf`);
    run(espalier, ["export", folder, "--type", type, "--output", file]);
    const {nll} = JSON.parse(run(process.execPath, [path.join(here, "judge.mjs"), file, ...windows]));
    const ok = Math.abs(nll - here_nll) <= limit;
    missed ||= !ok;
    console.log([type.padEnd(5), String(fs.statSync(file).size).padStart(11), nll.toFixed(7).padStart(13), (nll - here_nll).toExponential(2).padStart(13),
        limit.toExponential(0).padStart(9), ok ? "" : "MISSED"].join(" ").trimEnd());
    fs.rmSync(file);
}
process.exitCode = missed ? 1 : 0;

function run(program, args) {
    const {status, stdout, stderr, error} = spawnSync(program, args, {encoding: "utf8", maxBuffer: 1 << 26});
    if (error !== undefined || status !== 0) {
        process.stderr.write(`gguf-parity: ${[program, ...args].join(" ")}\n${error?.message ?? stderr}\n`);
        process.exit(2);
    }
    return stdout;
}

function readArguments(args) {
    const options = {ids: path.join(root, "tests/golden/quickstart-teacher/self-written.ids.i32"), seq: "256", windows: "16"};
    let folder = path.join(root, "models/quickstart-teacher");
    for (let i = 0; i < args.length; i++)
        if (args[i].startsWith("--")) options[args[i].slice(2)] = args[++i];
        else folder = args[i];
    return {folder, options};
}
