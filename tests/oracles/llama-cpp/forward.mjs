// Logits of a small model by the definition, in float64 and with whatever is to be rounded rounded: Gemma 2 and 3, StarCoder2, Llama,
// Mistral, Mixtral, Qwen2, Qwen3, Qwen3.5, Qwen3-Next and Nemotron-H from a Hugging Face folder. Nothing of Espalier or of llama.cpp is used.

import fs from "node:fs";
import path from "node:path";
import {delta, mamba} from "./mixers.mjs";

export function load(folder) {
    // As Python writes numbers without end.
    const text = fs.readFileSync(path.join(folder, "config.json"), "utf8").replace(/\bInfinity\b/g, "1e999");
    return {config: JSON.parse(text), weights: tensors(path.join(folder, "model.safetensors"))};
}

// The tensors of a safetensors file by name: {shape, data}, data as float64 (float32, float64, int64).
export function tensors(file) {
    const bytes = fs.readFileSync(file), length = Number(bytes.readBigUInt64LE(0)), found = {};
    const {__metadata__, ...header} = JSON.parse(bytes.subarray(8, 8 + length).toString("utf8"));
    for (const [name, {dtype, shape, data_offsets: [begin, end]}] of Object.entries(header)) {
        const part = bytes.subarray(8 + length + begin, 8 + length + end);
        const read = {I64: i => Number(part.readBigInt64LE(i * 8)), F32: i => part.readFloatLE(i * 4), F64: i => part.readDoubleLE(i * 8)}[dtype];
        found[name] = {shape, data: Float64Array.from({length: shape.reduce((a, b) => a * b, 1)}, (_, i) => read(i))};
    }
    return found;
}

// The nearest number with so many bits of fraction, ties to even; `least` is the exponent below which they become fewer (float16: -14).
export function rounder(bits, least) {
    return x => {
        if (x === 0 || !Number.isFinite(x)) return x;
        const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), least), unit = 2 ** (exponent - bits), steps = x / unit;
        const low = Math.floor(steps), rest = steps - low;
        return (rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low) * unit;
    };
}

export const float16 = rounder(10, -14), bfloat16 = rounder(7, -126);

// Blocks of 32 of a row, each of whole numbers up to 127 times a float16 (ggml-quants.c, quantize_row_q8_0).
export function q8(row) {
    const out = new Float64Array(row.length);
    for (let i = 0; i < row.length; i += 32) {
        const block = row.slice(i, i + 32), most = block.reduce((a, b) => Math.max(a, Math.abs(b)), 0), step = Math.fround(Math.fround(most) / 127);
        block.forEach((value, j) => { out[i + j] = step === 0 ? 0 : Math.round(value / step) * float16(step); });
    }
    return out;
}

export const gelu = x => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * x * (1 + 0.044715 * x * x)));

// llama.cpp on a CPU (ggml-cpu/vec.h, GGML_GELU_FP16): between -10 and 10 a table from float16 to float16, computed in float32.
export const geluOfTable = x => x <= -10 ? 0 : x >= 10 ? x : float16(geluOfFloat32(float16(x)));

function geluOfFloat32(x) {
    const round = Math.fround, cubic = round(1 + round(round(round(0.044715) * x) * x));
    return round(round(0.5 * x) * round(1 + round(Math.tanh(round(round(round(Math.sqrt(2 / Math.PI)) * x) * cubic)))));
}

