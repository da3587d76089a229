"""Independent check of the goldens: forward passes in numpy (decoder.py), finite differences, scores and losses computed again.
It prints the largest differences; the tolerances stand in the README of each folder.
usage: verify.py FOLDER     checks those of FOLDER/families, FOLDER/pruning and FOLDER/distillation that are there"""
import glob
import os
import sys

import numpy as np

from decoder import Model, ce, dmax, logsoft, read, weights


def families(root):
    for d in sorted(glob.glob(f'{root}/families/*/')):
        c, W = weights(d.rstrip('/'))
        m = Model(c, W)
        g = read(d + 'golden.safetensors')
        x = g['input_ids']
        y = m.forward(x)
        L = c['num_hidden_layers']
        hid = max(
            [dmax(m.rec['embed'], g['hidden.embed']), dmax(m.rec['final'], g['hidden.final_norm'])]
            + [dmax(m.rec['block', i], g[f'hidden.block.{i}']) for i in range(L)]
        )
        fd = 0.0
        rng = np.random.default_rng(0)
        names = [n for n in W if 'grad.' + n in g]
        # central differences on the largest entry and a random one
        for n in [n for n in names if not n.endswith('embed_tokens.weight')][::4]:
            for i in (int(np.abs(g['grad.' + n]).argmax()), int(rng.integers(W[n].size))):
                w = W[n] = W[n].copy()
                e = 1e-5
                f = w.reshape(-1)
                o = f[i]
                f[i] = o + e
                a = ce(m.forward(x), x)
                f[i] = o - e
                b = ce(m.forward(x), x)
                f[i] = o
                fd = max(fd, abs((a - b) / (2 * e) - g['grad.' + n].reshape(-1)[i]) / (np.abs(g['grad.' + n]).max()))
        ok = set(names) == set(W) if names else 'no grads'
        r = [dmax(y, g['logits']), hid, abs(ce(y, x) - g['loss'][0]), dmax(m.forward(g['long.input_ids']), g['long.logits']), fd]
        s = ''
        if os.path.exists(d + 'generate.safetensors'):
            q = read(d + 'generate.safetensors')
            y = m.forward(q['sequence'][:, :-1])[:, 7:]
            same = bool((y.argmax(-1) == q['sequence'][:, 8:]).all())
            s = f'generate: logits {dmax(y, q["step_logits"]):.1e}, argmax equal {same}'
        print(
            f'{d.split("/")[-2]:24s} logits {r[0]:.1e} hidden {r[1]:.1e} loss {r[2]:.1e} long {r[3]:.1e} '
            f'finite-difference {r[4]:.1e} a gradient for each stored weight: {ok} {s}',
            flush=True,
        )


def agg(x, how, ax):
    if how == 'l2':
        return np.sqrt((x**2).sum(ax))
    return np.abs(x).mean(ax) if how == 'mean' else x.var(ax)


