"""Golden losses of pairs: DPO, its conservative form and the reward-aware losses, with the gradients that autograd finds.
usage: preferences.py FOLDER     writes FOLDER/preferences; reads the models of FOLDER/pruning, which pruning.py made before"""
from transformers import AutoModelForCausalLM

from common import *

BETA, SMOOTHING, ETA, SFT, SEED = 0.3, 0.2, 0.7, 0.5, 20260928
KINDS = ('dpo', 'rpo-bwd-kl', 'rpo-fwd-kl', 'rpo-sq')
SHOWN = ('model.embed_tokens.weight', 'lm_head.weight', 'model.layers.0.self_attn.q_proj.weight', 'model.layers.5.mlp.down_proj.weight',
         'model.norm.weight')
logsigmoid = F.logsigmoid


def loss(kind, delta, reward):
    """Of delta, the chosen answer's log-ratio to the reference less the rejected one's, as papers and NeMo-Aligner define them."""
    s, t = BETA * delta, ETA * reward
    if kind == 'dpo':
        return -(1 - SMOOTHING) * logsigmoid(s) - SMOOTHING * logsigmoid(-s)
    if kind == 'rpo-sq':
        return (s - t) ** 2
    p, q = (t, s) if kind == 'rpo-bwd-kl' else (s, t)
    return sum(torch.exp(logsigmoid(x)) * (logsigmoid(x) - logsigmoid(y)) for x, y in ((p, q), (-p, -q)))


def log_probability(model, ids, asked):
    """Summed over the answer, which begins at token `asked`."""
    x = torch.tensor([ids])
    logp = model(input_ids=x[:, :-1], use_cache=False).logits.log_softmax(-1)
    return logp[0].gather(-1, x[0, 1:, None])[asked - 1:, 0].sum()


def scalars(out):
    delta = torch.tensor([-40.0, -3.0, -0.5, 0.0, 0.2, 1.0, 7.0, 60.0, 900.0, -900.0], dtype=torch.float64)
    reward = torch.tensor([2.0, -1.0, 0.0, 0.0, 0.3, 1.5, -2.0, 5.0, 1.0, 1.0], dtype=torch.float64)
    out['delta'], out['reward'] = delta, reward
    for kind in KINDS:
        x = delta.clone().requires_grad_()
        value = loss(kind, x, reward)
        value.sum().backward()
        out[f'{kind}.value'], out[f'{kind}.slope'] = value.detach(), x.grad


def model_gradients(out, root):
    policy, reference = (exact64(AutoModelForCausalLM.from_pretrained(os.path.join(root, 'pruning', name)).double().eval())
                         for name in ('width', 'teacher'))
    generator = torch.Generator().manual_seed(SEED)
    draw = lambda n: torch.randint(0, 128, (n,), generator=generator).tolist()
    rows = []
    for asked, chosen, rejected in ((5, 7, 4), (3, 2, 9), (6, 5, 5), (4, 1, 3)):
        question = draw(asked)
        rows.append((question, draw(chosen), draw(rejected)))
    reward = torch.tensor([1.5, -0.5, 0.25, 2.0], dtype=torch.float64)
    out['pairs.reward'] = reward
    for i, (question, chosen, rejected) in enumerate(rows):
        for name, part in (('question', question), ('chosen', chosen), ('rejected', rejected)):
            out[f'pairs.{i}.{name}'] = torch.tensor(part)
    logs = lambda model: torch.stack([torch.stack([log_probability(model, q + a, len(q)) for a in (c, r)]) for q, c, r in rows])
    with torch.no_grad():
        base = logs(reference)
    out['reference'] = base
    for kind in KINDS:
        policy.zero_grad()
        ratio = logs(policy) - base
        value = loss(kind, ratio[:, 0] - ratio[:, 1], reward)
        sft = -torch.stack([log_probability(policy, q + c, len(q)) / len(c) for q, c, _ in rows])
        (value + SFT * sft).mean().backward()
        out[f'{kind}.loss'], out['sft'] = value.detach().mean().reshape(1), sft.detach().mean().reshape(1)
        for name, q in policy.named_parameters():
            if name in SHOWN:
                out[f'{kind}.grad.{name}'] = q.grad.clone()
    out['policy'] = (ratio + base).detach()


def main(root):
    out = {}
    scalars(out)
    model_gradients(out, root)
    target = folder(root, 'preferences')
    save_file({name: value.contiguous() for name, value in out.items()}, os.path.join(target, 'golden.safetensors'))
    text = open(os.path.join(HERE, 'preferences.readme.md')).read()
    open(os.path.join(target, 'README.md'), 'w').write(text.replace('{VERSIONS}', VERSIONS))


if __name__ == '__main__':
    main(sys.argv[1])
