"""Golden fixtures per model family: a tiny seeded transformers model with logits, hidden states, loss and gradients in float64.
usage: families.py FOLDER [NAME ...]     writes FOLDER/families; with names only those families, and no README"""
import json
import re

from safetensors.torch import load_file
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GptOssConfig,
    GptOssForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    NemotronConfig,
    NemotronForCausalLM,
    NemotronHConfig,
    NemotronHForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    Olmo3Config,
    Olmo3ForCausalLM,
    OlmoeConfig,
    OlmoeForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
    Qwen3_5ForCausalLM,
    Qwen3_5TextConfig,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
    Qwen3NextConfig,
    Qwen3NextForCausalLM,
    SmolLM3Config,
    SmolLM3ForCausalLM,
    StableLmConfig,
    StableLmForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)

from common import *


class TiedNemotronH(NemotronHForCausalLM):
    """transformers 5.12 ties nothing in this family, whatever tie_word_embeddings says; the models' own code does."""

    _tied_weights_keys = {'lm_head.weight': 'model.embeddings.weight'}


def llama3(factor, old):
    return dict(
        rope_type='llama3', factor=factor, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=old
    )


def yarn_exact(theta, factor, old):
    """YaRN whose bounds are no whole entries. llama.cpp rounds them: it computes the same where both lie beyond the first and last."""
    return dict(
        rope_type='yarn', rope_theta=theta, factor=factor, original_max_position_embeddings=old, beta_fast=32.0, beta_slow=1.0, truncate=False
    )


def kinds(letters):
    """Kinds of layers: L linear attention, F full attention."""
    return [{'L': 'linear_attention', 'F': 'full_attention'}[letter] for letter in letters]


def turning(part, sections=None):
    """A part of each head turns; with sections as Qwen3.5 has it, which are for pictures and change nothing in text."""
    of_pictures = dict(mrope_section=sections, mrope_interleaved=True) if sections else {}
    return dict(rope_type='default', rope_theta=1e4, partial_rotary_factor=part) | of_pictures


def sizes(hidden, ffn, heads, kv_heads, vocabulary):
    return dict(
        hidden_size=hidden,
        intermediate_size=ffn,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        vocab_size=vocabulary,
        num_hidden_layers=3,
        max_position_embeddings=1024,
    )


LLAMA = dict(rms_norm_eps=1e-5, rope_theta=500000.0)
MISTRAL = dict(rms_norm_eps=1e-5, sliding_window=None)
QWEN = dict(rms_norm_eps=1e-6, rope_theta=1e6)
MOE = dict(bos_token_id=1, eos_token_id=2, pad_token_id=0)
# The kernels that such models are trained with have no least step (time_step_limit); the way of transformers without them has one, time_step_min.
# It also sums over the wrong dimension where it carries states from chunk to chunk: all texts here are within one.
HYBRID = dict(layer_norm_epsilon=1e-5, time_step_min=1e-12, use_mamba_kernels=False, bos_token_id=1, eos_token_id=2, pad_token_id=0)
DELTA = dict(rms_norm_eps=1e-6, bos_token_id=1, eos_token_id=2, pad_token_id=0)
# What configs with linear attention have.
DELTA_FIELD = 'linear_key_head_dim'
UNTIED, TIED = dict(tie_word_embeddings=False), dict(tie_word_embeddings=True)

