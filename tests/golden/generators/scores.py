"""Importance scores of a llama model by straightforward code: what the README of tests/golden/pruning defines."""
from common import *

AGG = ('l2', 'mean', 'var')


def agg(x, how, dim):
    if how == 'l2':
        return x.pow(2).sum(dim).sqrt()
    if how == 'mean':
        return x.abs().mean(dim)
    if how == 'var':
        return (x - x.mean(dim, keepdim=True)).pow(2).mean(dim)
    if how == 'varabs':
        return (x.abs() - x.abs().mean(dim, keepdim=True)).pow(2).mean(dim)
    if how == 'varlit':
        return (x - x.abs().mean(dim, keepdim=True)).pow(2).mean(dim)


def both(x, b, s):
    return agg(agg(x, s, 1), b, 0)  # x [batch, sequence, units]: sequence axis first, then batch


def capture(m, x):
    """Activations that the scores need: each [batch, sequence, units]."""
    rec, hooks = {}, []
    for i, b in enumerate(m.model.layers):
        hooks += [
            b.mlp.down_proj.register_forward_pre_hook(lambda mod, a, i=i: rec.__setitem__(('neuron', i), a[0])),
            b.self_attn.o_proj.register_forward_pre_hook(lambda mod, a, i=i: rec.__setitem__(('attn', i), a[0])),
            b.input_layernorm.register_forward_hook(lambda mod, a, o, i=i: rec.__setitem__(('norm', 2 * i), o)),
            b.post_attention_layernorm.register_forward_hook(lambda mod, a, o, i=i: rec.__setitem__(('norm', 2 * i + 1), o)),
            b.register_forward_hook(lambda mod, a, o, i=i: rec.__setitem__(('x', i + 1), o[0] if isinstance(o, tuple) else o)),
        ]
    n = len(m.model.layers)
    hooks += [
        m.model.norm.register_forward_hook(lambda mod, a, o: rec.__setitem__(('norm', 2 * n), o)),
        m.model.embed_tokens.register_forward_hook(lambda mod, a, o: rec.__setitem__(('x', 0), o)),
    ]
    with torch.no_grad():
        rec['logits'] = m(input_ids=x, use_cache=False).logits
    for k in hooks:
        k.remove()
    return rec


def drop_layers(m, gone):
    m = copy.deepcopy(m)
    keep = [b for i, b in enumerate(m.model.layers) if i not in gone]
    for i, b in enumerate(keep):
        b.self_attn.layer_idx = i
    m.model.layers = torch.nn.ModuleList(keep)
    m.config.num_hidden_layers = len(keep)
    return m


def scores(m, x, p):
    n, A, hd = p['layers'], p['a'], p['hd']
    r = capture(m, x)
    t = {}
    head = lambda i: r['attn', i].reshape(*x.shape, A, hd).norm(dim=-1)
    for b in AGG:
        for s in AGG + ('varabs', 'varlit'):
            t[f'neuron.{b}.{s}'] = torch.stack([both(r['neuron', i], b, s) for i in range(n)])
            e = torch.stack([both(r['norm', i], b, s) for i in range(2 * n + 1)])
            t[f'channel_per_norm.{b}.{s}'] = e
            t[f'channel.{b}.{s}'] = e.sum(0)
            if s in AGG:
                t[f'head.{b}.{s}'] = torch.stack([both(head(i), b, s) for i in range(n)])
    cos = lambda a, b: F.cosine_similarity(r['x', a], r['x', b], dim=-1, eps=0.0)
    for w in (1, 2, 3):
        t[f'block_influence.{w}'] = torch.stack([1 - cos(i, i + w).mean() for i in range(n - w + 1)])
    with torch.no_grad():
        t['lm_loss.full'] = ce(r['logits'], x).reshape(1)
        for w in (1, 2):
            ys = [drop_layers(m, range(i, i + w))(input_ids=x, use_cache=False).logits for i in range(n - w + 1)]
            t[f'lm_loss.drop.{w}'] = torch.stack([ce(y, x) for y in ys])
            t[f'logit_mse.drop.{w}'] = torch.stack([(y - r['logits']).pow(2).mean() for y in ys])
    # first order Taylor: L = mean next-token cross-entropy over the whole calibration batch
    g = copy.deepcopy(m)
    ce(g(input_ids=x, use_cache=False).logits, x).backward()
    W = {k: v for k, v in g.named_parameters()}
    ty = {k: (v * v.grad).abs().detach() for k, v in W.items()}
    S = 'model.layers.%d.'
    per = lambda f: torch.stack([f(S % i) for i in range(n)])
    t['taylor.neuron.gate'] = per(lambda q: ty[q + 'mlp.gate_proj.weight'].sum(1))
    t['taylor.neuron.up'] = per(lambda q: ty[q + 'mlp.up_proj.weight'].sum(1))
    t['taylor.neuron.down'] = per(lambda q: ty[q + 'mlp.down_proj.weight'].sum(0))
    t['taylor.neuron'] = t['taylor.neuron.gate'] + t['taylor.neuron.up'] + t['taylor.neuron.down']
    t['taylor.head.q'] = per(lambda q: ty[q + 'self_attn.q_proj.weight'].reshape(A, -1).sum(1))
    t['taylor.head.o'] = per(lambda q: ty[q + 'self_attn.o_proj.weight'].reshape(-1, A, hd).sum((0, 2)))
    t['taylor.head'] = t['taylor.head.q'] + t['taylor.head.o']
    ch = torch.zeros(p['h'], dtype=torch.float64)
    for k, v in ty.items():
        if v.dim() == 1:
            ch += v  # norm weights
        elif k.endswith(('o_proj.weight', 'down_proj.weight')):
            ch += v.sum(1)  # they write the residual stream
        else:
            ch += v.sum(0)  # embeddings, head (once when tied), q, k, v, gate, up read it
    t['taylor.channel'] = ch
    w2 = {k: v.detach().pow(2) for k, v in W.items()}
    sq = {
        'gate': per(lambda q: w2[q + 'mlp.gate_proj.weight'].sum(1)),
        'up': per(lambda q: w2[q + 'mlp.up_proj.weight'].sum(1)),
        'down': per(lambda q: w2[q + 'mlp.down_proj.weight'].sum(0)),
    }
    for k, v in sq.items():
        t['magnitude.neuron.' + k] = v.sqrt()
    t['magnitude.neuron'] = (sq['gate'] + sq['up'] + sq['down']).sqrt()
    return t, r
