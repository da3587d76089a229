// Where llama.cpp's numbers come from when they are not those of the folder: the same forward by the definition (forward.mjs), with what
// llama.cpp rounds rounded. F32 files: GELU from a table of float16. F16, BF16 and Q8_0 files: the weights, and in every product the input
// too; rows that are no whole blocks of Q8_0 are F16 there.
// Prints the loss of each, and of GELU's table the largest difference of a logit, without it and with it; exit code 1 where the rounded forward is not llama.cpp's, or the plain one not the golden logits.
//
//   node roundings.mjs [--espalier PROGRAM] [FAMILY...]

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {spawnSync} from "node:child_process";
import {bfloat16, float16, forward, gelu, geluOfTable, load, q8, tensors} from "./forward.mjs";

const here = path.dirname(fileURLToPath(import.meta.url)), root = path.resolve(here, "../../..");
const hasProgram = process.argv[2] === "--espalier";
const espalier = hasProgram ? process.argv[3] : path.join(root, "espalier"), chosen = process.argv.slice(hasProgram ? 4 : 2);
const families = chosen.length > 0 ? chosen : ["gemma2", "gemma3", "starcoder2", "mistral", "qwen3", "mixtral", "nemotron-h", "qwen3-5-even", "qwen3-next-even"];

// Nats: float32 sums, and in the others what lies so near to the middle of two numbers that the sum decides.
const limits = {f32: 1e-5, f16: 1e-4, bf16: 2e-3, q8_0: 1e-3};
const rows = round => row => row.map(round), rounders = [["f32", undefined], ["f16", rows(float16)], ["bf16", rows(bfloat16)],
    ["q8_0", row => row.length % 32 === 0 ? q8(row) : row.map(float16)]];
const hasGelu = family => ["gemma2", "gemma3", "starcoder2"].includes(family);

const work = fs.mkdtempSync(path.join(os.tmpdir(), "roundings-"));
process.on("exit", () => fs.rmSync(work, {recursive: true, force: true}));

console.log("family      type       folder  llama.cpp  difference    weights  + inputs     GELU's table       all  left over  allowed");
let missed = false;
for (const family of families) {
    const folder = path.join(root, "tests/golden/families", family), model = load(folder), golden = tensors(path.join(folder, "golden.safetensors"));
    const [ids, time] = [[...golden.input_ids.data], golden.input_ids.shape[1]];
    const plain = forward(model, ids.slice(0, time)), wanted = golden.logits.data, V = golden.logits.shape[2];
    const worst = Math.max(...plain.flatMap((row, t) => [...row].map((value, v) => Math.abs(value - wanted[t * V + v]))));
    if (worst > 1e-5) { console.log(`${family}: the plain forward is ${worst} off the golden logits`); missed = true; }

    // StarCoder2's window is longer than what is scored: llama.cpp applies none there.
    const seq = family === "starcoder2" ? 10 : 24, windows = 16, file = path.join(work, `${family}.i32`), all = random(seq * windows + 1, V);
    fs.writeFileSync(file, Buffer.from(Int32Array.from(all).buffer));
    const loss = rounding => mean(Array.from({length: windows}, (_, w) => {
        const rows = forward(model, all.slice(w * seq, w * seq + seq), rounding);
        return mean(rows.map((row, t) => nll(row, all[w * seq + t + 1])));
    }));
    const exact = loss({}), logits = [];
    for (const [type, round] of rounders) {
        const gguf = path.join(work, `${family}-${type}.gguf`);
        run(espalier, ["export", folder, "--type", type, "--output", gguf]);
        const theirs = JSON.parse(run(process.execPath, [path.join(here, "judge.mjs"), gguf, "--ids", file, "--seq", String(seq), "--windows", String(windows)])).nll;
        const table = hasGelu(family) ? geluOfTable : gelu;
        const weights = loss({weight: round}), inputs = loss({weight: round, input: round});
        const withTable = loss({gelu: table}), together = loss({weight: round, input: round, gelu: table});
        if (type === "f32" && hasGelu(family))
            logits.push(...[{}, {gelu: table}].map(rounding => worstLogit(gguf, model, golden, seq, rounding)));
        const ok = Math.abs(together - theirs) <= limits[type];
        missed ||= !ok;
        console.log([family.padEnd(11), type.padEnd(5), exact.toFixed(7).padStart(10), theirs.toFixed(7).padStart(10),
            ...[theirs, weights, inputs, withTable, together].map(value => (value - exact).toExponential(1).padStart(10)),
            (theirs - together).toExponential(1).padStart(10), limits[type].toExponential(0).padStart(8),
            type === "f32" && logits.length > 0 ? `  logits ${logits.map(value => value.toExponential(1)).join(" and ")}` : "", ok ? "" : "MISSED"].join(" ").trimEnd());
    }
}
process.exitCode = missed ? 1 : 0;

// The largest difference between llama.cpp's logits and those of the forward, over the golden ids.
function worstLogit(gguf, model, golden, positions, rounding) {
    const [batch, time] = golden.input_ids.shape, V = golden.logits.shape[2], data = new Float32Array(batch * time * V);
    for (let b = 0; b < batch; b++)
        forward(model, [...golden.input_ids.data.slice(b * time, b * time + positions)], rounding)
            .forEach((row, t) => data.set(row, (b * time + t) * V));
    const ids = BigInt64Array.from([...golden.input_ids.data], BigInt), file = path.join(work, "forward.safetensors"), length = Buffer.alloc(8);
    const header = Buffer.from(JSON.stringify({
        input_ids: {dtype: "I64", shape: [batch, time], data_offsets: [0, ids.byteLength]},
        logits: {dtype: "F32", shape: [batch, time, V], data_offsets: [ids.byteLength, ids.byteLength + data.byteLength]},
    }));
    length.writeBigUInt64LE(BigInt(header.length));
    fs.writeFileSync(file, Buffer.concat([length, header, Buffer.from(ids.buffer), Buffer.from(data.buffer)]));
    return JSON.parse(run(process.execPath, [path.join(here, "judge.mjs"), gguf, "--golden", file, "--positions", String(positions)])).worst_logit_difference;
}

function mean(values) { return values.reduce((a, b) => a + b, 0) / values.length; }

function nll(row, target) {
    const most = Math.max(...row);
    return Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0)) + most - row[target];
}

function random(count, below) {
    let state = 11;
    return Array.from({length: count}, () => (state = (state * 48271) % 2147483647) % below);
}

function run(program, args) {
    const {status, stdout, stderr, error} = spawnSync(program, args, {encoding: "utf8", maxBuffer: 1 << 26});
    if (error !== undefined || status !== 0) {
        process.stderr.write(`roundings: ${[program, ...args].join(" ")}\n${error?.message ?? stderr}\n`);
        process.exit(2);
    }
    return stdout;
}