// Logits of every position, [position][id]. `rounding` may have: gelu, the function; weight and input, which round rows of the matrices and
// what is multiplied by them.
export function forward({config, weights}, ids, rounding = {}) {
    const same = row => row, weight = rounding.weight ?? same, input = rounding.input ?? same, activate = rounding.gelu ?? gelu;
    const gemma = config.model_type.startsWith("gemma"), hasBias = config.model_type === "starcoder2", hybrid = config.model_type === "nemotron_h";
    const lessOne = gemma || config.linear_key_head_dim > 0;
    const N = config.num_attention_heads, K = config.num_key_value_heads, H = config.head_dim ?? config.hidden_size / N;
    const epsilon = config.rms_norm_eps ?? config.norm_epsilon ?? config.layer_norm_epsilon;
    const rounded = new Map();
    const matrix = name => {
        const {data, shape} = weights[name], columns = shape.at(-1);
        if (!rounded.has(name)) {
            const values = new Float64Array(data.length);
            for (let at = 0; at < data.length; at += columns) values.set(weight(data.slice(at, at + columns)), at);
            rounded.set(name, values);
        }
        return {data: rounded.get(name), shape};
    };
    const linear = (name, x) => {
        const {data, shape: [rows, columns]} = matrix(`${name}.weight`), bias = weights[`${name}.bias`]?.data, from = input(x);
        return Float64Array.from({length: rows}, (_, r) => {
            let sum = 0;
            for (let c = 0; c < columns; c++) sum += data[r * columns + c] * from[c];
            return sum + (bias?.[r] ?? 0);
        });
    };
    const norm = (name, x) => {
        const scale = weights[`${name}.weight`].data, bias = weights[`${name}.bias`]?.data;
        const mean = hasBias ? x.reduce((a, b) => a + b, 0) / x.length : 0;
        const root = Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length + epsilon);
        return x.map((value, i) => (value - mean) / root * (lessOne ? 1 + scale[i] : scale[i]) + (bias?.[i] ?? 0));
    };
    const add = (a, b) => a.map((value, i) => value + b[i]);

    const table = ["model.embed_tokens", "backbone.embedding", "backbone.embeddings"].find(name => weights[`${name}.weight`]), embedding = matrix(`${table}.weight`), D = embedding.shape[1];
    let stream = ids.map(id => embedding.data.slice(id * D, id * D + D).map(x => gemma ? x * Math.sqrt(D) : x));
    for (let l = 0; l < (config.num_hidden_layers ?? config.layers_block_type.length); l++) {
        if (hybrid) {
            const at = `backbone.layers.${l}`, own = half(`${at}.mixer`, stream.map(x => norm(`${at}.norm`, x)));
            stream = stream.map((x, t) => add(x, own[t]));
            continue;
        }
        const at = `model.layers.${l}`, kind = config.layer_types?.[l] ?? "full_attention";
        const mixer = kind === "linear_attention" ? xs => delta(`${at}.linear_attn`, xs, config, weights, linear) : xs => attention(`${at}.self_attn`, kind, xs);
        const attended = mixer(stream.map(x => norm(`${at}.input_layernorm`, x)));
        stream = stream.map((x, t) => add(x, gemma ? norm(`${at}.post_attention_layernorm`, attended[t]) : attended[t]));
        stream = stream.map(x => {
            const y = feedForward(at, norm(gemma ? `${at}.pre_feedforward_layernorm` : `${at}.post_attention_layernorm`, x));
            return add(x, gemma ? norm(`${at}.post_feedforward_layernorm`, y) : y);
        });
    }
    const cap = config.final_logit_softcapping;
    return stream.map(x => {
        const logits = linear(weights["lm_head.weight"] ? "lm_head" : table, norm(hybrid ? "backbone.norm_f" : "model.norm", x));
        return cap ? logits.map(value => cap * Math.tanh(value / cap)) : logits;
    });

    // A block that is one half alone.
    function half(at, xs) {
        if (weights[`${at}.A_log`]) return mamba(at, xs, config, weights, linear);
        if (weights[`${at}.q_proj.weight`]) return attention(at, "full_attention", xs);
        return xs.map(x => linear(`${at}.down_proj`, linear(`${at}.up_proj`, x).map(value => Math.max(value, 0) ** 2)));
    }

    function attention(at, kind, xs) {
        const rope = config.rope_parameters?.[kind] ?? config.rope_parameters ?? config, factor = rope.rope_type === "linear" ? rope.factor : 1;
        const window = config.sliding_window && (kind === "sliding_attention" || !config.layer_types) ? config.sliding_window : Infinity;
        const R = hybrid ? 0 : H * (rope.partial_rotary_factor ?? 1);
        // With a gate each query head is followed by its own.
        const projected = name => xs.map(x => linear(`${at}.${name}_proj`, x)), queries = projected("q"), step = queries[0].length / N;
        const turned = (rows, count, width, normed) => rows.map((all, t) => Array.from({length: count}, (_, n) => {
            let head = all.slice(n * width, n * width + H);
            if (weights[`${at}.${normed}.weight`]) head = norm(`${at}.${normed}`, head);
            return head.map((value, i) => {
                if (i >= R) return value;
                const angle = t / factor * rope.rope_theta ** (-2 * (i % (R / 2)) / R), other = i < R / 2 ? -head[i + R / 2] : head[i - R / 2];
                return value * Math.cos(angle) + other * Math.sin(angle);
            });
        }));
        const q = turned(queries, N, step, "q_norm"), k = turned(projected("k"), K, H, "k_norm"), v = projected("v");
        const scale = (config.query_pre_attn_scalar ?? H) ** -0.5, cap = config.attn_logit_softcapping;
        return xs.map((_, t) => {
            const joined = new Float64Array(N * H);
            for (let n = 0; n < N; n++) {
                const of = Math.floor(n / (N / K)), first = Math.max(0, t - window + 1);
                const scores = Array.from({length: t - first + 1}, (_, s) => {
                    const score = scale * q[t][n].reduce((sum, value, i) => sum + value * k[first + s][of][i], 0);
                    return cap ? cap * Math.tanh(score / cap) : score;
                });
                const most = Math.max(...scores), shares = scores.map(score => Math.exp(score - most)), sum = shares.reduce((a, b) => a + b, 0);
                shares.forEach((share, s) => {
                    for (let i = 0; i < H; i++) joined[n * H + i] += share / sum * v[first + s][of * H + i];
                });
            }
            const gate = (n, i) => step === H ? 1 : 1 / (1 + Math.exp(-queries[t][n * step + H + i]));
            return linear(`${at}.o_proj`, joined.map((value, at) => value * gate(Math.floor(at / H), at % H)));
        });
    }

    function feedForward(at, x) {
        if (weights[`${at}.mlp.c_fc.weight`]) return linear(`${at}.mlp.c_proj`, linear(`${at}.mlp.c_fc`, x).map(activate));
        const names = ["gate_proj", "up_proj", "down_proj"], router = weights[`${at}.mlp.gate.weight`] ? `${at}.mlp.gate` : `${at}.block_sparse_moe.gate`;
        if (!weights[`${router}.weight`]) return gated(...names.map(name => `${at}.mlp.${name}`), x);
        const scores = linearExact(router, x), most = Math.max(...scores);
        const chosen = [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, config.num_experts_per_tok);
        const sum = (config.norm_topk_prob === false ? [...scores.keys()] : chosen).reduce((total, e) => total + Math.exp(scores[e] - most), 0);
        const expert = e => router.endsWith("mlp.gate") ? names.map(name => `${at}.mlp.experts.${e}.${name}`)
            : ["w1", "w3", "w2"].map(w => `${at}.block_sparse_moe.experts.${e}.${w}`);
        const all = chosen.map(e => gated(...expert(e), x).map(value => value * Math.exp(scores[e] - most) / sum)).reduce(add);
        if (!weights[`${at}.mlp.shared_expert_gate.weight`]) return all;
        const share = 1 / (1 + Math.exp(-linearExact(`${at}.mlp.shared_expert_gate`, x)[0]));
        return add(all, gated(...names.map(name => `${at}.mlp.shared_expert.${name}`), x).map(value => value * share));
    }

    function gated(gate, up, down, x) {
        const act = gemma ? activate : value => value / (1 + Math.exp(-value)), open = linear(gate, x), values = linear(up, x);
        return linear(down, open.map((value, i) => act(value) * values[i]));
    }

    // Routers stay float32 in GGUF files.
    function linearExact(name, x) {
        const {data, shape: [rows, columns]} = weights[`${name}.weight`];
        return Float64Array.from({length: rows}, (_, r) => x.reduce((sum, value, c) => sum + data[r * columns + c] * value, 0));
    }
}
