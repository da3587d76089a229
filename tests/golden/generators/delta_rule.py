"""The gated delta rule (arXiv 2412.06464) token by token in the type of its inputs, and a check that it is the one of transformers.

transformers 5.12 casts to float32 inside both of its forms, in chunks and token by token, whatever the model is in: a float64 model has
float32 in the middle of each layer. So the goldens are computed with the recurrence below in their place.
"""
import importlib

import torch


def delta_rule(query, key, value, g, beta, initial_state=None, output_final_state=False, use_qk_l2norm_in_kernel=False, **_):
    """[B, T, heads, entries] of queries, keys and values, [B, T, heads] of logarithms of decays and of strengths."""
    if use_qk_l2norm_in_kernel:
        query, key = (x * torch.rsqrt((x * x).sum(-1, keepdim=True) + 1e-6) for x in (query, key))
    query = query * query.shape[-1] ** -0.5
    batch, length, heads, _ = key.shape
    state = query.new_zeros(batch, heads, key.shape[-1], value.shape[-1]) if initial_state is None else initial_state.to(query)
    out = []
    for t in range(length):
        k, q = key[:, t, :, :, None], query[:, t, :, :, None]
        state = state * g[:, t, :, None, None].exp()
        written = (value[:, t] - (state * k).sum(-2)) * beta[:, t, :, None]
        state = state + k * written[:, :, None]
        out.append((state * q).sum(-2))
    return torch.stack(out, 1), state if output_final_state else None


def put_into(model):
    """Puts the recurrence into every layer of a model that has one, after looking that it is what transformers computes in float32."""
    layers = [module for module in model.modules() if hasattr(module, 'chunk_gated_delta_rule')]
    for module in layers:
        theirs = importlib.import_module(type(module).__module__)
        agree(theirs.torch_chunk_gated_delta_rule)
        agree(theirs.torch_recurrent_gated_delta_rule)
        module.chunk_gated_delta_rule = module.recurrent_gated_delta_rule = delta_rule
    return bool(layers)


def agree(theirs):
    r = torch.Generator().manual_seed(5)
    draw = lambda *shape: torch.randn(shape, generator=r)
    query, key, value = draw(2, 150, 3, 8), draw(2, 150, 3, 8), draw(2, 150, 3, 6)
    g, beta, state = -draw(2, 150, 3).abs(), torch.rand(2, 150, 3, generator=r), draw(2, 3, 8, 6)
    named = dict(g=g, beta=beta, initial_state=state, output_final_state=True, use_qk_l2norm_in_kernel=True)
    for mine, other in zip(delta_rule(query, key, value, **named), theirs(query, key, value, **named)):
        assert torch.allclose(mine, other, atol=2e-6), (theirs, (mine - other).abs().max())
