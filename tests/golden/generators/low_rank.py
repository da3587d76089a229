"""Golden trajectory of low-rank adaptation: the ten steps of distillation.py with two factors beside each matrix of the blocks.
usage: low_rank.py FOLDER     writes FOLDER/low-rank; reads the models of FOLDER/pruning, which pruning.py made before"""
from transformers import AutoModelForCausalLM

from common import *
from distillation import BATCH, SEED, STEPS, kl, lr_at

RANK, ALPHA = 4, 6.0


class Adapted(torch.nn.Module):
    """x W' + alpha / rank (x A') B', with A drawn as torch.nn.Linear draws its weights and B zero."""

    def __init__(self, linear):
        super().__init__()
        self.linear = linear
        A = torch.empty(RANK, linear.in_features)
        torch.nn.init.kaiming_uniform_(A, a=math.sqrt(5))
        # exact in float32, so that a float32 engine starts from the same numbers
        self.A = torch.nn.Parameter(A.float().double())
        self.B = torch.nn.Parameter(torch.zeros(linear.out_features, RANK, dtype=torch.float64))

    def forward(self, x):
        return self.linear(x) + F.linear(F.linear(x, self.A), self.B) * (ALPHA / RANK)


def adapt(model):
    adapted = {}
    for name, module in list(model.named_modules()):
        if isinstance(module, torch.nn.Linear) and '.layers.' in name:
            parent, child = name.rsplit('.', 1)
            adapted[name] = Adapted(module)
            setattr(model.get_submodule(parent), child, adapted[name])
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for module in adapted.values():
        module.A.requires_grad_(), module.B.requires_grad_()
    return adapted


def trajectory(teacher, student, factors, batches):
    adamw = torch.optim.AdamW(factors, lr=0.0, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, foreach=False)
    losses, norms = [], []
    for k, x in enumerate(batches):
        with torch.no_grad():
            lp = teacher(input_ids=x, use_cache=False).logits.log_softmax(-1)
        loss = kl(lp, student(input_ids=x, use_cache=False).logits.log_softmax(-1)).mean()
        adamw.zero_grad()
        adamw.param_groups[0]['lr'] = lr_at(k)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(factors, 1.0)
        adamw.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return {'loss': torch.tensor(losses, dtype=torch.float64), 'grad_norm': torch.tensor(norms, dtype=torch.float64)}


def run(root, models):
    load = lambda name: exact64(AutoModelForCausalLM.from_pretrained(os.path.join(models, name), dtype=torch.float32).eval())
    teacher, student = load('teacher'), load('width')
    torch.manual_seed(SEED + 21)
    adapted = adapt(student)
    out = {f'start.{name}.lora_A.weight': module.A.detach().clone() for name, module in adapted.items()}
    batches = ids(SEED + 9, STEPS, *BATCH, V=teacher.config.vocab_size)
    log = trajectory(teacher, student, [q for module in adapted.values() for q in (module.A, module.B)], batches)
    for name, module in adapted.items():
        out[f'final.{name}.lora_A.weight'], out[f'final.{name}.lora_B.weight'] = module.A.detach(), module.B.detach()
    # merged, it computes the same
    before = student(input_ids=batches[0], use_cache=False).logits.detach()
    for name, module in adapted.items():
        parent, child = name.rsplit('.', 1)
        with torch.no_grad():
            module.linear.weight += ALPHA / RANK * module.B @ module.A
        setattr(student.get_submodule(parent), child, module.linear)
    merged = student(input_ids=batches[0], use_cache=False).logits.detach()
    assert (merged - before).abs().max() < 1e-12
    out['merged.logits'] = merged[0]
    store(os.path.join(root, 'trajectory_f64.safetensors'), {'batches': batches, **log, **out}, f64=('loss', 'grad_norm', 'final', 'merged'))
    steps = '\n'.join(f'| {k} | {log["loss"][k]:.9f} | {log["grad_norm"][k]:.9f} |' for k in range(STEPS))
    print(steps)
    write_readme(root, 'low_rank', dict(STEPS=steps, RANK=RANK, ALPHA=ALPHA))


if __name__ == '__main__':
    run(folder(sys.argv[1], 'low-rank'), os.path.join(sys.argv[1], 'pruning'))
