"""A decoder in numpy, written from the definitions, without torch and transformers: what verify.py holds the goldens against."""
import glob
import json
import math
import struct

import numpy as np


def read(path):
    b = open(path, 'rb').read()
    n = struct.unpack('<Q', b[:8])[0]
    h = json.loads(b[8 : 8 + n])
    h.pop('__metadata__', None)
    out = {}
    for k, v in h.items():
        raw = b[8 + n + v['data_offsets'][0] : 8 + n + v['data_offsets'][1]]
        a = np.frombuffer(raw, {'F64': '<f8', 'F32': '<f4', 'I64': '<i8'}[v['dtype']]).reshape(v['shape'])
        out[k] = a if v['dtype'] == 'I64' else a.astype(np.float64)
    return out


def weights(d):
    W = {}
    for f in glob.glob(d + '/model*.safetensors'):
        W.update(read(f))
    return json.load(open(d + '/config.json')), W


def softmax(s):
    s = np.exp(s - s.max(-1, keepdims=True))
    return s / s.sum(-1, keepdims=True)


def logsoft(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def silu(z):
    return z / (1 + np.exp(-z))


def gelu(z):
    return z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))


def clamped(gate, up, limit):
    gate, up = np.minimum(gate, limit), np.clip(up, -limit, limit)
    return (up + 1) * gate / (1 + np.exp(-1.702 * gate))


def capped(z, cap):
    return cap * np.tanh(z / cap) if cap else z


