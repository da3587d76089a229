// Quantises a folder with Espalier and, from the same float32 file, with llama.cpp's own quantiser, and scores all files with llama.cpp.
//
//   node quantised.mjs [FOLDER] [--ids FILE.i32] [--seq 256] [--windows 64] [--types Q4_0,Q5_0,Q4_K_M,Q5_K_M,Q6_K] [--espalier PROGRAM] [--python PROGRAM]
//
// Prints a table: the loss, and the divergence of each file's distribution from that of the float32 file, which says the same with far less
// noise. Exit code 1 where ours diverges more, beyond two standard errors over windows. Needs what gguf-parity installs, and Python 3 without any package.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {spawnSync} from "node:child_process";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const {folder, options} = readArguments(process.argv.slice(2));
const libraries = path.join(here, "node_modules/@node-llama-cpp/linux-x64/bins/linux-x64");
const windows = ["--ids", options.ids, "--seq", options.seq, "--windows", options.windows];

const work = fs.mkdtempSync(path.join(os.tmpdir(), "gguf-quantised-"));
process.on("exit", () => fs.rmSync(work, {recursive: true, force: true}));

const whole = path.join(work, "f32.gguf");
run(options.espalier, ["export", folder, "--type", "f32", "--output", whole]);
const unquantised = judged(whole);
console.log(`${folder}: ${options.windows} windows of ${options.seq}, F32 ${unquantised.nll.toFixed(5)} nats a token\n`);
console.log("type         bytes   loss: ours  llama.cpp  difference    KL: ours  llama.cpp  difference (standard errors over windows)");

let missed = false;
for (const type of options.types.split(",")) {
    const [ours, theirs] = [path.join(work, "ours.gguf"), path.join(work, "theirs.gguf")];
    run(options.espalier, ["export", folder, "--type", type.toLowerCase(), "--output", ours]);
    run(options.python, [path.join(here, "quantize.py"), libraries, whole, theirs, type]);
    const [a, b] = [judged(ours, whole), judged(theirs, whole)];
    const [loss, divergence] = [compared(a.nll_per_window, b.nll_per_window), compared(a.kl_per_window, b.kl_per_window)];
    const [size, other] = [fs.statSync(ours).size, fs.statSync(theirs).size];
    const worse = divergence.mean > 2 * divergence.error;
    missed ||= worse;
    console.log([type.padEnd(7), String(size).padStart(10), a.nll.toFixed(5).padStart(12), b.nll.toFixed(5).padStart(10), shown(loss),
        a.kl.toFixed(5).padStart(11), b.kl.toFixed(5).padStart(10), shown(divergence), size === other ? "" : `llama.cpp's has ${other} bytes`,
        worse ? "DIVERGES MORE" : ""].join(" ").trimEnd());
    fs.rmSync(ours);
    fs.rmSync(theirs);
}
process.exitCode = missed ? 1 : 0;

function judged(file, against) {
    return JSON.parse(run(process.execPath, [path.join(here, "judge.mjs"), file, ...windows, ...(against === undefined ? [] : ["--against", against])]));
}

function compared(ours, theirs) {
    const differences = ours.map((value, i) => value - theirs[i]);
    const mean = differences.reduce((x, y) => x + y, 0) / differences.length;
    return {mean, error: Math.sqrt(differences.reduce((x, y) => x + (y - mean) ** 2, 0) / (differences.length - 1) / differences.length)};
}

function shown({mean, error}) {
    return `${mean.toFixed(5).padStart(9)} +- ${error.toFixed(5)}`;
}

function run(program, args) {
    const {status, stdout, stderr, error} = spawnSync(program, args, {encoding: "utf8", maxBuffer: 1 << 26});
    if (error !== undefined || status !== 0) {
        process.stderr.write(`quantised: ${[program, ...args].join(" ")}\n${error?.message ?? stderr}\n`);
        process.exit(2);
    }
    return stdout;
}

function readArguments(args) {
    const options = {
        ids: path.join(root, "tests/golden/quickstart-teacher/self-written.ids.i32"), seq: "256", windows: "64",
        types: "Q4_0,Q5_0,Q4_K_M,Q5_K_M,Q6_K", espalier: path.join(root, "espalier"), python: "python3",
    };
    let folder = path.join(root, "models/quickstart-teacher");
    for (let i = 0; i < args.length; i++)
        if (args[i].startsWith("--")) options[args[i].slice(2)] = args[++i];
        else folder = args[i];
    return {folder, options};
}