def pruning(root):
    R = f'{root}/pruning/'
    c, W = weights(R + 'teacher')
    m = Model(c, W)
    x = read(R + 'calibration.safetensors')['input_ids']
    g = read(R + 'scores.safetensors')
    y = m.forward(x)
    rec = m.rec
    n = c['num_hidden_layers']
    worst = 0
    rel = lambda a, b: float((np.abs(a - b) / np.abs(b)).max())
    for b in ('l2', 'mean', 'var'):
        for s in ('l2', 'mean', 'var'):
            f = lambda a: agg(agg(a, s, 1), b, 0)
            worst = max(
                [
                    worst,
                    rel(np.stack([f(rec['neuron', i]) for i in range(n)]), g[f'neuron.{b}.{s}']),
                    rel(np.stack([f(np.sqrt((rec['attn', i] ** 2).sum(-1))) for i in range(n)]), g[f'head.{b}.{s}']),
                    rel(sum(f(rec['norm', i] if i < 2 * n else rec['final']) for i in range(2 * n + 1)), g[f'channel.{b}.{s}']),
                ]
            )
    X = [rec['embed']] + [rec['block', i] for i in range(n)]
    cos = lambda a, b: ((a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))).mean()
    bi = max(dmax(np.array([1 - cos(X[i], X[i + w]) for i in range(n - w + 1)]), g[f'block_influence.{w}']) for w in (1, 2, 3))
    lo = max(
        dmax(
            np.array([ce(m.forward(x, [j for j in range(n) if not i <= j < i + w]), x) for i in range(n - w + 1)]),
            g[f'lm_loss.drop.{w}'],
        )
        for w in (1, 2)
    )
    print(
        f'pruning scores {worst:.1e} block influence {bi:.1e} leave-out losses {lo:.1e} '
        f'full {abs(ce(y, x) - g["lm_loss.full"][0]):.1e}'
    )
    P, h = c['num_attention_heads'] // c['num_key_value_heads'], c['head_dim']
    for name in ('width', 'width-merge', 'depth'):
        cc, V = weights(R + name)
        q = read(R + name + '/golden.safetensors')
        p = Model(cc, V)
        e = dmax(p.forward(q['input_ids']), q['logits'])
        s = ''
        if name != 'depth':  # slice again from the teacher
            hs = g['head.l2.mean']
            K = cc['num_attention_heads'] // c['num_key_value_heads']
            C = q['keep.channels']
            bad = 0
            assert (C == np.sort(np.argsort(-g['channel.l2.mean'])[: cc['hidden_size']])).all()
            for i in range(n):
                L = f'model.layers.{i}.'
                rk = [gr * P + np.argsort(-hs[i, gr * P : (gr + 1) * P]) for gr in range(c['num_key_value_heads'])]
                keep = np.sort(np.concatenate([r[:K] for r in rk]))
                assert (keep == q['keep.heads'][i]).all()
                Q = W[L + 'self_attn.q_proj.weight'].reshape(-1, h, c['hidden_size'])
                Q2 = Q.copy()
                if name == 'width-merge':
                    for r in rk:
                        for k in range(1, K + 1):
                            if k >= 2 * K - P + 1:
                                Q2[r[k - 1]] = Q[r[k - 1]] + (Q[r[k - 1]] - Q[r[2 * K - k]])
                N = np.sort(np.argsort(-g['neuron.l2.mean'][i])[: cc['intermediate_size']])
                bad = max(
                    bad,
                    dmax(Q2[keep].reshape(-1, c['hidden_size'])[:, C], V[L + 'self_attn.q_proj.weight']),
                    dmax(W[L + 'mlp.down_proj.weight'][C][:, N], V[L + 'mlp.down_proj.weight']),
                    dmax(
                        W[L + 'self_attn.o_proj.weight']
                        .reshape(c['hidden_size'], -1, h)[:, keep]
                        .reshape(c['hidden_size'], -1)[C],
                        V[L + 'self_attn.o_proj.weight'],
                    ),
                    dmax(W[L + 'mlp.up_proj.weight'][N][:, C], V[L + 'mlp.up_proj.weight']),
                )
            s = f'weights {bad:.1e} '
        print(f'pruning/{name}: {s}logits {e:.1e} LM loss {abs(ce(p.forward(x), x) - q["lm_loss"][0]):.1e}', flush=True)


