"""Shared parts of the generators: exact float64 evaluation of transformers models, seeded weights, saving.

transformers keeps float32 islands inside a model.double(): RMSNorm casts to float32, the rotary table is built in float32,
eager attention takes its softmax in float32, the loss casts logits to float32. exact64() replaces these, so that the figures
are float64 throughout. Everything here runs with transformers 4.57 and 5.
"""
import copy
import math
import os
import sys
import types

import numpy as np
import safetensors
import tokenizers
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

import delta_rule
import rotary

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS = (
    f'Python {sys.version.split()[0]}, torch {torch.__version__} (CPU, one thread), transformers {transformers.__version__}, '
    f'tokenizers {tokenizers.__version__}, safetensors {safetensors.__version__}, numpy {np.__version__}'
)

# Families whose norms are stored less one.
LESS_ONE = ('Gemma', 'Qwen3_5', 'Qwen3Next')

_softmax = F.softmax


def _softmax64(x, dim=None, _stacklevel=3, dtype=None):
    return _softmax(x, dim=dim, dtype=None if x.dtype == torch.float64 and dtype == torch.float32 else dtype)


F.softmax = torch.nn.functional.softmax = _softmax64


def folder(*parts):
    path = os.path.join(*parts)
    os.makedirs(path, exist_ok=True)
    return path


def _rms(self, x):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def _rms_gated(self, x, gate):
    x = x * F.silu(gate)
    groups = x.view(*x.shape[:-1], -1, self.group_size)
    return self.weight * (groups * torch.rsqrt(groups.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)).view(x.shape)


def _rms_before_gate(self, x, gate):
    return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)) * F.silu(gate)


def _without_float(forward):
    """A forward pass in which `.float()` leaves float64 as it is."""

    def exact(*inputs, **named):
        narrow = torch.Tensor.float
        torch.Tensor.float = lambda x: x if x.dtype == torch.float64 else narrow(x)
        try:
            return forward(*inputs, **named)
        finally:
            torch.Tensor.float = narrow

    return exact


def _rms_less_one(self, x):
    return (1 + self.weight) * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def _router(model):
    """The router of a mixture of experts in float64; notes how clear its choices were."""

    def forward(self, x):
        y = F.linear(x.reshape(-1, self.hidden_dim), self.weight, getattr(self, 'bias', None))
        best, chosen = torch.topk(torch.softmax(y, -1), self.top_k + 1, -1)
        model.routing_gap = min(model.routing_gap, (best[:, -2] - best[:, -1]).min().item())
        best, chosen = best[:, :-1], chosen[:, :-1]
        return y, best / best.sum(-1, keepdim=True) if getattr(self, 'norm_topk_prob', True) else best, chosen

    return forward


def exact64(model, rope_scaling=True):
    """A float64 copy of the model without float32 islands."""
    m = copy.deepcopy(model).double().eval()
    m.routing_gap = math.inf
    if getattr(m.config, 'num_experts_per_tok', None):
        m.set_experts_implementation('eager')
    for module in m.modules():
        kind = type(module).__name__
        if kind.endswith('RMSNorm'):
            module.forward = types.MethodType(_rms_less_one if kind.startswith(LESS_ONE) else _rms, module)
        elif kind.endswith('RMSNormGated'):
            module.forward = types.MethodType(_rms_gated if hasattr(module, 'group_size') else _rms_before_gate, module)
        elif kind.endswith('TopKRouter'):
            module.forward = types.MethodType(_router(m), module)
        elif hasattr(module, 'scalar_embed_scale'):
            module.embed_scale = torch.tensor(module.scalar_embed_scale, dtype=torch.float64)
    rotary.exact(m, rope_scaling)
    if delta_rule.put_into(m) or m.config.model_type == 'nemotron_h':
        m.forward = _without_float(m.forward)
    return m


def init(model, seed, head_std=0.4, hetero=0.3):
    """Seeded normal weights with a large spread: matrices 1.3/sqrt(fan_in) (query and key 2/sqrt(fan_in)), embeddings 0.5,
    head head_std, norm weights around their neutral value +- hetero, biases 0.3."""
    g = torch.Generator().manual_seed(seed)
    tied = model.config.tie_word_embeddings
    neutral = 0.0 if type(model).__name__.startswith((*LESS_ONE, 'NemotronFor')) else 1.0
    with torch.no_grad():
        for n, p in sorted(model.named_parameters()):
            r = torch.randn(p.shape, generator=g)
            if n.endswith('bias'):
                p.copy_(r * 0.3)
            elif n.endswith('sinks'):
                p.copy_(r * 1.5)
            elif 'linear_attn' in n and p.dim() == 1:
                # Decays slow enough that a state lasts; the norm before the gate is not stored less one.
                p.copy_(-1.5 + 0.6 * r if n.endswith('A_log') else 1 + hetero * r)
            elif p.dim() == 1:
                p.copy_(neutral + hetero * r)
            elif 'embed_tokens' in n or n.endswith('embeddings.weight'):
                p.copy_(r * (head_std if tied else 0.5))
            elif 'lm_head' in n:
                p.copy_(r * head_std)
            elif 'experts.gate_up_proj' in n and model.config.model_type == 'gpt_oss':
                # Large enough that the unit cuts off.
                p.copy_(r * 4 / p.shape[1] ** 0.5)
            else:
                p.copy_(r * ((2.0 if '.q_proj' in n or '.k_proj' in n or '.qkv_proj' in n else 1.3) / p.shape[-1] ** 0.5))
    return model.eval()


def ce(logits, ids, reduction='mean'):
    """Next-token cross-entropy in nats."""
    return F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1), reduction=reduction)


def store(path, tensors, f64=()):
    """float64 tensors are stored as float32 unless their name starts with an entry of f64 ('' = all)."""
    out = {}
    for k, v in tensors.items():
        v = torch.as_tensor(v).detach()
        if v.dtype == torch.float64 and not any(k.startswith(p) for p in f64):
            v = v.float()
        out[k] = v.contiguous().clone()
    save_file(out, path, metadata={'format': 'pt'})


def write_readme(root, name, values):
    """README.md of a folder of goldens: the text beside the generator with this run's figures in it."""
    body = open(os.path.join(HERE, name + '.readme.md')).read()
    for key, value in {'VERSIONS': VERSIONS, **values}.items():
        body = body.replace('{%s}' % key, str(value))
    open(os.path.join(root, 'README.md'), 'w').write(body)
    for where, _, files in os.walk(root):
        for f in files:
            os.chmod(os.path.join(where, f), 0o644)


def ids(seed, *shape, V):
    return torch.randint(0, V, shape, generator=torch.Generator().manual_seed(seed))
