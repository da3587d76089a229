"""Golden importance scores and pruned checkpoints for a small llama model, in float64, by straightforward code.
usage: pruning.py FOLDER     writes FOLDER/pruning"""
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from common import *
from scores import drop_layers, scores

# sizes of the teacher (h hidden, ff neurons, a query heads, kv key/value heads, hd head width, V vocabulary), and what is kept
P = dict(seed=301, h=48, ff=96, a=8, kv=2, hd=8, layers=6, V=128, keep=dict(h=32, ff=64, a=4))


def teacher(p):
    c = LlamaConfig(
        hidden_size=p['h'],
        intermediate_size=p['ff'],
        num_attention_heads=p['a'],
        num_key_value_heads=p['kv'],
        head_dim=p['hd'],
        num_hidden_layers=p['layers'],
        vocab_size=p['V'],
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        max_position_embeddings=256,
        tie_word_embeddings=False,
    )
    m = init(LlamaForCausalLM(c), p['seed'])
    g = torch.Generator().manual_seed(p['seed'] + 1)
    with torch.no_grad():  # units of different size, so that rankings are clear; a smaller later residual so that layers differ
        for i, b in enumerate(m.model.layers):
            b.mlp.down_proj.weight.mul_(0.5)
            b.self_attn.o_proj.weight.mul_(0.7)
            b.mlp.up_proj.weight.mul_(torch.exp(0.5 * torch.randn(p['ff'], 1, generator=g)))
            b.self_attn.v_proj.weight.mul_(torch.exp(0.4 * torch.randn(p['kv'] * p['hd'], 1, generator=g)))
        m.model.embed_tokens.weight.mul_(torch.exp(0.4 * torch.randn(p['h'], generator=g)))
    return m


def top(score, k):
    return torch.topk(score, k).indices.sort().values  # best k, in original index order


def ranked(score):
    return torch.sort(score, descending=True, stable=True).indices


def choose(t, p, a):
    """Kept units by (batch L2, sequence mean): per layer, the same count of heads in each KV group."""
    n, G = p['layers'], p['a'] // p['kv']
    k = a // p['kv']
    hs = t['head.l2.mean']
    heads = torch.stack([torch.cat([g * G + top(hs[i, g * G : (g + 1) * G], k) for g in range(p['kv'])]) for i in range(n)])
    return dict(
        heads=heads,
        neurons=torch.stack([top(t['neuron.l2.mean'][i], p['keep']['ff']) for i in range(n)]),
        channels=top(t['channel.l2.mean'], p['keep']['h']),
    )


def merged_q(W, hs, p, a):
    """Residual merge of query rows inside each KV group; returns the full q matrix [a0*hd, h] with the kept heads changed.
    1-based ranks r_1..r_L of the group's L heads, K kept: for i = max(1, 2K-L+1)..K: Q[r_i] <- Q[r_i] + (Q[r_i] - Q[r_(2K-i+1)])
    """
    G = p['a'] // p['kv']
    K = a // p['kv']
    assert G <= 2 * K
    q = W.reshape(p['a'], p['hd'], -1)
    out = q.clone()
    for g in range(p['kv']):
        r = (g * G + ranked(hs[g * G : (g + 1) * G])).tolist()
        for i in range(2 * K - G + 1, K + 1):
            out[r[i - 1]] = 2 * q[r[i - 1]] - q[r[2 * K - i]]
    return out.reshape(W.shape)


def prune(m, t, p, heads=None, neurons=None, channels=None, merge=None):
    """A new model with the given kept units (None = all); merge = number of heads kept by the residual merge of queries."""
    c = copy.deepcopy(m.config)
    n, hd = p['layers'], p['hd']
    if heads is not None:
        c.num_attention_heads = heads.shape[1]
    if neurons is not None:
        c.intermediate_size = neurons.shape[1]
    if channels is not None:
        c.hidden_size = len(channels)
    C = channels if channels is not None else torch.arange(p['h'])
    out = {}
    for k, w in m.state_dict().items():
        if '.layers.' in k:
            i = int(k.split('.')[2])
            H = heads[i] if heads is not None else torch.arange(p['a'])
            R = (H[:, None] * hd + torch.arange(hd)).flatten()
            N = neurons[i] if neurons is not None else torch.arange(p['ff'])
            if 'q_proj' in k:
                w = (merged_q(w, t['head.l2.mean'][i], p, merge) if merge else w)[R][:, C]
            elif 'o_proj' in k:
                w = w[:, R][C]
            elif 'k_proj' in k or 'v_proj' in k:
                w = w[:, C]
            elif 'gate_proj' in k or 'up_proj' in k:
                w = w[N][:, C]
            elif 'down_proj' in k:
                w = w[:, N][C]
            else:
                w = w[C]
        elif w.dim() == 2:
            w = w[:, C]
        else:
            w = w[C]
        out[k] = w
    q = LlamaForCausalLM(c)
    assert c.head_dim == hd
    q.load_state_dict(out)
    return q.eval()


def clear_of_units(m, k):
    """The teacher with the columns that read the dropped heads and neurons set to zero."""
    z = copy.deepcopy(m)
    with torch.no_grad():
        for i, b in enumerate(z.model.layers):
            R = torch.ones(P['a'], dtype=bool)
            R[k['heads'][i]] = False
            b.self_attn.o_proj.weight[:, R.repeat_interleave(P['hd'])] = 0
            N = torch.ones(P['ff'], dtype=bool)
            N[k['neurons'][i]] = False
            b.mlp.down_proj.weight[:, N] = 0
    return z


