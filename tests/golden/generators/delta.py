"""One gated delta net of transformers (its path without kernels) in float64: what goes in, what comes out, and every gradient.
usage: delta.py FOLDER     writes FOLDER/delta"""
from transformers import Qwen3_5TextConfig
from transformers.models.qwen3_5.modeling_qwen3_5 import Qwen3_5GatedDeltaNet, torch_recurrent_gated_delta_rule

from common import *

# hidden, value heads, their width, key heads, their width, taps, positions, where the second document begins in each sample
CASES = {
    'small': (12, 6, 5, 2, 7, 4, 150, (70, 9)),
    'one': (5, 1, 3, 1, 4, 2, 67, (1, 64)),
    'wide': (9, 10, 4, 1, 17, 3, 129, (128, 100)),
}

SCALES = {'A_log': 1.0, 'dt_bias': 1.0, 'norm.weight': 0.3}


def exact_norm(self, x, gate):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)) * F.silu(gate)


def run(mixer, x, seed):
    """Output, what enters the norm, and the gradients of all; of one text a row."""
    kept = {}
    hook = mixer.norm.register_forward_pre_hook(lambda module, args: kept.update(rule=args[0]))
    x = x.clone().requires_grad_()
    mixer.zero_grad()
    y = mixer(x)
    hook.remove()
    mixer.chunk_gated_delta_rule, chunked = token_by_token, mixer.chunk_gated_delta_rule
    with torch.no_grad():
        assert (mixer(x) - y).abs().max() < 1e-11
    mixer.chunk_gated_delta_rule = chunked
    (y * seed).sum().backward()
    rule = kept['rule'].reshape(*x.shape[:2], -1)
    return {'output': y, 'rule': rule, 'grad.input': x.grad, **{f'grad.{n}': p.grad for n, p in mixer.named_parameters()}}


def token_by_token(*args, **named):
    return torch_recurrent_gated_delta_rule(
        *args, **{key: named[key] for key in ('g', 'beta', 'initial_state', 'output_final_state', 'use_qk_l2norm_in_kernel')})


if __name__ == '__main__':
    root = folder(sys.argv[1], 'delta')
    # Within the mixer `.float()` and `.to(torch.float32)` make float32 of what is float64.
    torch.Tensor.float = torch.Tensor.double
    float32 = torch.float32
    for number, (name, case) in enumerate(CASES.items()):
        hidden, heads, width, groups, state, taps, T, begins = case
        config = Qwen3_5TextConfig(
            hidden_size=hidden, linear_num_value_heads=heads, linear_value_head_dim=width, linear_num_key_heads=groups,
            linear_key_head_dim=state, linear_conv_kernel_dim=taps, rms_norm_eps=1e-5)
        mixer = Qwen3_5GatedDeltaNet(config, 0).double()
        mixer.norm.forward = types.MethodType(exact_norm, mixer.norm)
        g = torch.Generator().manual_seed(200 + number)
        with torch.no_grad():
            for n, p in sorted(mixer.named_parameters()):
                scale = SCALES.get(n, 1.3 / p.shape[-1] ** 0.5)
                p.copy_(scale * torch.randn(p.shape, generator=g) + (1 if n == 'norm.weight' else 0))
        x, seed = (torch.randn(2, T, hidden, generator=g).to(torch.float64) for _ in range(2))
        out = {'input': x, 'seed': seed, **{f'weight.{n}': p for n, p in mixer.named_parameters()}}
        torch.float32 = torch.float64
        out.update(run(mixer, x, seed))
        # Two documents a row: each alone, and the gradients of weights added up.
        parts = {}
        for b, begin in enumerate(begins):
            for start, end in ((0, begin), (begin, T)):
                for key, value in run(mixer, x[b:b + 1, start:end], seed[b:b + 1, start:end]).items():
                    parts.setdefault((key, b), []).append(value.clone())
        torch.float32 = float32
        for key in {key for key, _ in parts}:
            if key in ('output', 'rule', 'grad.input'):
                out['documents.' + key] = torch.cat([torch.cat(parts[key, b], 1) for b in range(2)])
            else:
                out['documents.' + key] = sum(sum(parts[key, b]) for b in range(2))
        out['begins'] = torch.tensor(begins)
        out['sizes'] = torch.tensor([heads, width, groups, state, taps])
        store(os.path.join(root, f'{name}.safetensors'), out, f64=('',))
    write_readme(root, 'delta', {})