# name: seed, model class, config class, its fields
FAMILIES = {
    'llama-3.1': (
        101,
        LlamaForCausalLM,
        LlamaConfig,
        sizes(48, 96, 4, 2, 128) | LLAMA | UNTIED | dict(rope_scaling=llama3(8.0, 128)),
    ),
    'llama-3.2-tied': (
        102,
        LlamaForCausalLM,
        LlamaConfig,
        sizes(40, 80, 4, 2, 112) | LLAMA | TIED | dict(head_dim=10, rope_scaling=llama3(32.0, 64)),
    ),
    'mistral': (103, MistralForCausalLM, MistralConfig, sizes(48, 88, 6, 2, 96) | MISTRAL | UNTIED | dict(rope_theta=10000.0)),
    'mistral-nemo': (
        104,
        MistralForCausalLM,
        MistralConfig,
        sizes(40, 72, 4, 2, 120) | MISTRAL | UNTIED | dict(head_dim=16, rope_theta=1e6),
    ),
    'nemotron': (
        105,
        NemotronForCausalLM,
        NemotronConfig,
        sizes(48, 96, 4, 2, 128) | UNTIED | dict(head_dim=12, attn_implementation='sdpa'),
    ),
    'nemotron-h': (
        131,
        NemotronHForCausalLM,
        NemotronHConfig,
        sizes(48, 96, 4, 2, 112)
        | HYBRID
        | UNTIED
        | dict(
            num_hidden_layers=6,
            layers_block_type=['mamba', 'mlp', 'mamba', 'attention', 'mlp', 'mamba'],
            head_dim=16,
            mamba_num_heads=6,
            mamba_head_dim=10,
            n_groups=2,
            ssm_state_size=12,
        ),
    ),
    'nemotron-h-tied': (
        132,
        TiedNemotronH,
        NemotronHConfig,
        sizes(40, 72, 5, 1, 104)
        | HYBRID
        | TIED
        | dict(
            num_hidden_layers=5,
            layers_block_type=['attention', 'mamba', 'mlp', 'mamba', 'attention'],
            head_dim=10,
            mamba_num_heads=9,
            mamba_head_dim=7,
            n_groups=3,
            ssm_state_size=5,
            conv_kernel=3,
            use_conv_bias=False,
            use_bias=True,
            mlp_bias=True,
        ),
    ),
    'qwen2': (106, Qwen2ForCausalLM, Qwen2Config, sizes(48, 96, 4, 2, 104) | QWEN | UNTIED),
    'qwen3': (107, Qwen3ForCausalLM, Qwen3Config, sizes(40, 80, 4, 2, 128) | QWEN | UNTIED | dict(head_dim=16)),
    'granite': (
        108,
        GraniteForCausalLM,
        GraniteConfig,
        sizes(48, 96, 4, 2, 128)
        | TIED
        | dict(
            rms_norm_eps=1e-5,
            rope_theta=10000.0,
            embedding_multiplier=6.0,
            residual_multiplier=0.4,
            attention_multiplier=0.15,
            logits_scaling=3.0,
            pad_token_id=0,
        ),
    ),
    'olmo2': (109, Olmo2ForCausalLM, Olmo2Config, sizes(48, 96, 4, 2, 112) | UNTIED | dict(rms_norm_eps=1e-6, rope_theta=5e5, bos_token_id=0)),
    'gemma2': (
        112,
        Gemma2ForCausalLM,
        Gemma2Config,
        sizes(48, 96, 4, 2, 128)
        | TIED
        | dict(
            head_dim=16,
            rms_norm_eps=1e-6,
            rope_theta=10000.0,
            query_pre_attn_scalar=20,
            sliding_window=10,
            attn_logit_softcapping=4.0,
            final_logit_softcapping=6.0,
            attn_implementation='eager',
        ),
    ),
    'gemma3': (
        113,
        Gemma3ForCausalLM,
        Gemma3TextConfig,
        sizes(48, 96, 4, 2, 128)
        | TIED
        | dict(
            num_hidden_layers=4,
            head_dim=16,
            rms_norm_eps=1e-6,
            query_pre_attn_scalar=20,
            sliding_window=10,
            sliding_window_pattern=3,
            rope_parameters=dict(
                full_attention=dict(rope_type='linear', factor=8.0, rope_theta=1e6),
                sliding_attention=dict(rope_type='default', rope_theta=1e4),
            ),
        ),
    ),
    'olmo3': (
        114,
        Olmo3ForCausalLM,
        Olmo3Config,
        sizes(48, 96, 4, 2, 112)
        | UNTIED
        | dict(
            num_hidden_layers=4,
            rms_norm_eps=1e-6,
            bos_token_id=0,
            sliding_window=10,
            rope_parameters=dict(
                rope_type='yarn', rope_theta=5e5, factor=8.0, original_max_position_embeddings=128, beta_fast=32.0, beta_slow=1.0
            ),
        ),
    ),
    'smollm3': (
        115,
        SmolLM3ForCausalLM,
        SmolLM3Config,
        sizes(48, 96, 4, 2, 128)
        | TIED
        | dict(num_hidden_layers=5, rms_norm_eps=1e-6, rope_theta=5e6, bos_token_id=None, eos_token_id=2, pad_token_id=None),
    ),
    'phi4-longrope': (
        116,
        Phi3ForCausalLM,
        Phi3Config,
        sizes(64, 96, 4, 2, 128)
        | TIED
        | dict(
            rms_norm_eps=1e-5,
            pad_token_id=None,
            bos_token_id=1,
            eos_token_id=2,
            original_max_position_embeddings=32,
            rope_parameters=dict(
                rope_type='longrope',
                rope_theta=10000.0,
                partial_rotary_factor=0.75,
                short_factor=[1.0, 1.05, 1.25, 1.5, 2.0, 2.5],
                long_factor=[1.0, 1.25, 2.0, 5.5, 16.0, 30.5],
                original_max_position_embeddings=32,
            ),
        ),
    ),
    'phi3': (
        111,
        Phi3ForCausalLM,
        Phi3Config,
        sizes(48, 96, 4, 2, 128)
        | UNTIED
        | dict(rms_norm_eps=1e-5, rope_theta=10000.0, sliding_window=10, pad_token_id=None, bos_token_id=1, eos_token_id=2),
    ),
    'stablelm': (
        117,
        StableLmForCausalLM,
        StableLmConfig,
        sizes(64, 88, 4, 2, 112) | UNTIED | dict(layer_norm_eps=1e-5, use_qkv_bias=True, partial_rotary_factor=0.25, pad_token_id=0),
    ),
    'starcoder2': (
        118,
        Starcoder2ForCausalLM,
        Starcoder2Config,
        sizes(48, 96, 4, 2, 128) | TIED
        | dict(norm_epsilon=1e-5, rope_theta=10000.0, sliding_window=10, bos_token_id=1, eos_token_id=2, pad_token_id=0),
    ),
    'mixtral': (
        121,
        MixtralForCausalLM,
        MixtralConfig,
        sizes(48, 40, 4, 2, 112) | UNTIED | MOE | dict(rms_norm_eps=1e-5, rope_theta=1e6, num_local_experts=5, num_experts_per_tok=2),
    ),
    'qwen2-moe': (
        125,
        Qwen2MoeForCausalLM,
        Qwen2MoeConfig,
        sizes(48, 56, 4, 4, 112)
        | QWEN
        | UNTIED
        | MOE
        | dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=24, shared_expert_intermediate_size=40),
    ),
    'qwen2-moe-mixed': (
        126,
        Qwen2MoeForCausalLM,
        Qwen2MoeConfig,
        sizes(40, 56, 4, 2, 104)
        | QWEN
        | TIED
        | MOE
        | dict(
            num_hidden_layers=4,
            num_experts=5,
            num_experts_per_tok=3,
            moe_intermediate_size=16,
            shared_expert_intermediate_size=28,
            decoder_sparse_step=2,
            norm_topk_prob=True,
            qkv_bias=False,
        ),
    ),
    'qwen3-moe': (
        122,
        Qwen3MoeForCausalLM,
        Qwen3MoeConfig,
        sizes(40, 56, 4, 2, 128)
        | QWEN
        | UNTIED
        | MOE
        | dict(head_dim=16, num_experts=6, num_experts_per_tok=3, moe_intermediate_size=24, norm_topk_prob=True),
    ),
    'qwen3-moe-mixed': (
        124,
        Qwen3MoeForCausalLM,
        Qwen3MoeConfig,
        sizes(40, 56, 4, 2, 128)
        | QWEN
        | TIED
        | MOE
        | dict(head_dim=16, num_experts=5, num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=False, mlp_only_layers=[1]),
    ),
    'qwen3-5': (
        1341,
        Qwen3_5ForCausalLM,
        Qwen3_5TextConfig,
        sizes(48, 96, 4, 2, 112)
        | DELTA
        | UNTIED
        | dict(
            num_hidden_layers=5,
            layer_types=kinds('LLFLF'),
            head_dim=16,
            linear_num_key_heads=2,
            linear_num_value_heads=4,
            linear_key_head_dim=12,
            linear_value_head_dim=10,
            rope_parameters=turning(0.25, [1, 1, 0]),
        ),
    ),
    'qwen3-5-tied': (
        742,
        Qwen3_5ForCausalLM,
        Qwen3_5TextConfig,
        sizes(40, 72, 5, 1, 104)
        | DELTA
        | TIED
        | dict(
            num_hidden_layers=5,
            layer_types=kinds('FLLFL'),
            head_dim=12,
            attention_bias=True,
            linear_num_key_heads=3,
            linear_num_value_heads=9,
            linear_key_head_dim=7,
            linear_value_head_dim=5,
            linear_conv_kernel_dim=3,
            partial_rotary_factor=0.5,
            rope_parameters=turning(0.5, [1, 1, 1]),
        ),
    ),
    'qwen3-next': (
        243,
        Qwen3NextForCausalLM,
        Qwen3NextConfig,
        sizes(48, 56, 4, 2, 112)
        | DELTA
        | UNTIED
        | dict(
            num_hidden_layers=4,
            layer_types=kinds('LLFL'),
            head_dim=16,
            linear_num_key_heads=2,
            linear_num_value_heads=4,
            linear_key_head_dim=10,
            linear_value_head_dim=12,
            num_experts=6,
            num_experts_per_tok=3,
            moe_intermediate_size=24,
            shared_expert_intermediate_size=20,
            rope_parameters=turning(0.25),
        ),
    ),
    'qwen3-next-mixed': (
        1144,
        Qwen3NextForCausalLM,
        Qwen3NextConfig,
        sizes(40, 56, 6, 3, 104)
        | DELTA
        | TIED
        | dict(
            num_hidden_layers=4,
            layer_types=kinds('LFLL'),
            head_dim=8,
            linear_num_key_heads=3,
            linear_num_value_heads=3,
            linear_key_head_dim=9,
            linear_value_head_dim=7,
            linear_conv_kernel_dim=3,
            num_experts=5,
            num_experts_per_tok=2,
            moe_intermediate_size=16,
            shared_expert_intermediate_size=28,
            norm_topk_prob=False,
            mlp_only_layers=[1],
            partial_rotary_factor=0.5,
            rope_parameters=turning(0.5),
        ),
    ),
    'gpt-oss': (
        151,
        GptOssForCausalLM,
        GptOssConfig,
        sizes(48, 32, 4, 2, 112)
        | MOE
        | UNTIED
        | dict(
            num_hidden_layers=4,
            head_dim=16,
            rms_norm_eps=1e-5,
            num_local_experts=5,
            num_experts_per_tok=2,
            sliding_window=10,
            attn_implementation='eager',
            rope_parameters=yarn_exact(theta=5.0, factor=4.0, old=160),
        ),
    ),
    'gpt-oss-tied': (
        1521,
        GptOssForCausalLM,
        GptOssConfig,
        sizes(40, 24, 6, 3, 104)
        | MOE
        | TIED
        | dict(
            head_dim=12,
            rms_norm_eps=1e-5,
            num_local_experts=6,
            num_experts_per_tok=3,
            sliding_window=7,
            layer_types=['full_attention', 'sliding_attention', 'sliding_attention'],
            attention_bias=False,
            attn_implementation='eager',
            rope_parameters=yarn_exact(theta=1e4, factor=8.0, old=512),
        ),
    ),
    'olmoe': (
        123,
        OlmoeForCausalLM,
        OlmoeConfig,
        sizes(48, 32, 4, 4, 104) | UNTIED | MOE | dict(rms_norm_eps=1e-5, rope_theta=10000.0, num_experts=6, num_experts_per_tok=3),
    ),
}

