// How fast llama.cpp reads a prompt and goes on greedily (CPU, float32 key/value cache), a run for each line on standard input; JSON Lines.
//
//   node speed.mjs MODEL.gguf --prompt 1,5,9 --tokens 64 --threads 1

import {createInterface} from "node:readline";
import {getLlama} from "node-llama-cpp";

const [modelPath, ...rest] = process.argv.slice(2);
const option = name => rest[rest.indexOf(name) + 1];
const prompt = option("--prompt").split(",").map(Number), count = Number(option("--tokens")), threads = Number(option("--threads"));

const llama = await getLlama({gpu: false, build: "never", logLevel: "error", progressLogs: false, maxThreads: threads});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({
    contextSize: prompt.length + count + 32, batchSize: prompt.length, sequences: 1, flashAttention: false, ignoreMemorySafetyChecks: true,
    threads: {ideal: threads, min: threads}, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
});
const sequence = context.getSequence();
print({event: "ready"});
for await (const _ of createInterface({input: process.stdin})) {
    await sequence.clearHistory();
    const ids = [], processor = () => { const {user, system} = process.cpuUsage(); return (user + system) / 1e6; };
    const started = performance.now(), spent = processor();
    let first = 0, firstSpent = 0;
    for await (const id of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
        if (ids.push(id) === 1) [first, firstSpent] = [performance.now(), processor()];
        if (ids.length > count) break;
    }
    print({event: "run", prefill_seconds: (first - started) / 1e3, prefill_processor: firstSpent - spent,
        decode_seconds: (performance.now() - first) / 1e3, decode_processor: processor() - firstSpent, ids});
}
await llama.dispose();
process.exit(0);

function print(line) { process.stdout.write(JSON.stringify(line) + "\n"); }
