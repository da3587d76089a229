"""Golden distillation figures: loss values and gradients on random logits, a hidden-state loss, and ten training steps.
usage: distillation.py FOLDER     writes FOLDER/distillation; reads the models of FOLDER/pruning, which pruning.py made before"""
from transformers import AutoModelForCausalLM

from common import *

SEED, POSITIONS, VOCABULARY, BATCH = 501, 64, 257, (4, 32)
TERMS = ('emb', 'att.2', 'in.4', 'final')
TAUS = (0.5, 1.0, 3.0)
kl = lambda lp, lq: (lp.exp() * (lp - lq)).sum(-1)


def jsd(lp, lq, beta):  # lp = teacher, lq = student
    lm = torch.logaddexp(lp + math.log(beta), lq + math.log(1 - beta))
    return beta * kl(lp, lm) + (1 - beta) * kl(lq, lm)


def topk_tail(zt, zs, K):  # temperature already applied; tail masses by log-sum-exp, never 1 - P
    lp, lq = zt.log_softmax(-1), zs.log_softmax(-1)
    top = lp.topk(K, -1).indices
    tail = torch.ones_like(lp, dtype=torch.bool).scatter(-1, top, False)
    a, b = lp.gather(-1, top), lq.gather(-1, top)
    inf = torch.tensor(-math.inf, dtype=lp.dtype)
    ta, tb = torch.where(tail, lp, inf).logsumexp(-1), torch.where(tail, lq, inf).logsumexp(-1)
    return (a.exp() * (a - b)).sum(-1) + ta.exp() * (ta - tb)


def losses(zs, zt, labels, tau):
    a, b = zt / tau, zs / tau
    lp, lq = a.log_softmax(-1), b.log_softmax(-1)
    p, q = lp.exp(), lq.exp()
    cos = lambda u, v: 1 - (u * v).sum(-1) / (u.norm(dim=-1) * v.norm(dim=-1))
    d = dict(
        forward_kl=kl(lp, lq),
        reverse_kl=kl(lq, lp),
        jsd_05=jsd(lp, lq, 0.5),
        mse_prob=(p - q).pow(2).mean(-1),
        cosine_prob=cos(p, q),
        ce_soft=-(p * lq).sum(-1),
        topk8_tail=topk_tail(a, b, 8),
    )
    if tau == 1:
        d.update(
            jsd_01=jsd(lp, lq, 0.1),
            mse_logit=(zt - zs).pow(2).mean(-1),
            cosine_logit=cos(zt, zs),
            ce_hard=-lq.gather(-1, labels[:, None])[:, 0],
        )
    return d


def logits_case(root):
    g = torch.Generator().manual_seed(SEED)
    n, V = POSITIONS, VOCABULARY
    zt = (2.5 * torch.randn(n, V, generator=g)).double()
    zs = 0.6 * zt + 2.0 * torch.randn(n, V, generator=g).double()
    zt[3] *= 24
    zs[4] *= 24
    zt[6] = zs[6]
    zt[7] += 5000.0
    zs[8] -= 5000.0  # near one-hot teacher, near one-hot student, equal rows, large offsets
    # values exact in float32, so that a float32 engine starts from the same numbers
    zs, zt = zs.float().double(), zt.float().double()
    mask = torch.rand(n, generator=g) < 0.75
    mask[:10] = torch.tensor([1, 0, 1, 1, 1, 0, 1, 1, 1, 1]).bool()
    labels = torch.randint(0, V, (n,), generator=g)
    t = {'student': zs, 'teacher': zt, 'mask': mask.long(), 'labels': labels}
    for tau in TAUS:
        for name in losses(zs, zt, labels, tau):
            z = zs.clone().requires_grad_()
            v = losses(z, zt, labels, tau)[name]
            s = v[mask].sum()
            s.backward()
            T = f'{tau:g}'
            t[f'value.{name}.{T}'] = s.reshape(1)
            t[f'per_position.{name}.{T}'] = v
            t[f'grad.{name}.{T}'] = z.grad if tau == 1 else z.grad[:16]
    store(os.path.join(root, 'logits.safetensors'), t, f64=('',))
    return [f'| {k[6:]} | {v.item():.9g} |' for k, v in t.items() if k.startswith('value.')]


LR, LR_END, WARM, STEPS = 1e-3, 1e-4, 2, 10