# Of each family with experts the names of an expert's gate, up and down on disk; transformers keeps them in two tensors.
EXPERTS = {
    'mixtral': ('block_sparse_moe.gate', 'block_sparse_moe.experts.{}.w1', 'block_sparse_moe.experts.{}.w3', 'block_sparse_moe.experts.{}.w2'),
    'qwen3_moe': ('mlp.gate', *(f'mlp.experts.{{}}.{name}_proj' for name in ('gate', 'up', 'down'))),
    'olmoe': ('mlp.gate', *(f'mlp.experts.{{}}.{name}_proj' for name in ('gate', 'up', 'down'))),
    'qwen2_moe': ('mlp.gate', *(f'mlp.experts.{{}}.{name}_proj' for name in ('gate', 'up', 'down'))),
    'qwen3_next': ('mlp.gate', *(f'mlp.experts.{{}}.{name}_proj' for name in ('gate', 'up', 'down'))),
}


def gradients(m):
    """The gradients by the names that save_pretrained writes."""
    names = EXPERTS.get(m.config.model_type)
    for name, p in m.named_parameters():
        if m.config.model_type == 'nemotron_h':
            yield re.sub('^model', 'backbone', name), p.grad
            continue
        block, _, last = name.rpartition('.mlp.')
        if not names or last not in ('gate.weight', 'experts.gate_up_proj', 'experts.down_proj'):
            yield name, p.grad
        elif last == 'gate.weight':
            yield f'{block}.{names[0]}.weight', p.grad
        else:
            for expert in range(p.shape[0]):
                parts = p.grad[expert].chunk(2) if 'gate_up' in last else (p.grad[expert],)
                for part, to in zip(parts, names[1:3] if 'gate_up' in last else names[3:]):
                    yield f'{block}.{to.format(expert)}.weight', part


