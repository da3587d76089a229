// Scores a GGUF file with llama.cpp (node-llama-cpp, CPU, float32 key/value cache) and prints one JSON object.
//
//   node judge.mjs MODEL.gguf --ids FILE.i32 --seq 256 --windows 16     mean next-token NLL in nats
//        [--against F32.gguf]                                             and the mean divergence KL(that file's distribution || this one's)
//   node judge.mjs MODEL.gguf --golden golden.safetensors               largest difference from stored logits (of the first --positions)
//        [--prefix long.]                                                  of the tensors long.input_ids and long.logits
//   node judge.mjs MODEL.gguf --greedy 1,5,9 --max-tokens 40            greedy continuation
//   node judge.mjs MODEL.gguf --tokenize "some text"                    ids, with the model's own BOS rule
//   node judge.mjs MODEL.gguf --texts FILE.jsonl                        ids of each line's text
//   node judge.mjs MODEL.gguf --documents FILE.jsonl --ids FILE.i32     whether the texts give exactly these ids, one after another
//
// Window w has the inputs ids[w·seq .. w·seq + seq − 1], each scored on the id after it; positions restart at 0 in every
// window. The softmax is taken here in float64 from llama.cpp's raw float32 logits: its own probabilities are float32 sums.

import fs from "node:fs";
import path from "node:path";
import {getLlama} from "node-llama-cpp";

const {model: modelPath, options} = readArguments(process.argv.slice(2));
const llama = await getLlama({gpu: false, build: "never", logLevel: "error", progressLogs: false});
const model = await llama.loadModel({modelPath, gpuLayers: 0});

let result;
if (options.golden !== undefined) result = await compareWithGolden(options.golden);
else if (options.greedy !== undefined) result = await generate(options.greedy.split(",").map(Number), Number(options["max-tokens"] ?? 40));
else if (options.documents !== undefined) result = compareTokens(options.documents, readIds(options.ids));
else if (options.texts !== undefined) result = {ids: fs.readFileSync(options.texts, "utf8").split("\n").filter(line => line !== "").map(line => tokenize(JSON.parse(line).text))};
else if (options.tokenize !== undefined) result = {ids: tokenize(options.tokenize)};
else result = await meanNll(readIds(options.ids), Number(options.seq ?? 256), Number(options.windows ?? 0));

await new Promise(done => process.stdout.write(JSON.stringify({model: path.basename(modelPath), ...result}) + "\n", done));
await llama.dispose();
process.exit(0);

async function meanNll(ids, seq, windows) {
    const whole = Math.floor((ids.length - 1) / seq);
    if (windows === 0) windows = whole;
    if (windows < 1 || windows > whole) fail(`${windows} windows of ${seq} asked, but ${ids.length} ids hold ${whole}`);

    const perWindow = [], divergences = [];
    const reference = options.against === undefined ? null : await llama.loadModel({modelPath: options.against, gpuLayers: 0});
    const eachWindow = async (sequence, other) => {
        for (let w = 0; w < windows; w++) {
            const wanted = [], window = ids.slice(w * seq, w * seq + seq);
            if (other !== null) await forEachPosition(other, window, (position, logits) => wanted.push(logProbabilities(logits)));
            let sum = 0, divergence = 0;
            await forEachPosition(sequence, window, (position, logits) => {
                sum += nll(logits, ids[w * seq + position + 1]);
                if (other !== null) divergence += kl(wanted[position], logProbabilities(logits));
            });
            perWindow.push(sum / seq);
            divergences.push(divergence / seq);
        }
    };
    await withSequence(seq, sequence => reference === null ? eachWindow(sequence, null)
        : withSequence(seq, other => eachWindow(sequence, other), reference));
    const mean = values => values.reduce((a, b) => a + b, 0) / windows;
    return {
        nll: mean(perWindow), tokens: seq * windows, nll_per_window: perWindow,
        ...(reference === null ? {} : {kl: mean(divergences), kl_per_window: divergences}),
    };
}

async function compareWithGolden(file) {
    const tensors = readSafetensors(file, ["input_ids", "logits"].map(name => (options.prefix ?? "") + name));
    const [ids, expected] = tensors;
    const [batch, time] = ids.shape, vocabulary = expected.shape[2], scored = Number(options.positions ?? 0) || time;
    let worst = 0, magnitude = 0;
    await withSequence(scored, async sequence => {
        for (let b = 0; b < batch; b++)
            await forEachPosition(sequence, [...ids.data.slice(b * time, b * time + scored)], (position, logits) => {
                for (const [token, value] of logits) {
                    const wanted = expected.data[(b * time + position) * vocabulary + token];
                    worst = Math.max(worst, Math.abs(value - wanted));
                    magnitude = Math.max(magnitude, Math.abs(wanted));
                }
            });
    });
    return {worst_logit_difference: worst, largest_logit: magnitude, positions: batch * scored};
}

