// llama.cpp's speed on a GGUF file, in step with another program: bench/Espalier.Benchmarks decode.
//
//   node speed.mjs MODEL.gguf --threads 1 --prompt 256 --tokens 64
//
// Says {"event":"ready"}; then, for each line on stdin, takes a prompt of so many ids in and continues it greedily by so many tokens, and prints
// seconds by the clock and by the processors (all threads of this process) of both. Float32 key/value cache; choosing the id is llama.cpp's own, the
// loop over tokens is node's.

import readline from "node:readline";
import {getLlama} from "node-llama-cpp";

const [modelPath, ...rest] = process.argv.slice(2);
const option = (name, byDefault) => rest.includes(`--${name}`) ? Number(rest[rest.indexOf(`--${name}`) + 1]) : byDefault;
const [threads, prompt, tokens] = [option("threads", 1), option("prompt", 256), option("tokens", 64)];

const llama = await getLlama({gpu: false, build: "never", logLevel: "error", progressLogs: false, maxThreads: threads});
const model = await llama.loadModel({modelPath, gpuLayers: 0});
const context = await model.createContext({
    contextSize: prompt + tokens + 64, batchSize: Math.max(prompt, 32), sequences: 1, flashAttention: rest.includes("--flash"), ignoreMemorySafetyChecks: true,
    threads: {ideal: threads, min: threads}, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
});
const sequence = context.getSequence();
const ids = Array.from({length: prompt}, (_, i) => 3 + (i * 37) % 1000);

async function timed(act) {
    const [cpu, wall] = [process.cpuUsage(), performance.now()];
    await act();
    const used = process.cpuUsage(cpu);
    return {wall: (performance.now() - wall) / 1e3, cpu: (used.user + used.system) / 1e6};
}

console.log(JSON.stringify({event: "ready"}));
for await (const _ of readline.createInterface({input: process.stdin})) {
    await sequence.clearHistory();
    const prefill = await timed(() => sequence.evaluateWithoutGeneratingNewTokens(ids));
    const made = [];
    const decode = await timed(async () => {
        for await (const id of sequence.evaluate([7], {temperature: 0, yieldEogToken: true})) {
            made.push(id);
            if (made.length === tokens) break;
        }
    });
    console.log(JSON.stringify({event: "speed", prefill, decode, ids: made}));
}
await llama.dispose();
process.exit(0);