def importance(m, path, x):
    """Importance of heads of mixers and of their channels (arXiv 2504.11409, section 3), of each layer that has them, from a pass.

    Of Mamba-2 from x as the projection gives it, of linear attention from what the output projection reads.
    """
    kept, hooks, c = {}, [], m.config
    heads, width = (c.linear_num_value_heads, c.linear_value_head_dim) if DELTA_FIELD in c.to_dict() else (c.mamba_num_heads, c.mamba_head_dim)
    for i, block in enumerate(m.model.layers):
        if hasattr(block, 'linear_attn'):
            keep = lambda module, inputs, i=i: kept.__setitem__(i, inputs[0])
            hooks.append(block.linear_attn.out_proj.register_forward_pre_hook(keep))
        elif getattr(block, 'block_type', None) == 'mamba':
            # Rows of the projection: z, x, B, C, dt.
            keep = lambda module, inputs, out, i=i: kept.__setitem__(i, out[..., heads * width : 2 * heads * width])
            hooks.append(block.mixer.in_proj.register_forward_hook(keep))
    with torch.no_grad():
        m(input_ids=x, use_cache=False)
    for hook in hooks:
        hook.remove()
    ways = {
        'l2': lambda v, d: v.pow(2).sum(d).sqrt(),
        'mean': lambda v, d: v.abs().mean(d),
        'variance': lambda v, d: v.var(d, unbiased=False),
    }
    scores = {'input_ids': x}
    for i, v in kept.items():
        for batch, sequence in (('l2', 'mean'), ('mean', 'l2'), ('variance', 'variance')):
            s = ways[batch](ways[sequence](v, 1), 0).view(heads, width)
            scores[f'{batch}-{sequence}.{i}.heads'] = torch.linalg.vector_norm(s, dim=1)
            scores[f'{batch}-{sequence}.{i}.channels'] = torch.linalg.vector_norm(s, dim=0)
    store(path, scores, f64=('',))