class Model:
    def __init__(self, c, W):
        self.c, self.W = c, W
        self.H, self.K = c['num_attention_heads'], c.get('num_key_value_heads') or c['num_attention_heads']
        self.D = c.get('head_dim') or c['hidden_size'] // self.H
        self.type = c['model_type']
        self.eps = next(c[name] for name in ('norm_eps', 'norm_epsilon', 'layer_norm_eps', 'rms_norm_eps') if name in c)
        # transformers 5 writes one dictionary for what were fields of their own, or one for each kind of layer
        rotary = c.get('rope_parameters') or c
        kinds = {kind: fields for kind, fields in rotary.items() if isinstance(fields, dict) and kind.endswith('_attention')}
        self.turns = {kind: self.rotary(fields) for kind, fields in (kinds or {None: rotary}).items()}
        if self.type == 'olmo3':
            # layers with a window are not scaled
            plain = {**rotary, 'rope_type': 'default'}
            self.turns = {'full_attention': self.turns[None], 'sliding_attention': self.rotary(plain)}

    def rotary(self, rotary):
        """Inverse frequencies, and what cos and sin are multiplied by."""
        c = self.c
        R = self.R = int(self.D * (rotary.get('partial_rotary_factor') or c.get('partial_rotary_factor', 1.0)))
        inv = [rotary['rope_theta'] ** (-2 * i / R) for i in range(R // 2)]
        s, amplitude = c.get('rope_scaling') or rotary, 1.0
        if s.get('rope_type') == 'linear':
            inv = [v / s['factor'] for v in inv]
        if s.get('rope_type') == 'yarn':
            old, f = s['original_max_position_embeddings'], s['factor']
            entry = lambda times: R * math.log(old / (times * 2 * math.pi)) / (2 * math.log(rotary['rope_theta']))
            floor, ceil = (math.floor, math.ceil) if s.get('truncate', True) else (float, float)
            low, high = max(floor(entry(s['beta_fast'])), 0), min(ceil(entry(s['beta_slow'])), R - 1)
            ramp = [min(max((i - low) / max(high - low, 0.001), 0), 1) for i in range(R // 2)]
            inv = [v * (t / f + 1 - t) for v, t in zip(inv, ramp)]
            amplitude = s.get('attention_factor') or 0.1 * math.log(f) + 1
        if s.get('rope_type') == 'llama3':
            old, lo, hi, f = s['original_max_position_embeddings'], s['low_freq_factor'], s['high_freq_factor'], s['factor']
            o = []
            for v in inv:
                w = 2 * math.pi / v
                t = (old / w - lo) / (hi - lo)
                o.append(v / f if w > old / lo else v if w < old / hi else v * ((1 - t) / f + t))
            inv = o
        return np.array(inv), amplitude

    def lin(self, x, n):
        y = x @ self.W[n + '.weight'].T
        return y + self.W[n + '.bias'] if n + '.bias' in self.W else y

    def norm(self, x, n):
        w = self.W[n + '.weight']
        if self.type in ('nemotron', 'stablelm', 'starcoder2'):
            m = x.mean(-1, keepdims=True)
            return (x - m) / np.sqrt(((x - m) ** 2).mean(-1, keepdims=True) + self.eps) * (w + 1 if self.type == 'nemotron' else w) + self.W[n + '.bias']
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.eps) * (w + 1 if self.type.startswith('gemma') else w)

    def rope(self, t, kind):
        inv, amplitude = self.turns[kind if kind in self.turns else None]
        s = self.c.get('rope_parameters', {})
        if s.get('rope_type') == 'longrope':
            old = s['original_max_position_embeddings']
            inv = inv / np.array(s['long_factor' if t.shape[1] > old else 'short_factor'])
            amplitude = math.sqrt(1 + math.log(self.c['max_position_embeddings'] / old) / math.log(old))
        a = np.arange(t.shape[1])[:, None] * inv
        co, si = np.cos(a)[None, :, None] * amplitude, np.sin(a)[None, :, None] * amplitude
        h = self.R // 2
        u, v, r = t[..., :h], t[..., h : self.R], t[..., self.R :]
        return np.concatenate([u * co - v * si, v * co + u * si, r], -1)

    def experts(self, y, P, l):
        """A mixture of experts, token by token and expert by expert; self.rec keeps choice, weights and what experts give."""
        c, router = self.c, P + {'mixtral': 'block_sparse_moe.gate', 'gpt_oss': 'mlp.router'}.get(self.type, 'mlp.gate')
        E, K = self.W[router + '.weight'].shape[0], c['num_experts_per_tok']
        names = [P + (f'block_sparse_moe.experts.{{}}.{n}' if self.type == 'mixtral' else f'mlp.experts.{{}}.{m}_proj') for n, m in (('w1', 'gate'), ('w3', 'up'), ('w2', 'down'))]
        z = self.lin(y, router)
        p = softmax(z)
        chosen = np.argsort(-z, -1, kind='stable')[..., :K]
        weight = np.zeros_like(p)
        np.put_along_axis(weight, chosen, np.take_along_axis(p, chosen, -1), -1)
        if self.type in ('mixtral', 'gpt_oss') or c.get('norm_topk_prob'):
            weight /= weight.sum(-1, keepdims=True)
        out, inner, norms = np.zeros_like(y), [], np.zeros_like(p)
        for e in range(E):
            if self.type == 'gpt_oss':
                # all experts in one tensor, gate and up taking turns, and matrices the other way round
                own = lambda x, n: x @ self.W[P + f'mlp.experts.{n}'][e] + self.W[P + f'mlp.experts.{n}_bias'][e]
                both = own(y, 'gate_up_proj')
                a = clamped(both[..., ::2], both[..., 1::2], 7)
                d = own(a, 'down_proj')
            else:
                a = silu(self.lin(y, names[0].format(e))) * self.lin(y, names[1].format(e))
                d = self.lin(a, names[2].format(e))
            out += weight[..., e, None] * d
            inner.append(a * (weight[..., e, None] > 0))
            norms[..., e] = weight[..., e] * np.sqrt((d * d).sum(-1))
        self.rec['router logits', l] = z
        self.rec['router', l], self.rec['expert', l], self.rec['expert neuron', l] = weight, norms, np.stack(inner, 2)
        return out

    def forward(self, ids, layers=None):
        """Logits [B, T, V]; self.rec keeps the activations."""
        B, T = ids.shape
        H, K, D = self.H, self.K, self.D
        # Granite's multipliers and Gemma-2's; the others have none of these
        c = self.c
        gemma = self.type.startswith('gemma')
        x = self.W['model.embed_tokens.weight'][ids] * (math.sqrt(c['hidden_size']) if gemma else c.get('embedding_multiplier', 1))
        scale = c.get('attention_multiplier', 1 / math.sqrt(c.get('query_pre_attn_scalar', D)))
        half = c.get('residual_multiplier', 1)
        rec = self.rec = {'embed': x}
        causal = np.triu(np.full((T, T), -np.inf), 1)
        near = causal + np.tril(np.full((T, T), -np.inf), -c['sliding_window']) if c.get('sliding_window') else causal
        for l in range(self.c['num_hidden_layers']) if layers is None else layers:
            P = f'model.layers.{l}.'
            kind = c['layer_types'][l] if 'layer_types' in c else None
            mask = near if self.type in ('phi3', 'starcoder2') and c.get('sliding_window') or kind == 'sliding_attention' else causal
            olmo = self.type in ('olmo2', 'olmo3')
            before, after = not olmo, olmo or gemma
            y = rec['norm', 2 * l] = self.norm(x, P + 'input_layernorm') if before else x
            if self.type == 'phi3':
                q, k, v = np.split(self.lin(y, P + 'self_attn.qkv_proj'), [H * D, (H + K) * D], -1)
            else:
                q, k, v = (self.lin(y, P + f'self_attn.{s}_proj') for s in 'qkv')
            if not before or self.type == 'olmoe':
                q, k = self.norm(q, P + 'self_attn.q_norm'), self.norm(k, P + 'self_attn.k_norm')
            q, k, v = (t.reshape(B, T, -1, D) for t in (q, k, v))
            if self.type in ('qwen3', 'qwen3_moe', 'gemma3_text'):
                q, k = self.norm(q, P + 'self_attn.q_norm'), self.norm(k, P + 'self_attn.k_norm')
            if self.type != 'smollm3' or c['no_rope_layers'][l]:
                q, k = self.rope(q, kind), self.rope(k, kind)
            k, v = np.repeat(k, H // K, 2), np.repeat(v, H // K, 2)
            s = capped(np.einsum('bihd,bjhd->bhij', q, k) * scale, c.get('attn_logit_softcapping'))
            s = s + mask
            if P + 'self_attn.sinks' in self.W:
                # one more score of each head, whose probability goes nowhere
                sinks = np.broadcast_to(self.W[P + 'self_attn.sinks'][:, None, None], (B, H, T, 1))
                s = softmax(np.concatenate([s, sinks], -1))[..., :-1]
            else:
                s = softmax(s)
            o = np.einsum('bhij,bjhd->bihd', s, v)
            rec['attn', l] = o
            o = self.lin(o.reshape(B, T, H * D), P + 'self_attn.o_proj')
            x = x + half * (self.norm(o, P + 'post_attention_layernorm') if after else o)
            norm = P + ('pre_feedforward_layernorm' if gemma else 'post_attention_layernorm')
            y = rec['norm', 2 * l + 1] = self.norm(x, norm) if before else x
            if P + 'mlp.up_proj.weight' not in self.W and self.type not in ('phi3', 'starcoder2'):
                a = self.experts(y, P, l)
            else:
                if self.type == 'phi3':
                    gate, up = np.split(self.lin(y, P + 'mlp.gate_up_proj'), 2, -1)
                else:
                    up = self.lin(y, P + ('mlp.c_fc' if self.type == 'starcoder2' else 'mlp.up_proj'))
                if self.type == 'nemotron':
                    a = np.maximum(up, 0) ** 2
                elif self.type == 'starcoder2':
                    a = gelu(up)
                else:
                    gate = gate if self.type == 'phi3' else self.lin(y, P + 'mlp.gate_proj')
                    a = (gelu if gemma else silu)(gate) * up
                rec['neuron', l] = a
                a = self.lin(a, P + ('mlp.c_proj' if self.type == 'starcoder2' else 'mlp.down_proj'))
            x = x + half * (self.norm(a, P + 'post_feedforward_layernorm') if after else a)
            rec['block', l] = x
        f = rec['final'] = self.norm(x, 'model.norm')
        y = f @ self.W.get('lm_head.weight', self.W['model.embed_tokens.weight']).T / c.get('logits_scaling', 1)
        return capped(y, c.get('final_logit_softcapping'))


def ce(y, ids):
    return -np.take_along_axis(logsoft(y[:, :-1]), ids[:, 1:, None], -1).mean()


def dmax(a, b):
    return float(np.abs(a - b).max())
