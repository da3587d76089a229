// What stands where other layers have attention, by the definition, in float64: Mamba-2 (Nemotron-H) and the gated delta rule (Qwen3.5,
// Qwen3-Next), position by position. Of use to forward.mjs, whose `linear` rounds what is to be rounded; convolutions, states and norms are
// float32 in GGUF files and not rounded.

const sigmoid = x => 1 / (1 + Math.exp(-x)), silu = x => x * sigmoid(x), softplus = x => x > 20 ? x : Math.log1p(Math.exp(x));

// A causal convolution of each channel, [channels, 1, taps], then SiLU: what the first positions do not have is zero.
function convolved(rows, weight, bias) {
    const taps = weight.shape.at(-1);
    return rows.map((_, t) => Float64Array.from({length: weight.shape[0]}, (_, c) => {
        let sum = bias?.data[c] ?? 0;
        for (let j = 0; j < taps; j++) if (t - taps + 1 + j >= 0) sum += weight.data[c * taps + j] * rows[t - taps + 1 + j][c];
        return silu(sum);
    }));
}

function normed(x, weight, epsilon) {
    const root = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + epsilon);
    return x.map((value, i) => value / root * weight[i]);
}

// arXiv 2405.21060: z, x, B, C and dt of one projection; h = exp(dt A) h + dt x B, y = C h + D x; the gate before the norm of each group.
export function mamba(at, xs, config, weights, linear) {
    const [M, P, G, S] = [config.mamba_num_heads, config.mamba_head_dim, config.n_groups, config.ssm_state_size], I = M * P;
    const of = name => weights[`${at}.${name}`], A = of("A_log").data.map(x => -Math.exp(x)), epsilon = config.layer_norm_epsilon;
    const all = xs.map(x => linear(`${at}.in_proj`, x));
    const mixed = convolved(all.map(row => row.slice(I, 2 * I + 2 * G * S)), of("conv1d.weight"), of("conv1d.bias"));
    const states = Array.from({length: M}, () => new Float64Array(P * S));
    return xs.map((_, t) => {
        const y = new Float64Array(I), row = mixed[t];
        for (let m = 0; m < M; m++) {
            const group = I + Math.floor(m / (M / G)) * S, dt = softplus(all[t][2 * I + 2 * G * S + m] + of("dt_bias").data[m]);
            const decay = Math.exp(dt * A[m]), state = states[m];
            for (let p = 0; p < P; p++) {
                const x = row[m * P + p];
                for (let s = 0; s < S; s++) {
                    state[p * S + s] = state[p * S + s] * decay + dt * x * row[group + s];
                    y[m * P + p] += row[group + G * S + s] * state[p * S + s];
                }
                y[m * P + p] = (y[m * P + p] + of("D").data[m] * x) * silu(all[t][m * P + p]);
            }
        }
        const scale = of("norm.weight").data, width = I / G;
        const groups = Array.from({length: G}, (_, g) => [...normed(y.slice(g * width, (g + 1) * width), scale.slice(g * width, (g + 1) * width), epsilon)]);
        return linear(`${at}.out_proj`, Float64Array.from(groups.flat()));
    });
}

// arXiv 2412.06464: S = exp(g) S, S += k β (v − Sᵀ k), y = Sᵀ q, with q and k of length one; the norm of each head before the gate.
export function delta(at, xs, config, weights, linear) {
    const [N, M, S, P] = [config.linear_num_key_heads, config.linear_num_value_heads, config.linear_key_head_dim, config.linear_value_head_dim];
    const of = name => weights[`${at}.${name}`], each = M / N, rows = xs.map(x => parted(x));
    const mixed = convolved(rows.map(row => row.mixed), of("conv1d.weight"));
    const states = Array.from({length: M}, () => new Float64Array(S * P));
    return xs.map((_, t) => {
        const y = new Float64Array(M * P);
        for (let m = 0; m < M; m++) {
            const head = Math.floor(m / each), state = states[m];
            const [q, k] = [0, N * S].map(first => unit(mixed[t].slice(first + head * S, first + head * S + S)));
            const decay = Math.exp(-Math.exp(of("A_log").data[m]) * softplus(rows[t].a[m] + of("dt_bias").data[m])), beta = sigmoid(rows[t].b[m]);
            const out = new Float64Array(P);
            for (let p = 0; p < P; p++) {
                let seen = 0;
                for (let s = 0; s < S; s++) seen += (state[s * P + p] *= decay) * k[s];
                const written = (mixed[t][2 * N * S + m * P + p] - seen) * beta;
                for (let s = 0; s < S; s++) out[p] += (state[s * P + p] += k[s] * written) * q[s] / Math.sqrt(S);
            }
            normed(out, of("norm.weight").data, config.rms_norm_eps).forEach((value, p) => { y[m * P + p] = value * silu(rows[t].z[m * P + p]); });
        }
        return linear(`${at}.out_proj`, y);
    });

    // Queries, keys and values side by side, the gate z, and b and a of each value head. Qwen3-Next has them key head by key head.
    function parted(x) {
        if (of("in_proj_qkv.weight"))
            return {mixed: linear(`${at}.in_proj_qkv`, x), z: linear(`${at}.in_proj_z`, x), b: linear(`${at}.in_proj_b`, x), a: linear(`${at}.in_proj_a`, x)};
        const [whole, small] = [linear(`${at}.in_proj_qkvz`, x), linear(`${at}.in_proj_ba`, x)], width = 2 * S + 2 * each * P;
        const take = (from, step, first, count) => Float64Array.from({length: N * count}, (_, i) => from[Math.floor(i / count) * step + first + i % count]);
        return {
            mixed: Float64Array.from([take(whole, width, 0, S), take(whole, width, S, S), take(whole, width, 2 * S, each * P)].flatMap(part => [...part])),
            z: take(whole, width, 2 * S + each * P, each * P), b: take(small, 2 * each, 0, each), a: take(small, 2 * each, each, each),
        };
    }

    function unit(x) {
        const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) + 1e-6);
        return x.map(value => value / length);
    }
}