def publish(d):
    """A Nemotron-H folder in the form of the published ones: a pattern in the place of the list, and the table's other name."""
    letters = {'mamba': 'M', 'attention': '*', 'mlp': '-'}
    path = os.path.join(d, 'config.json')
    fields = json.load(open(path))
    fields['hybrid_override_pattern'] = ''.join(letters[kind] for kind in fields.pop('layers_block_type'))
    fields['architectures'] = ['NemotronHForCausalLM']
    fields['num_hidden_layers'] = len(fields['hybrid_override_pattern'])
    fields['time_step_limit'] = [0.0, math.inf]
    with open(path, 'w') as f:
        f.write(json.dumps(fields, indent=2, sort_keys=True) + '\n')
    path = os.path.join(d, 'model.safetensors')
    store(path, {name.replace('embedding.', 'embeddings.'): value for name, value in load_file(path).items()})


def forward(m, x):
    """Logits and hidden states (embedding output, output of each block, output of the final norm)."""
    h, hooks = {}, []

    def keep(name):
        return lambda module, inputs, out: h.__setitem__(name, out[0] if isinstance(out, tuple) else out)

    # What enters the first block: Granite scales what the table gives.
    first = m.model.layers[0]
    hooks.append(first.register_forward_pre_hook(lambda module, inputs: h.__setitem__('hidden.embed', inputs[0])))
    for i, block in enumerate(m.model.layers):
        hooks.append(block.register_forward_hook(keep(f'hidden.block.{i}')))
    hooks.append((m.model.norm_f if hasattr(m.model, 'norm_f') else m.model.norm).register_forward_hook(keep('hidden.final_norm')))
    y = m(input_ids=x, use_cache=False).logits
    for hook in hooks:
        hook.remove()
    return y, h


