"""Rotary embedding of transformers' models in float64: inverse frequencies of a config and the modules that use them."""
import math
import types

import torch


def fields_of(config):
    """Base and scaling by kind of layer, None where all layers turn alike, nothing where none turns: one dictionary in transformers 5, two fields in 4."""
    fields = getattr(config, 'rope_parameters', None)
    if fields is None and not hasattr(config, 'rope_theta'):
        return {}
    if fields is None:
        return {None: dict(getattr(config, 'rope_scaling', None) or {}, rope_theta=config.rope_theta)}
    return dict(fields) if 'rope_theta' not in fields else {None: fields}


def scaled(config):
    """Whether any layer's frequencies are scaled."""
    return any(fields.get('rope_type', 'default') != 'default' for fields in fields_of(config).values())


def partial_rotary(config, fields):
    """The part of each head that turns: a field of its own in transformers 4, one of rope_parameters in 5."""
    return fields.get('partial_rotary_factor') or getattr(config, 'partial_rotary_factor', None) or 1.0


def frequencies(config, fields, scales=True, length=None):
    """Inverse frequencies, and what cos and sin are multiplied by; length is that of the text, which longrope goes by."""
    head = getattr(config, 'head_dim', None) or config.hidden_size // config.num_attention_heads
    dim, theta = int(head * partial_rotary(config, fields)), fields['rope_theta']
    inv = 1.0 / theta ** (torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    kind = fields.get('rope_type', 'default') if scales else 'default'
    return {'default': lambda: (inv, 1.0), 'linear': lambda: (inv / fields['factor'], 1.0), 'llama3': lambda: (llama3(inv, fields), 1.0),
            'yarn': lambda: yarn(inv, fields, dim), 'longrope': lambda: longrope(inv, fields, config, length)}[kind]()


def llama3(inv, fields):
    factor, low, high = fields['factor'], fields['low_freq_factor'], fields['high_freq_factor']
    old = fields['original_max_position_embeddings']
    wave = 2 * math.pi / inv
    t = (old / wave - low) / (high - low)
    between = (1 - t) * inv / factor + t * inv
    return torch.where(wave > old / low, inv / factor, torch.where(wave < old / high, inv, between))


def yarn(inv, fields, dim):
    """arXiv 2309.00071: entries that turn more than beta_fast times over the old length stay, those below beta_slow are divided."""
    factor, old, base = fields['factor'], fields['original_max_position_embeddings'], fields['rope_theta']
    entry = lambda times: dim * math.log(old / (times * 2 * math.pi)) / (2 * math.log(base))
    low, high = entry(fields.get('beta_fast') or 32), entry(fields.get('beta_slow') or 1)
    if fields.get('truncate', True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dim - 1)
    ramp = ((torch.arange(dim // 2, dtype=torch.float64) - low) / max(high - low, 0.001)).clamp(0, 1)
    amplitude = fields.get('attention_factor') or 0.1 * math.log(factor) + 1
    return inv / factor * ramp + inv * (1 - ramp), amplitude


def longrope(inv, fields, config, length):
    """arXiv 2402.13753: the long factors where the text is longer than the old length, else the short ones."""
    old = fields['original_max_position_embeddings']
    factors = fields['long_factor' if length is not None and length > old else 'short_factor']
    factor = fields.get('factor') or config.max_position_embeddings / old
    amplitude = fields.get('attention_factor') or (1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(old)))
    return inv / torch.tensor(factors, dtype=torch.float64), amplitude


def table(config, fields, scales, position_ids):
    if position_ids.dim() == 3:
        # Of time, height and width, which are the same in text.
        assert (position_ids == position_ids[:1]).all()
        position_ids = position_ids[0]
    inv, amplitude = frequencies(config, fields, scales, position_ids.max().item() + 1)
    a = position_ids[..., None].double() * inv
    if config.model_type != 'gpt_oss':
        a = torch.cat([a, a], -1)
    return a.cos() * amplitude, a.sin() * amplitude


def exact(model, scales=True):
    """Puts float64 tables in the place of the model's own, after looking that the frequencies are the same."""
    config, kinds = model.config, fields_of(model.config)
    for module in model.modules():
        if not type(module).__name__.endswith('RotaryEmbedding'):
            continue
        for kind, fields in kinds.items():
            # longrope puts others in the place of inv_freq when it meets a long text
            name = 'original_inv_freq' if kind is None else f'{kind}_original_inv_freq'
            if hasattr(module, name):
                mine, theirs = frequencies(config, fields)[0], getattr(module, name).double()
                assert torch.allclose(mine, theirs, rtol=1e-5), (kind, mine, theirs)
        forward = lambda self, x, position_ids, layer_type=None: table(config, kinds[layer_type], scales, position_ids)
        module.forward = types.MethodType(forward, module)
    mend(model)


def mend(model):
    """OLMo-3 scales the frequencies of its full layers alone, as transformers 4.57 computes it; releases of 5 up to 5.12 scale all."""
    config = model.config
    if not type(model).__name__.startswith('Olmo3') or not scaled(config):
        return
    fields = fields_of(config)[None]

    def plain(module, args, kwargs):
        turns = table(config, fields, False, kwargs['position_ids'])
        return args, kwargs | {'position_embeddings': tuple(t.to(args[0].dtype) for t in turns)}

    for block, kind in zip(model.model.layers, config.layer_types):
        if kind == 'sliding_attention':
            block.register_forward_pre_hook(plain, with_kwargs=True)