def clear_of_channels(m, channels):
    """The teacher with everything that writes the dropped channels set to zero."""
    z, off = copy.deepcopy(m), torch.ones(P['h'], dtype=bool)
    off[channels] = False
    with torch.no_grad():
        z.model.embed_tokens.weight[:, off] = 0
        for b in z.model.layers:
            b.self_attn.o_proj.weight[off] = 0
            b.mlp.down_proj.weight[off] = 0
    return z


def norm_over(count, m):
    """A float64 copy whose norms take their mean square over that many channels."""

    def rms(self, v):
        return self.weight * v * torch.rsqrt(v.pow(2).sum(-1, keepdim=True) / count + self.variance_epsilon)

    m = exact64(m)
    for module in m.modules():
        if type(module).__name__.endswith('RMSNorm'):
            module.forward = types.MethodType(rms, module)
    return m


def least_gap(s, n):
    """The relative gap between the last kept and the first dropped score: rankings must not hang on rounding."""
    v = s.sort(-1, descending=True).values
    return ((v[..., n - 1] - v[..., n]) / v[..., n - 1]).min().item()


def run(root):
    m = teacher(P)
    e = exact64(m)
    x = ids(P['seed'] + 7, 16, 32, V=P['V'])
    first, keep, lines = x[:4], P['keep'], []
    m.save_pretrained(os.path.join(root, 'teacher'))
    t, r = scores(e, x, P)
    store(os.path.join(root, 'calibration.safetensors'), {'input_ids': x, 'logits_first4': r['logits'][:4]})
    store(os.path.join(root, 'scores.safetensors'), t, f64=('',))
    k = choose(t, P, keep['a'])
    kept = {f'keep.{n}': v for n, v in k.items()}
    heads = least_gap(t['head.l2.mean'].reshape(-1, P['a'] // P['kv']), keep['a'] // P['kv'])
    neurons, channels = least_gap(t['neuron.l2.mean'], keep['ff']), least_gap(t['channel.l2.mean'], keep['h'])
    lines.append(
        f'- least relative gap between last kept and first dropped: heads {heads:.1e}, neurons {neurons:.1e}, channels {channels:.1e}'
    )

    def logits64(model):
        with torch.no_grad():
            return model(input_ids=first, use_cache=False).logits

    def logits(model):
        return logits64(exact64(model))

    def save(name, model, extra):
        d = os.path.join(root, name)
        model.save_pretrained(d)
        y = logits(model)
        loss = ce(exact64(model)(input_ids=x, use_cache=False).logits, x)
        t_d = {'input_ids': first, 'logits': y, 'lm_loss': loss.reshape(1), **extra}
        store(os.path.join(d, 'golden.safetensors'), t_d, f64=('lm_loss',))
        back = AutoModelForCausalLM.from_pretrained(d, dtype=torch.float32)
        diff = (logits(back) - y).abs().max().item()
        assert diff == 0, diff
        lines.append(f'- `{name}/`: LM loss on the calibration batch {loss.item():.6f} (teacher {t["lm_loss.full"].item():.6f})')

    save('width', prune(m, t, P, **k), kept)
    save('width-merge', prune(m, t, P, **k, merge=keep['a']), kept)
    i, by_influence = int(t['lm_loss.drop.2'].argmin()), int(t['block_influence.2'].argmin())
    save('depth', drop_layers(m, (i, i + 1)), {'dropped_layers': torch.tensor([i, i + 1])})
    lines.append(
        f'- `depth/` drops layers {i} and {i + 1} (0-based), the span of 2 with the least LM loss; '
        f'by block influence it would be {by_influence} and the next'
    )

    stages = {'only_' + n: logits(prune(m, t, P, **{n: v})) for n, v in k.items()}
    W = e.state_dict()['model.layers.0.self_attn.q_proj.weight']
    for a in range(P['kv'], P['a'], P['kv']):
        if 2 * a >= P['a']:
            h = choose(t, P, a)['heads']
            stages[f'heads{a}.keep'] = h
            stages[f'heads{a}.plain'] = logits(prune(m, t, P, heads=h))
            stages[f'heads{a}.merge'] = logits(prune(m, t, P, heads=h, merge=a))
            stages[f'heads{a}.merged_q_layer0'] = merged_q(W, t['head.l2.mean'][0], P, a)
    store(os.path.join(root, 'stages.safetensors'), stages)

    sliced = logits(prune(m, t, P, heads=k['heads'], neurons=k['neurons']))
    masked = clear_of_channels(m, k['channels'])
    units = (logits(clear_of_units(m, k)) - sliced).abs().max().item()
    usual = (logits(masked) - stages['only_channels']).abs().max().item()
    kept_only = (logits64(norm_over(keep['h'], masked)) - stages['only_channels']).abs().max().item()
    assert units < 1e-10 and kept_only < 1e-10, (units, kept_only)
    lines.append(
        f'- masked against sliced, largest logit difference: heads and neurons {units:.0e}; channels zeroed with the usual norm '
        f'{usual:.2g}; channels zeroed with the mean square over the kept channels {kept_only:.0e}'
    )

    made = f'hidden {P["h"]}, ffn {P["ff"]}, {P["a"]} query heads, {P["kv"]} KV heads, head_dim {P["hd"]}, {P["layers"]} layers'
    target = f'{keep["a"]} query heads ({keep["a"] // P["kv"]} in each KV group), ffn {keep["ff"]}, hidden {keep["h"]}'
    print('\n'.join(lines))
    teacher_text = f'{made}, vocabulary {P["V"]}, untied'
    write_readme(root, 'pruning', {'NOTES': '\n'.join(lines), 'TEACHER': teacher_text, 'KEEP': target})


if __name__ == '__main__':
    run(folder(sys.argv[1], 'pruning'))
