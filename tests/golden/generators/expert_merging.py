"""Experts that go merged into those that stay, in numpy: what experts.py writes beside the scores.
The groups are those of M-SMoE (arXiv 2310.01334): the nearest by router logits, in proportion to the mass that the router gives."""
import numpy as np


def assignment(gains):
    """The column of each row so that the gains add up to the most: the Hungarian method with potentials, row by row."""
    cost, n = -gains, len(gains)
    u, v, row_of, way = np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1, int), np.zeros(n + 1, int)
    for i in range(1, n + 1):
        row_of[0], j = i, 0
        least, used = np.full(n + 1, np.inf), np.zeros(n + 1, bool)
        while row_of[j]:
            used[j] = True
            now = cost[row_of[j] - 1] - u[row_of[j]] - v[1:]
            closer = ~used[1:] & (now < least[1:])
            least[1:][closer], way[1:][closer] = now[closer], j
            k = 1 + int(np.argmin(np.where(used[1:], np.inf, least[1:])))
            d = least[k]
            u[row_of[used]] += d
            v[used] -= d
            least[~used] -= d
            j = k
        while j:
            row_of[j], j = row_of[way[j]], way[j]
    return np.argsort(row_of[1:] - 1)


def names(config, layer):
    """The router, and of an expert gate, up and down."""
    p = f'model.layers.{layer}.'
    if config['model_type'] == 'mixtral':
        return p + 'block_sparse_moe.gate.weight', [p + f'block_sparse_moe.experts.%d.{m}.weight' for m in ('w1', 'w3', 'w2')]
    router = 'mlp.router.weight' if config['model_type'] == 'gpt_oss' else 'mlp.gate.weight'
    return p + router, [p + f'mlp.experts.%d.{m}_proj.weight' for m in ('gate', 'up', 'down')]


def apart(config, W, layer):
    """GPT-OSS's experts, which are one tensor of each kind, as matrices and biases of their own, with the names of the others."""
    p, out = f'model.layers.{layer}.mlp.experts.', {}
    for e in range(len(W[p + 'down_proj'])):
        both, bias = W[p + 'gate_up_proj'][e].T, W[p + 'gate_up_proj_bias'][e]
        for at, m in enumerate(('gate', 'up')):
            out |= {f'{p}{e}.{m}_proj.weight': both[at::2], f'{p}{e}.{m}_proj.bias': bias[at::2]}
        out |= {f'{p}{e}.down_proj.weight': W[p + 'down_proj'][e].T, f'{p}{e}.down_proj.bias': W[p + 'down_proj_bias'][e]}
    return out


def together(config, out, layer, experts):
    """The way back."""
    p = f'model.layers.{layer}.mlp.experts.'
    turned = lambda e, end: np.stack([out[f'{p}{e}.{m}_proj.{end}'] for m in ('gate', 'up')], 1).reshape(-1, *out[f'{p}{e}.gate_proj.{end}'].shape[1:])
    stack = lambda of: np.stack([of(e) for e in range(experts)])
    return {
        p + 'gate_up_proj': stack(lambda e: turned(e, 'weight').T),
        p + 'gate_up_proj_bias': stack(lambda e: turned(e, 'bias')),
        p + 'down_proj': stack(lambda e: out[f'{p}{e}.down_proj.weight'].T),
        p + 'down_proj_bias': stack(lambda e: out[f'{p}{e}.down_proj.bias']),
    }


def routing(model, layer):
    """The mean weight of each expert, and the cosines of their logits less the mean over experts."""
    z = model.rec['router logits', layer]
    z = (z - z.mean(-1, keepdims=True)).reshape(-1, z.shape[-1])
    length = np.sqrt((z * z).sum(0))
    return model.rec['router', layer].mean((0, 1)), z.T @ z / length / length[:, None]


def merge(config, W, layer, kept, mass, nearness):
    """The weights of a layer with the experts of kept alone, and [[stays, goes]], [share], [neurons of the one that goes]."""
    router, matrices = names(config, layer)
    stacked = config['model_type'] == 'gpt_oss'
    W = W | apart(config, W, layer) if stacked else W
    # The biases that matrices have, if any.
    bias = lambda m: m.replace('weight', 'bias')
    gone = [e for e in range(len(mass)) if e not in kept]
    into = {g: max(kept, key=lambda e: (nearness[g, e], -e)) for g in gone}
    total = {e: mass[e] + sum(mass[g] for g in gone if into[g] == e) for e in kept}
    match = {}
    for g in gone:
        gate, up, down = ([W[m % e] for e in (into[g], g)] for m in matrices)
        gains = gate[0] @ gate[1].T + up[0] @ up[1].T + down[0].T @ down[1]
        for m in matrices[:2] if stacked else ():
            gains += np.outer(W[bias(m) % into[g]], W[bias(m) % g])
        match[g] = assignment(gains)
    out = {name: W[name][kept] for name in (router, bias(router)) if name in W}
    for at, e in enumerate(kept):
        for m in matrices + [bias(m) for m in matrices if stacked]:
            of = lambda g: W[m % g] if m == bias(matrices[2]) else W[m % g][:, match[g]] if m == matrices[2] else W[m % g][match[g]]
            mean = (mass[e] * W[m % e] + sum(mass[g] * of(g) for g in gone if into[g] == e)) / total[e]
            # As a checkpoint stores it.
            out[m % at] = mean.astype(np.float32).astype(np.float64)
    if stacked:
        parts = together(config, out, layer, len(kept))
        out = {name: value for name, value in out.items() if '.experts.' not in name} | parts
    return out, [[into[g], g] for g in gone], [mass[g] / total[into[g]] for g in gone], [match[g] for g in gone]