async function generate(prompt, count) {
    const ids = [];
    await withSequence(prompt.length + count, async sequence => {
        let input = prompt;
        while (ids.length < count) {
            const asked = input.map((id, i) => i < input.length - 1 ? id : [id, {generateNext: {logits: true}}]);
            const logits = (await sequence.controlledEvaluate(asked))[input.length - 1].next.logits;
            let best = -1, bestValue = -Infinity;
            for (const [token, value] of logits)
                if (value > bestValue || (value === bestValue && token < best)) [best, bestValue] = [token, value];
            ids.push(best);
            input = [best];
        }
    });
    return {ids};
}

function tokenize(text) {
    const ids = model.tokenize(text, true);
    // The binding leaves BOS to its caller; where the text itself begins with one, llama.cpp and the reference library put another before it.
    return model.tokens.shouldPrependBosToken && model.tokens.bos != null ? [model.tokens.bos, ...ids] : [...ids];
}

function compareTokens(file, expected) {
    const ids = fs.readFileSync(file, "utf8").split("\n").filter(line => line !== "").flatMap(line => tokenize(JSON.parse(line).text));
    const differs = expected.findIndex((id, i) => id !== ids[i]);
    return {tokens: ids.length, expected_tokens: expected.length, first_difference: differs < 0 && ids.length === expected.length ? null : differs < 0 ? expected.length : differs};
}

async function withSequence(size, use, of = model) {
    // Room for more than the window: a full context drops its first tokens, which was measured as 3e-4 nats. A 16-bit
    // cache moves logits by 2e-3. One thread: llama.cpp's spin at every barrier, which is slow where others compute.
    const context = await of.createContext({
        contextSize: size + 32, batchSize: size, sequences: 1, flashAttention: false, ignoreMemorySafetyChecks: true, threads: {ideal: 1, min: 1},
        experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
    });
    await use(context.getSequence());
    await context.dispose();
}

async function forEachPosition(sequence, ids, visit) {
    await sequence.clearHistory();
    const output = await sequence.controlledEvaluate(ids.map(id => [id, {generateNext: {logits: true}}]));
    for (let position = 0; position < ids.length; position++)
        visit(position, output[position].next.logits);
}

function nll(logits, target) {
    let highest = -Infinity;
    for (const value of logits.values()) if (value > highest) highest = value;
    let sum = 0;
    for (const value of logits.values()) sum += Math.exp(value - highest);
    return Math.log(sum) + highest - logits.get(target);
}

function logProbabilities(logits) {
    const values = new Float64Array(logits.size);
    for (const [token, value] of logits) values[token] = value;
    const highest = values.reduce((a, b) => Math.max(a, b));
    const sum = Math.log(values.reduce((total, value) => total + Math.exp(value - highest), 0)) + highest;
    return values.map(value => value - sum);
}

function kl(p, q) {
    return p.reduce((total, value, i) => total + Math.exp(value) * (value - q[i]), 0);
}

function readIds(file) {
    if (file === undefined) fail("--ids FILE is missing");
    const bytes = fs.readFileSync(file);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [width, read] = file.endsWith(".u16") ? [2, i => view.getUint16(i, true)] : [4, i => view.getInt32(i, true)];
    return Array.from({length: Math.floor(bytes.byteLength / width)}, (_, i) => read(i * width));
}

function readSafetensors(file, names) {
    const bytes = fs.readFileSync(file);
    const headerLength = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString("utf8"));
    const tensors = [];
    for (const name of names) {
        const {dtype, shape, data_offsets: [begin, end]} = header[name] ?? fail(`${file} holds no ${name}`);
        const part = bytes.subarray(8 + headerLength + begin, 8 + headerLength + end);
        const count = shape.reduce((a, b) => a * b, 1);
        const read = {I64: i => Number(part.readBigInt64LE(i * 8)), F32: i => part.readFloatLE(i * 4), F64: i => part.readDoubleLE(i * 8)}[dtype];
        tensors.push({shape, data: Array.from({length: count}, (_, i) => read(i))});
    }
    return tensors;
}

function readArguments(args) {
    const options = {};
    let model;
    for (let i = 0; i < args.length; i++)
        if (args[i].startsWith("--")) options[args[i].slice(2)] = args[++i];
        else model = args[i];
    if (model === undefined) fail("usage: node judge.mjs MODEL.gguf --ids FILE.i32 [--seq 256] [--windows 16]");
    return {model, options};
}

function fail(message) {
    process.stderr.write(`judge: ${message}\n`);
    process.exit(2);
}
