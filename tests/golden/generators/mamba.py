"""One Mamba-2 mixer of transformers (its path without kernels) in float64: what goes in, what comes out, and every gradient.
usage: mamba.py FOLDER     writes FOLDER/mamba"""
from transformers import NemotronHConfig
from transformers.models.nemotron_h.modeling_nemotron_h import NemotronHMamba2Mixer

from common import *

# hidden, heads, head width, groups, state, taps, biases, least step, positions, where the second document begins in each sample
CASES = {
    'small': (12, 6, 5, 2, 7, 4, True, 0.02, 150, (70, 9)),
    'one': (5, 1, 3, 1, 4, 2, False, 1e-12, 67, (1, 64)),
    'wide': (9, 10, 4, 1, 17, 3, False, 1e-12, 129, (128, 100)),
}

SCALES = {'A_log': 0.7, 'D': 0.5, 'dt_bias': 1.0, 'norm.weight': 0.3}


def exact_norm(self, x, gate):
    x = x * F.silu(gate)
    groups = x.view(*x.shape[:-1], -1, self.group_size)
    groups = groups * torch.rsqrt(groups.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)
    return self.weight * groups.reshape(x.shape)


def token_by_token(mixer, x):
    """The scan without chunks, to hold the mixer's against: what it does from chunk to chunk is wrong in transformers 5.12.1."""
    inner, shared = mixer.intermediate_size, mixer.n_groups * mixer.ssm_state_size
    _, rest, dt = mixer.in_proj(x).split([inner, mixer.conv_dim, mixer.num_heads], -1)
    rest = F.silu(mixer.conv1d(rest.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2))
    x, b, c = rest.split([inner, shared, shared], -1)
    x = x.reshape(*x.shape[:2], mixer.num_heads, -1)
    b, c = (v.reshape(*v.shape[:2], mixer.n_groups, -1).repeat_interleave(mixer.num_heads // mixer.n_groups, 2) for v in (b, c))
    dt = torch.clamp(F.softplus(dt + mixer.dt_bias), mixer.time_step_min)
    state, y = 0, []
    for t in range(x.shape[1]):
        decay = torch.exp(-torch.exp(mixer.A_log) * dt[:, t])[..., None, None]
        state = decay * state + (dt[:, t, :, None] * x[:, t])[..., None] * b[:, t, :, None]
        y.append((state * c[:, t, :, None]).sum(-1) + mixer.D[:, None] * x[:, t])
    return torch.stack(y, 1).flatten(2)


def run(mixer, x, seed):
    """Output, what enters the norm, and the gradients of all; of one text a row."""
    kept = {}
    hook = mixer.norm.register_forward_pre_hook(lambda module, args: kept.update(scan=args[0]))
    x = x.clone().requires_grad_()
    mixer.zero_grad()
    y = mixer.torch_forward(x)
    hook.remove()
    assert (kept['scan'] - token_by_token(mixer, x)).abs().max() < 1e-11
    (y * seed).sum().backward()
    return {'output': y, 'scan': kept['scan'], 'grad.input': x.grad, **{f'grad.{n}': p.grad for n, p in mixer.named_parameters()}}


if __name__ == '__main__':
    root = folder(sys.argv[1], 'mamba')
    # Within the mixer `.float()` makes float32 of what is float64.
    torch.Tensor.float = torch.Tensor.double
    for number, (name, case) in enumerate(CASES.items()):
        hidden, heads, width, groups, state, taps, bias, least, T, begins = case
        config = NemotronHConfig(
            hidden_size=hidden, mamba_num_heads=heads, mamba_head_dim=width, n_groups=groups, ssm_state_size=state, conv_kernel=taps,
            chunk_size=T, use_bias=bias, use_conv_bias=bias, time_step_min=least, use_mamba_kernels=False, layer_norm_epsilon=1e-5)
        mixer = NemotronHMamba2Mixer(config, 0).double()
        mixer.norm.forward = types.MethodType(exact_norm, mixer.norm)
        g = torch.Generator().manual_seed(100 + number)
        with torch.no_grad():
            for n, p in sorted(mixer.named_parameters()):
                scale = SCALES.get(n, 0.3 if n.endswith('bias') else 1.3 / p.shape[-1] ** 0.5)
                p.copy_(scale * torch.randn(p.shape, generator=g) + (1 if n in ('D', 'norm.weight') else 0))
        x, seed = (torch.randn(2, T, hidden, generator=g).to(torch.float64) for _ in range(2))
        out = {'input': x, 'seed': seed, **{f'weight.{n}': p for n, p in mixer.named_parameters()}}
        out.update(run(mixer, x, seed))
        # Two documents a row: each alone, and the gradients of weights added up.
        parts = {}
        for b, begin in enumerate(begins):
            for start, end in ((0, begin), (begin, T)):
                for key, value in run(mixer, x[b:b + 1, start:end], seed[b:b + 1, start:end]).items():
                    parts.setdefault((key, b), []).append(value.clone())
        for key in {key for key, _ in parts}:
            if key in ('output', 'scan', 'grad.input'):
                out['documents.' + key] = torch.cat([torch.cat(parts[key, b], 1) for b in range(2)])
            else:
                out['documents.' + key] = sum(sum(parts[key, b]) for b in range(2))
        out['begins'] = torch.tensor(begins)
        out['sizes'] = torch.tensor([heads, width, groups, state, taps])
        out['least'] = torch.tensor([least], dtype=torch.float64)
        store(os.path.join(root, f'{name}.safetensors'), out, f64=('',))
    write_readme(root, 'mamba', {})