def greedy(m, prompt, n):
    """n greedy ids, by a full forward each step and by a key-value cache; both sets of next-token logits."""
    x, full = prompt, []
    with torch.no_grad():
        for _ in range(n):
            y = m(input_ids=x, use_cache=False).logits[:, -1]
            full.append(y)
            x = torch.cat([x, y.argmax(-1, keepdim=True)], 1)
        past, current, cached = None, prompt, []
        for i in range(n):
            out = m(input_ids=current, past_key_values=past, use_cache=True)
            past = out.past_key_values
            cached.append(out.logits[:, -1])
            current = x[:, prompt.shape[1] + i][:, None]
    return x, torch.stack(full, 1), torch.stack(cached, 1)


def generation(m, path, prompt):
    """40 greedy ids and the logits that chose them; a note about how clear the choices are."""
    sequence, full, cached = greedy(m, prompt, 40)
    made = m.generate(prompt, max_new_tokens=40, min_new_tokens=40, do_sample=False, eos_token_id=None, pad_token_id=0)
    assert torch.equal(made, sequence)
    best = full.topk(2, -1).values
    gap, cache = (best[..., 0] - best[..., 1]).min().item(), (full - cached).abs().max().item()
    assert gap > 1e-3 and cache < 1e-12, (gap, cache)
    store(path, {'prompt': prompt, 'sequence': sequence, 'step_logits': cached})
    return f'greedy: least gap between the two best logits {gap:.2g}; cached against full forward {cache:.1g};'


def make(root, name):
    """The folder of one family; its row of the README's table."""
    seed, model, config, fields = FAMILIES[name]
    d, m = folder(root, name), init(model(config(**fields)), seed)
    for f in os.listdir(d):
        os.remove(os.path.join(d, f))
    m.save_pretrained(d)
    if model is TiedNemotronH:
        publish(d)
        again = model.from_pretrained(d).state_dict()
        assert all(torch.equal(value, again[key]) for key, value in m.state_dict().items())

    c, e = m.config, exact64(m)
    # The row of the padding token would get no gradient.
    e.get_input_embeddings().padding_idx = None
    x, long = ids(seed + 1000, 2, 24, V=c.vocab_size), ids(seed + 2000, 1, 150 if DELTA_FIELD in c.to_dict() else 64, V=c.vocab_size)
    y, hidden = forward(e, x)
    assert e.routing_gap > 1e-4, e.routing_gap
    loss = ce(y, x)
    loss.backward()
    t = {'input_ids': x, 'logits': y, 'loss': loss.reshape(1), 'loss_per_token': ce(y, x, 'none').reshape(2, 23), **hidden}
    t.update({'grad.' + n: g for n, g in gradients(e)})
    rotary.mend(m)
    with torch.no_grad():
        t['long.input_ids'], t['long.logits'] = long, e(input_ids=long, use_cache=False).logits
        f32 = (m(input_ids=long, use_cache=False).logits.double() - t['long.logits']).abs().max().item()

    if c.model_type == 'nemotron_h' or DELTA_FIELD in c.to_dict():
        importance(e, os.path.join(d, 'importance.safetensors'), x)
    note = generation(e, os.path.join(d, 'generate.safetensors'), x[:1, :8]) if name == 'llama-3.1' else ''
    if rotary.scaled(c):
        with torch.no_grad():
            moved = (exact64(m, rope_scaling=False)(input_ids=long).logits - t['long.logits']).abs().max()
        note += f' without rope scaling the long logits move by {moved:.2g};'
    store(os.path.join(d, 'golden.safetensors'), t, f64=('loss',))

    head = getattr(c, 'head_dim', None) or c.hidden_size // c.num_attention_heads
    return (
        f'| {name} | {c.hidden_size}/{c.intermediate_size}/{c.num_hidden_layers} '
        f'| {c.num_attention_heads}/{c.num_key_value_heads}/{head} | {c.vocab_size} | {"yes" if c.tie_word_embeddings else "no"} '
        f'| {loss.item():.6f} | {y.std().item():.2f} | {f32:.1e} | {note.strip(" ;")} |'
    )


if __name__ == '__main__':
    root, names = folder(sys.argv[1], 'families'), sys.argv[2:]
    rows = [make(root, name) for name in names or FAMILIES]
    print('\n'.join(rows))
    if not names:
        write_readme(root, 'families', {'ROWS': '\n'.join(rows)})
