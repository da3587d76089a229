"""The auxiliary loss of routers by transformers' own function, over each window alone, with its gradient.
usage: router_balance.py FOLDER     reads FOLDER/families, or those of tests/golden where it has none, and writes FOLDER/router-balance"""
from transformers import AutoModelForCausalLM
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func

from common import *

FAMILIES = ('mixtral', 'olmoe', 'qwen3-moe', 'qwen3-moe-mixed')


def losses(model, windows):
    """Of each window E times the sum over experts of their share of positions times their mean probability, over all layers."""
    found = []
    for window in windows:
        logits = model(input_ids=window[None], use_cache=False, output_router_logits=True).router_logits
        found.append(load_balancing_loss_func(tuple(logits), logits[0].shape[-1], model.config.num_experts_per_tok))
    return torch.stack(found)


if __name__ == '__main__':
    out = sys.argv[1]
    source = out if os.path.isdir(os.path.join(out, 'families')) else '/mnt/golden'
    root = folder(out, 'router-balance')
    for name in FAMILIES:
        d = os.path.join(source, 'families', name)
        model = exact64(AutoModelForCausalLM.from_pretrained(d, dtype=torch.float32).eval())
        with safetensors.safe_open(os.path.join(d, 'golden.safetensors'), 'pt') as golden:
            windows = golden.get_tensor('input_ids')[:, :23]
        each = losses(model, windows)
        each.mean().backward()
        gradients = {f'grad.{n}': p.grad for n, p in model.named_parameters() if n.endswith(('gate.weight', 'k_proj.weight'))}
        store(os.path.join(root, f'{name}.safetensors'), {'loss': each, **gradients}, f64=('',))
    write_readme(root, 'router_balance', {})
