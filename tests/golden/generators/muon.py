"""Golden trajectory of Muon: the ten steps of distillation.py with torch.optim.Muon for the matrices of blocks and AdamW for the rest.
usage: muon.py FOLDER     writes FOLDER/muon; reads the models of FOLDER/pruning, which pruning.py made before"""
from transformers import AutoModelForCausalLM

from common import *
from distillation import BATCH, SEED, STEPS, kl, lr_at

# torch's Muon iterates in bfloat16, whatever the weights are: in this process it iterates in their own type.
torch.Tensor.bfloat16 = lambda self: self


def trajectory(teacher, student, batches):
    named = list(student.named_parameters())
    matrices = [q for n, q in named if q.dim() == 2 and '.layers.' in n]
    others = [(n, q) for n, q in named if not (q.dim() == 2 and '.layers.' in n)]
    decays = lambda n, q: q.dim() == 2 and 'embed_tokens' not in n
    muon = torch.optim.Muon(matrices, lr=0.0, weight_decay=0.1, momentum=0.95, nesterov=True, ns_steps=5, adjust_lr_fn='match_rms_adamw')
    adamw = torch.optim.AdamW(
        [
            dict(params=[q for n, q in others if decays(n, q)], weight_decay=0.1),
            dict(params=[q for n, q in others if not decays(n, q)], weight_decay=0.0),
        ],
        lr=0.0,
        betas=(0.9, 0.95),
        eps=1e-8,
        foreach=False,
    )
    losses, norms = [], []
    for k, x in enumerate(batches):
        with torch.no_grad():
            lp = teacher(input_ids=x, use_cache=False).logits.log_softmax(-1)
        loss = kl(lp, student(input_ids=x, use_cache=False).logits.log_softmax(-1)).mean()
        for opt in (muon, adamw):
            opt.zero_grad()
            for group in opt.param_groups:
                group['lr'] = lr_at(k)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        muon.step()
        adamw.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return {'loss': torch.tensor(losses, dtype=torch.float64), 'grad_norm': torch.tensor(norms, dtype=torch.float64)}


def run(root, models):
    load = lambda name: exact64(AutoModelForCausalLM.from_pretrained(os.path.join(models, name), dtype=torch.float32).eval())
    teacher, student = load('teacher'), load('width')
    batches = ids(SEED + 9, STEPS, *BATCH, V=teacher.config.vocab_size)
    log = trajectory(teacher, student, batches)
    finals = {'final.' + n: q.detach() for n, q in student.named_parameters()}
    store(os.path.join(root, 'trajectory_f64.safetensors'), {'batches': batches, **log, **finals}, f64=('loss', 'grad_norm', 'final'))
    steps = '\n'.join(f'| {k} | {log["loss"][k]:.9f} | {log["grad_norm"][k]:.9f} |' for k in range(STEPS))
    print(steps)
    write_readme(root, 'muon', dict(STEPS=steps))


if __name__ == '__main__':
    run(folder(sys.argv[1], 'muon'), os.path.join(sys.argv[1], 'pruning'))