def lr_at(k):
    return LR * k / WARM if k < WARM else LR_END + 0.5 * (LR - LR_END) * (1 + math.cos(math.pi * (k - WARM) / (STEPS - WARM)))


def trajectory(teacher, student, batches):
    nodecay = [q for n, q in student.named_parameters() if q.dim() < 2 or 'embed_tokens' in n]
    decay = [q for n, q in student.named_parameters() if not (q.dim() < 2 or 'embed_tokens' in n)]
    opt = torch.optim.AdamW(
        [dict(params=decay, weight_decay=0.1), dict(params=nodecay, weight_decay=0.0)],
        lr=0.0,
        betas=(0.9, 0.95),
        eps=1e-8,
        foreach=False,
    )
    log = dict(loss=[], grad_norm=[], lr=[], weight_norm=[])
    for k, x in enumerate(batches):
        with torch.no_grad():
            lp = teacher(input_ids=x, use_cache=False).logits.log_softmax(-1)
        loss = kl(lp, student(input_ids=x, use_cache=False).logits.log_softmax(-1)).mean()
        opt.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        for gr in opt.param_groups:
            gr['lr'] = lr_at(k)
        opt.step()
        with torch.no_grad():
            w = torch.sqrt(sum(q.double().pow(2).sum() for q in student.parameters()))
        for n, v in (('loss', loss), ('grad_norm', norm), ('lr', lr_at(k)), ('weight_norm', w)):
            log[n].append(float(v.detach() if torch.is_tensor(v) else v))
    with torch.no_grad():
        x = batches[0]
        log['final_loss_batch0'] = [
            kl(
                teacher(input_ids=x, use_cache=False).logits.log_softmax(-1),
                student(input_ids=x, use_cache=False).logits.log_softmax(-1),
            )
            .mean()
            .item()
        ]
    return {n: torch.tensor(v, dtype=torch.float64) for n, v in log.items()}


def by_hand(teacher, student, batches):
    """The same steps with AdamW, clip and schedule written out as in the README; returns the final weights."""
    ps = dict(student.named_parameters())
    m = {n: torch.zeros_like(q) for n, q in ps.items()}
    v = {n: torch.zeros_like(q) for n, q in ps.items()}
    for k, x in enumerate(batches):
        with torch.no_grad():
            lp = teacher(input_ids=x, use_cache=False).logits.log_softmax(-1)
        g = torch.autograd.grad(kl(lp, student(input_ids=x, use_cache=False).logits.log_softmax(-1)).mean(), list(ps.values()))
        c = min(1.0, 1.0 / (math.sqrt(sum(a.pow(2).sum().item() for a in g)) + 1e-6))
        with torch.no_grad():
            for (n, q), a in zip(ps.items(), g):
                a = a * c
                m[n] = 0.9 * m[n] + 0.1 * a
                v[n] = 0.95 * v[n] + 0.05 * a * a
                wd = 0.1 if q.dim() == 2 and 'embed_tokens' not in n else 0.0
                q.copy_(
                    q
                    - lr_at(k) * wd * q
                    - lr_at(k) * (m[n] / (1 - 0.9 ** (k + 1))) / ((v[n] / (1 - 0.95 ** (k + 1))).sqrt() + 1e-8)
                )
    return ps


def hidden(m, x):
    """Logits; embedding output and every norm output."""
    h, hooks = {}, []
    keep = lambda name: (lambda mod, a, o: h.__setitem__(name, o))
    hooks.append(m.model.embed_tokens.register_forward_hook(keep('emb')))
    hooks.append(m.model.norm.register_forward_hook(keep('final')))
    for i, b in enumerate(m.model.layers):
        hooks += [
            b.input_layernorm.register_forward_hook(keep(f'in.{i}')),
            b.post_attention_layernorm.register_forward_hook(keep(f'att.{i}')),
        ]
    y = m(input_ids=x, use_cache=False).logits
    for k in hooks:
        k.remove()
    return y, h