def distillation(root):
    R = f'{root}/distillation/'
    g = read(R + 'logits.safetensors')
    zt, zs, mask, lab = g['teacher'], g['student'], g['mask'], g['labels']

    def value(name, zs, tau):  # plain code after the definitions, in long double where the platform has it
        a, b = logsoft(zt.astype(np.longdouble) / tau), logsoft(zs.astype(np.longdouble) / tau)
        p, q = np.exp(a), np.exp(b)

        def j(w):
            m = w * p + (1 - w) * q
            return w * (p * (a - np.log(m))).sum(-1) + (1 - w) * (q * (b - np.log(m))).sum(-1)

        def cs(u, v):
            return 1 - (u * v).sum(-1) / np.sqrt((u * u).sum(-1) * (v * v).sum(-1))

        def tk():
            o = np.argsort(-p, -1, kind='stable')
            A, B = np.take_along_axis(a, o, -1), np.take_along_axis(b, o, -1)
            P, Q = np.exp(A[:, 8:]).sum(-1), np.exp(B[:, 8:]).sum(-1)
            return (np.exp(A[:, :8]) * (A - B)[:, :8]).sum(-1) + P * (np.log(P) - np.log(Q))

        return {
            'forward_kl': lambda: (p * (a - b)).sum(-1),
            'reverse_kl': lambda: (q * (b - a)).sum(-1),
            'jsd_05': lambda: j(0.5),
            'jsd_01': lambda: j(0.1),
            'mse_prob': lambda: ((p - q) ** 2).mean(-1),
            'cosine_prob': lambda: cs(p, q),
            'ce_soft': lambda: -(p * b).sum(-1),
            'topk8_tail': tk,
            'mse_logit': lambda: ((zt - zs) ** 2).mean(-1),
            'cosine_logit': lambda: cs(zt, zs),
            'ce_hard': lambda: -np.take_along_axis(b, lab[:, None], -1)[:, 0],
        }[name]()

    w, fd = 0, {}
    rng = np.random.default_rng(1)
    for k in [k for k in g if k.startswith('value.')]:
        _, name, T = k.split('.', 2)
        tau = float(T)
        v = value(name, zs, tau)
        w = max(w, dmax(v, g[f'per_position.{name}.{T}']) / (1 + np.abs(v).max()), abs((v * mask).sum() - g[k][0]) / abs(g[k][0]))
        G = g[f'grad.{name}.{T}']
        for r in (0, 2, 3, 4, 9):
            for c in (int(np.abs(G[r]).argmax()), int(rng.integers(G.shape[1]))):
                e = 1e-4
                u = zs.astype(np.longdouble)
                u[r, c] += e
                d = u.copy()
                d[r, c] -= 2 * e
                n = float(((value(name, u, tau) - value(name, d, tau)) * mask).sum() / (2 * e))
                fd[name] = max(fd.get(name, 0), abs(n - G[r, c]))
    print(
        f'distillation values {float(w):.1e}; finite differences (absolute):',
        ' '.join(f'{k} {v:.0e}' for k, v in fd.items()),
    )
    t = read(R + 'trajectory_f64.safetensors')
    P = f'{root}/pruning/'
    ct, Wt = weights(P + 'teacher')
    cs_, Ws = weights(P + 'width')
    T, S = Model(ct, Wt), Model(cs_, Ws)
    fkl = lambda x: (lambda a, b: (np.exp(a) * (a - b)).sum(-1).mean())(logsoft(T.forward(x)), logsoft(S.forward(x)))
    l0 = [abs(fkl(t['batches'][k]) - t['loss'][k]) for k in (0, 1)]
    S.W = {k[6:]: v for k, v in t.items() if k.startswith('final.')}
    l1 = abs(fkl(t['batches'][0]) - t['final_loss_batch0'][0])
    hq = read(R + 'hidden.safetensors')
    S.W = Ws
    x = hq['input_ids']
    T.forward(x)
    S.forward(x)
    n = ct['num_hidden_layers']
    pts = {
        'emb': 'embed',
        'final': 'final',
        **{f'in.{i}': ('norm', 2 * i) for i in range(n)},
        **{f'att.{i}': ('norm', 2 * i + 1) for i in range(n)},
    }
    ms = max(abs(((S.rec[k] @ hq['lift'].T - T.rec[k]) ** 2).mean() - hq['mse.' + nm][0]) for nm, k in pts.items())
    print(
        f'distillation trajectory: loss at steps 0, 1 {max(l0):.1e} final loss {l1:.1e}; hidden mse terms {ms:.1e}',
        flush=True,
    )


if __name__ == '__main__':
    for check in (pruning, distillation, families):
        if os.path.isdir(os.path.join(sys.argv[1], check.__name__)):
            check(sys.argv[1])
