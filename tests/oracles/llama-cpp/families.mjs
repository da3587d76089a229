// Whether llama.cpp computes the golden logits of every family from its GGUF file: exports each folder of tests/golden/families as F32 and
// compares with what transformers computed in float64. Prints a table; exit code 1 where a logit differs by more than the family's limit.
//
//   node families.mjs [--espalier PROGRAM] [FAMILY...]     all of them by default

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {spawnSync} from "node:child_process";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const hasProgram = process.argv[2] === "--espalier";
const espalier = hasProgram ? process.argv[3] : path.join(root, "espalier"), chosen = process.argv.slice(hasProgram ? 4 : 2);
const folders = path.join(root, "tests/golden/families");

// llama.cpp chooses LongRoPE's factors by its context, which is never shorter than 256 positions.
const prefixes = {"phi4-longrope": "long."};

// llama.cpp takes GELU from a table of float16; phi3's window, which it does not apply, is 10 here, and so is StarCoder2's.
// llama.cpp's qwen2moe and qwen3moe have experts in every layer, its nemotron_h no biases of a mixer's projections, its gpt-oss biases of
// attention's; values of its linear attention are as wide as keys.
const refused = ["qwen2-moe-mixed", "qwen3-moe-mixed", "nemotron-h-tied", "gpt-oss-tied", "qwen3-5", "qwen3-5-tied", "qwen3-next", "qwen3-next-mixed"];

const limits = {gemma2: 1e-2, gemma3: 1e-2, starcoder2: 1e-2}, positions = {phi3: 10, starcoder2: 10};

const work = fs.mkdtempSync(path.join(os.tmpdir(), "families-"));
process.on("exit", () => fs.rmSync(work, {recursive: true, force: true}));

console.log("family           largest logit  difference   allowed");
let missed = false;
for (const family of fs.readdirSync(folders).filter(name => fs.existsSync(path.join(folders, name, "golden.safetensors"))
    && !refused.includes(name) && (chosen.length === 0 || chosen.includes(name)))) {
    const file = path.join(work, `${family}.gguf`), limit = limits[family] ?? 1e-4;
    run(espalier, ["export", path.join(folders, family), "--type", "f32", "--output", file]);
    const judged = JSON.parse(run(process.execPath, [path.join(here, "judge.mjs"), file, "--golden", path.join(folders, family, "golden.safetensors"),
        "--positions", String(positions[family] ?? 0), "--prefix", prefixes[family] ?? ""]));
    const ok = judged.worst_logit_difference <= limit;
    missed ||= !ok;
    console.log([family.padEnd(16), judged.largest_logit.toFixed(4).padStart(13), judged.worst_logit_difference.toExponential(2).padStart(11),
        limit.toExponential(0).padStart(9), ok ? "" : "MISSED"].join(" ").trimEnd());
}
process.exitCode = missed ? 1 : 0;

function run(program, args) {
    const {status, stdout, stderr, error} = spawnSync(program, args, {encoding: "utf8", maxBuffer: 1 << 26});
    if (error !== undefined || status !== 0) {
        process.stderr.write(`families: ${[program, ...args].join(" ")}\n${error?.message ?? stderr}\n`);
        process.exit(2);
    }
    return stdout;
}