def hidden_case(root, teacher, student, x):
    g = torch.Generator().manual_seed(SEED + 3)
    H, h = teacher.config.hidden_size, student.config.hidden_size
    lift = (torch.randn(H, h, generator=g) / h**0.5).double().requires_grad_()
    t = {'input_ids': x, 'lift': lift}
    with torch.no_grad():
        yt, ht = hidden(teacher, x)
    ys, hs = hidden(student, x)
    mse = {k: (hs[k] @ lift.T - ht[k]).pow(2).mean() for k in ht}
    for k, v in mse.items():
        t['mse.' + k] = v.reshape(1)
    L_logits = kl(yt.log_softmax(-1), ys.log_softmax(-1)).mean()
    L_is = sum(mse[k] for k in TERMS)
    alpha = (L_logits / L_is).detach()
    named = list(student.named_parameters())
    ps = [q for _, q in named]
    ga = torch.autograd.grad(L_logits, ps, retain_graph=True)
    gb = torch.autograd.grad(L_is, ps + [lift], retain_graph=True, allow_unused=True)
    gt = torch.autograd.grad(L_logits + alpha * L_is, ps + [lift])
    for (n, q), a, b, c in zip(named, ga, gb, gt):
        b = torch.zeros_like(q) if b is None else b
        assert (a + alpha * b - c).abs().max() <= 1e-9 * (1 + c.abs().max()), n
        t['grad_logits.' + n] = a
        t['grad_is.' + n] = b
    t['grad_is.lift'] = gb[-1]
    t['grad_total.lift'] = gt[-1]
    scalars = {'L_logits': L_logits, 'L_is': L_is, 'alpha': alpha, 'total': L_logits + alpha * L_is}
    for n, v in scalars.items():
        t[n] = v.reshape(1)
    t['grad_norm_total'] = torch.sqrt(sum(c.pow(2).sum() for c in gt[:-1])).reshape(1)
    store(os.path.join(root, 'hidden.safetensors'), t, f64=('L_', 'alpha', 'total', 'mse', 'grad_norm', 'lift'))
    return ', '.join(f'{n} {v.item():.9f}' for n, v in scalars.items())


def run(root, models):
    def load(name):
        return AutoModelForCausalLM.from_pretrained(os.path.join(models, name), dtype=torch.float32).eval()

    rows = logits_case(root)
    batches = ids(SEED + 9, STEPS, *BATCH, V=load('teacher').config.vocab_size)
    logs, finals = {}, {}
    for kind in ('f64', 'f32'):
        T, S = load('teacher'), load('width')
        if kind == 'f64':
            T, S = exact64(T), exact64(S)
        logs[kind] = trajectory(T, S, batches)
        finals[kind] = {n: q.detach().double() for n, q in S.named_parameters()}
        stored = {'batches': batches, **logs[kind], **{'final.' + n: q.detach() for n, q in S.named_parameters()}}
        store(os.path.join(root, f'trajectory_{kind}.safetensors'), stored, f64=('',))

    T, start = exact64(load('teacher')), exact64(load('width'))
    a, b = logs['f64'], logs['f32']
    apart = {n: (finals['f64'][n] - finals['f32'][n]).abs() for n in finals['f64']}
    largest, loss = max(d.max().item() for d in apart.values()), (a['loss'] - b['loss']).abs().max().item()
    mean = (sum(d.sum() for d in apart.values()) / sum(d.numel() for d in apart.values())).item()
    moved = max((finals['f64'][n] - q).abs().max().item() for n, q in start.named_parameters())
    hand = by_hand(T, exact64(load('width')), batches)
    by_formula = max((finals['f64'][n] - hand[n]).abs().max().item() for n in hand)
    assert by_formula < 1e-12, by_formula

    steps = '\n'.join(
        f'| {k} | {lr_at(k):.9g} | {a["loss"][k]:.9f} | {a["grad_norm"][k]:.9f} | {b["loss"][k]:.7f} | {b["grad_norm"][k]:.6f} |'
        for k in range(STEPS)
    )
    values = dict(
        VALUES='\n'.join(rows),
        STEPS=steps,
        HIDDEN=hidden_case(root, T, start, batches[0]),
        N=POSITIONS,
        V=VOCABULARY,
        B=BATCH[0],
        T=BATCH[1],
        TERMS=' + '.join('mse.' + x for x in TERMS),
        SH=start.config.hidden_size,
        TH=T.config.hidden_size,
        TIED='untied: it decays',
        DIFF=f'largest loss difference {loss:.1e}, largest weight difference {largest:.1e} (mean {mean:.1e}) '
        f'while weights moved by up to {moved:.1e}',
    )
    print(f'torch AdamW against the written-out formula: {by_formula:.1e}', steps, values['HIDDEN'], values['DIFF'], sep='\n')
    write_readme(root, 'distillation', values)


if __name__ == '__main__':
    run(folder(sys.argv[1], 'distillation'), os.path.join(sys.argv[1], 'pruning'))
