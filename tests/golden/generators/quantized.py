"""Tiny Llama models as the usual programs quantise and store them, and the weights that they mean.
usage: quantized.py FOLDER     writes FOLDER/quantized/NAME/{config.json,model.safetensors} and FOLDER/quantized/NAME/expected.safetensors (float32)

Numbers, zeros and scales are drawn first; the stored form is packed from them, the expected weights are scale * (number - zero). None of the
programs (AutoGPTQ, AutoAWQ, compressed-tensors, bitsandbytes) is in Debian, so their layouts are written down here from their documentation;
fp8-block is dequantised by transformers' own loader, where it is there."""
import json
import os
import sys

import torch
from safetensors.torch import save_file

H, F, V, HEADS, HD = 32, 64, 40, 2, 16
SHAPES = {
    'model.layers.0.self_attn.q_proj': (HEADS * HD, H), 'model.layers.0.self_attn.k_proj': (HD, H), 'model.layers.0.self_attn.v_proj': (HD, H),
    'model.layers.0.self_attn.o_proj': (H, HEADS * HD), 'model.layers.0.mlp.gate_proj': (F, H), 'model.layers.0.mlp.up_proj': (F, H),
    'model.layers.0.mlp.down_proj': (H, F)}
CONFIG = {
    'architectures': ['LlamaForCausalLM'], 'model_type': 'llama', 'hidden_size': H, 'intermediate_size': F, 'num_hidden_layers': 1,
    'num_attention_heads': HEADS, 'num_key_value_heads': 1, 'head_dim': HD, 'vocab_size': V, 'max_position_embeddings': 64, 'rms_norm_eps': 1e-5,
    'rope_theta': 10000.0, 'hidden_act': 'silu', 'tie_word_embeddings': True, 'bos_token_id': 1, 'eos_token_id': 2, 'torch_dtype': 'float16'}


def plain(g):
    return {'model.embed_tokens.weight': torch.randn(V, H, generator=g).half() * 0.5, 'model.norm.weight': torch.ones(H).half(),
            'model.layers.0.input_layernorm.weight': torch.ones(H).half(), 'model.layers.0.post_attention_layernorm.weight': torch.ones(H).half()}


def pack(numbers, bits, dim, order=None):
    """Unsigned numbers into int32, 32 / bits of them to a word along dim; number order[i] of eight goes to place i."""
    each = 32 // bits
    numbers = numbers.to(torch.int64).movedim(dim, -1)
    missing = -numbers.shape[-1] % each
    numbers = torch.nn.functional.pad(numbers, (0, missing)).unflatten(-1, (-1, each))
    if order:
        numbers = numbers[..., order]
    words = (numbers << (torch.arange(each) * bits)).sum(-1)
    return torch.where(words >= 2 ** 31, words - 2 ** 32, words).to(torch.int32).movedim(-1, dim).contiguous()


def affine(g, out, inp, groups, bits, symmetric):
    q = torch.randint(0, 2 ** bits, (out, inp), generator=g)
    z = torch.full((out, groups), 2 ** (bits - 1)) if symmetric else torch.randint(0, 2 ** bits, (out, groups), generator=g)
    s = (torch.rand(out, groups, generator=g) * 0.02 + 0.002).half()
    return q, z, s


def meant(q, z, s, of):
    return s.float()[:, of] * (q - z[:, of]).float()


def gptq(g, bits, group, order, form):
    def one(name, out, inp):
        groups = inp // group
        q, z, s = affine(g, out, inp, groups, bits, False)
        of = torch.arange(inp) // group
        if order:
            of = of[torch.randperm(inp, generator=g)]
        zeros = (z - 1) % 2 ** bits if form == 'gptq' else z
        return {f'{name}.qweight': pack(q.T, bits, 0), f'{name}.qzeros': pack(zeros.T, bits, 1), f'{name}.scales': s.T.contiguous(),
                f'{name}.g_idx': of.to(torch.int32)}, meant(q, z, s, of)
    return {'quant_method': 'gptq', 'bits': bits, 'group_size': group, 'desc_act': order, 'sym': False, 'checkpoint_format': form}, one


def awq(g):
    def one(name, out, inp):
        q, z, s = affine(g, out, inp, inp // 16, 4, False)
        order = [0, 2, 4, 6, 1, 3, 5, 7]
        return {f'{name}.qweight': pack(q.T, 4, 1, order), f'{name}.qzeros': pack(z.T, 4, 1, order), f'{name}.scales': s.T.contiguous()}, \
            meant(q, z, s, torch.arange(inp) // 16)
    return {'quant_method': 'awq', 'bits': 4, 'group_size': 16, 'version': 'gemm', 'zero_point': True}, one


def float8(g, out, inp, scale, spread):
    w = (torch.randn(out, inp, generator=g) * 60).clamp(-448, 448).to(torch.float8_e4m3fn)
    return w, w.float() * spread(scale)


def fp8_block(g, block):
    def one(name, out, inp):
        s = torch.rand(-(-out // block), -(-inp // block), generator=g) * 1e-3
        w, e = float8(g, out, inp, s, lambda s: s.repeat_interleave(block, 0)[:out].repeat_interleave(block, 1)[:, :inp])
        return {f'{name}.weight': w, f'{name}.weight_scale_inv': s}, e
    return {'quant_method': 'fp8', 'fmt': 'e4m3', 'weight_block_size': [block, block], 'activation_scheme': 'dynamic'}, one


def compressed(g, kind):
    config = {'quant_method': 'compressed-tensors', 'format': kind, 'quantization_status': 'compressed', 'ignore': ['lm_head']}
    weights = {'num_bits': 8, 'type': 'int', 'symmetric': True, 'strategy': 'channel', 'group_size': None}

    def one(name, out, inp):
        if kind == 'float-quantized':
            s = (torch.rand(out, 1, generator=g) * 1e-3).bfloat16()
            w, e = float8(g, out, inp, s.float(), lambda s: s)
            return {f'{name}.weight': w, f'{name}.weight_scale': s, f'{name}.input_scale': torch.ones(1).bfloat16()}, e
        if kind == 'int-quantized':
            s = (torch.rand(out, 1, generator=g) * 1e-2).bfloat16()
            q = torch.randint(-128, 128, (out, inp), generator=g).to(torch.int8)
            return {f'{name}.weight': q, f'{name}.weight_scale': s}, q.float() * s.float()
        q, z, s = affine(g, out, inp, inp // 16, 4, False)
        return {f'{name}.weight_packed': pack(q, 4, 1), f'{name}.weight_scale': s, f'{name}.weight_zero_point': pack(z, 4, 0),
                f'{name}.weight_shape': torch.tensor([out, inp])}, meant(q, z, s, torch.arange(inp) // 16)
    if kind == 'pack-quantized':
        weights |= {'num_bits': 4, 'symmetric': False, 'strategy': 'group', 'group_size': 16}
    if kind == 'float-quantized':
        weights |= {'type': 'float'}
    return config | {'config_groups': {'group_0': {'targets': ['Linear'], 'weights': weights, 'input_activations': None}}}, one


def bytes_of(g):
    def one(name, out, inp):
        q = torch.randint(-127, 128, (out, inp), generator=g).to(torch.int8)
        largest = torch.rand(out, generator=g)
        return {f'{name}.weight': q, f'{name}.SCB': largest, f'{name}.weight_format': torch.tensor(0, dtype=torch.uint8)}, \
            q.float() * largest[:, None] / 127
    return {'quant_method': 'bitsandbytes', 'load_in_8bit': True, 'load_in_4bit': False}, one


def nf4(g, nested):
    # QLoRA, appendix E.
    table = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                          -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                          0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
    inner = torch.linspace(-1, 1, 256)

    def one(name, out, inp):
        n = out * inp
        q = torch.randint(0, 16, (n,), generator=g)
        state = {'quant_type': 'nf4', 'blocksize': 64, 'dtype': 'float16', 'shape': [out, inp]}
        tensors = {f'{name}.weight': (q[0::2] * 16 + q[1::2]).to(torch.uint8)[:, None].contiguous(), f'{name}.weight.quant_map': table.clone()}
        blocks = n // 64
        if nested:
            number = torch.randint(0, 256, (blocks,), generator=g).to(torch.uint8)
            outer = torch.rand(-(-blocks // 8), generator=g) * 0.01
            offset = 0.0375
            state |= {'nested_blocksize': 8, 'nested_dtype': 'float32', 'nested_offset': offset}
            scales = inner[number.long()] * outer.repeat_interleave(8)[:blocks] + torch.tensor(offset)
            tensors |= {f'{name}.weight.absmax': number, f'{name}.weight.nested_absmax': outer, f'{name}.weight.nested_quant_map': inner.clone()}
        else:
            scales = torch.rand(blocks, generator=g)
            tensors[f'{name}.weight.absmax'] = scales
        tensors[f'{name}.weight.quant_state.bitsandbytes__nf4'] = torch.tensor(list(json.dumps(state).encode()), dtype=torch.uint8)
        return tensors, (table[q] * scales.repeat_interleave(64)).view(out, inp)
    return {'quant_method': 'bitsandbytes', 'load_in_8bit': False, 'load_in_4bit': True, 'bnb_4bit_quant_type': 'nf4',
            'bnb_4bit_use_double_quant': nested}, one


def float4(g, kind):
    """MXFP4 and NVFP4; MXFP4's values are those of transformers' own reader of GPT-OSS, whose blocks are packed alike, NVFP4's its table of 16."""
    from transformers.integrations.mxfp4 import FP4_VALUES, convert_moe_packed_tensors

    def one(name, out, inp):
        group = 32 if kind == 'compressed-mxfp4' else 16
        q = torch.randint(0, 16, (out, inp), generator=g)
        packed = (q[:, 0::2] | q[:, 1::2] << 4).to(torch.uint8)
        if group == 32:
            s = torch.randint(110, 125, (out, inp // 32), generator=g).to(torch.uint8)
            s[0, 0] = 0
            e = convert_moe_packed_tensors(packed.view(1, out, inp // 32, 16), s[None], dtype=torch.float32)[0].T
            return {f'{name}.weight_packed': packed, f'{name}.weight_scale': s}, e
        s = (torch.rand(out, inp // 16, generator=g) * 448).to(torch.float8_e4m3fn)
        whole = torch.rand(1, generator=g) * 20000 + 500
        fine = s.float() / whole
        tensors = {f'{name}.weight_packed': packed, f'{name}.weight_scale': s, f'{name}.weight_global_scale': whole, f'{name}.input_global_scale': torch.ones(1)}
        if kind == 'modelopt-nvfp4':
            whole = (1 / whole)[0]
            fine = s.float() * whole
            tensors = {f'{name}.weight': packed, f'{name}.weight_scale': s, f'{name}.weight_scale_2': whole, f'{name}.input_scale': torch.tensor(0.5)}
            if name.endswith('k_proj') or name.endswith('v_proj'):
                tensors[f'{name}.{name[-6]}_scale'] = torch.tensor(1.0)
        return tensors, torch.tensor(FP4_VALUES)[q] * fine.repeat_interleave(16, 1)
    if kind == 'modelopt-nvfp4':
        return {'quant_method': 'modelopt', 'quant_algo': 'NVFP4', 'kv_cache_scheme': {'num_bits': 8, 'type': 'float', 'dynamic': False},
                'config_groups': {'group_0': {'targets': ['Linear'], 'weights': {'num_bits': 4, 'type': 'float', 'dynamic': False, 'group_size': 16}}},
                'ignore': ['lm_head']}, one
    weights = {'num_bits': 4, 'type': 'float', 'symmetric': True, 'strategy': 'group', 'group_size': 32, 'scale_dtype': 'torch.uint8'}
    if kind == 'compressed-nvfp4':
        weights |= {'strategy': 'tensor_group', 'group_size': 16, 'scale_dtype': 'torch.float8_e4m3fn'}
    return {'quant_method': 'compressed-tensors', 'format': kind[11:] + '-pack-quantized', 'quantization_status': 'compressed', 'ignore': ['lm_head'],
            'config_groups': {'group_0': {'targets': ['Linear'], 'weights': weights, 'input_activations': None}}}, one


def by_transformers(folder, expected):
    """transformers' own reading of blocks of floats, which must be ours to the last bit of the type it keeps."""
    from transformers import AutoModelForCausalLM, FineGrainedFP8Config
    model = AutoModelForCausalLM.from_pretrained(folder, quantization_config=FineGrainedFP8Config(dequantize=True, weight_block_size=(16, 16)),
                                                 dtype=torch.float32)
    for name, weight in model.state_dict().items():
        if name in expected:
            assert torch.allclose(weight.float(), expected[name].float(), rtol=1e-6, atol=0), name


def mxfp4(g, folder):
    """A GPT-OSS of one layer with its experts as the published ones have them; read by transformers' own loader, which must mean the same."""
    from transformers import AutoModelForCausalLM, GptOssConfig, GptOssForCausalLM, Mxfp4Config
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors
    config = GptOssConfig(hidden_size=64, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, head_dim=16, vocab_size=40,
                          num_local_experts=3, num_experts_per_tok=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    stored, expected = {}, {}
    for name, tensor in GptOssForCausalLM(config).state_dict().items():
        if name.endswith('_proj'):
            experts, inp, out = tensor.shape
            blocks = torch.randint(0, 256, (experts, out, inp // 32, 16), generator=g).to(torch.uint8)
            scales = torch.randint(110, 125, (experts, out, inp // 32), generator=g).to(torch.uint8)
            stored |= {f'{name}_blocks': blocks, f'{name}_scales': scales}
            expected[name] = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32).contiguous()
        else:
            stored[name] = torch.randn(tensor.shape, generator=g).bfloat16()
    save_file(stored, os.path.join(folder, 'model.safetensors'), {'format': 'pt'})
    save_file(expected, os.path.join(folder, 'expected.safetensors'))
    fields = config.to_dict() | {'architectures': ['GptOssForCausalLM'], 'dtype': 'bfloat16', 'quantization_config': {
        'quant_method': 'mxfp4', 'modules_to_not_convert': ['model.layers.*.self_attn', 'model.layers.*.mlp.router', 'model.embed_tokens', 'lm_head']}}
    with open(os.path.join(folder, 'config.json'), 'w') as file:
        json.dump(fields, file, indent=2, sort_keys=True)
    model = AutoModelForCausalLM.from_pretrained(folder, quantization_config=Mxfp4Config(dequantize=True), dtype=torch.bfloat16)
    read = {name: tensor for name, tensor in model.state_dict().items() if name in expected}
    assert len(read) == 2 and all(torch.equal(tensor.float(), expected[name]) for name, tensor in read.items())
    print('mxfp4: as transformers reads it')


def main(root):
    kinds = {
        'gptq-4': lambda g: gptq(g, 4, 16, False, 'gptq'), 'gptq-8-order': lambda g: gptq(g, 8, 8, True, 'gptq'),
        'gptq-2-v2': lambda g: gptq(g, 2, 16, False, 'gptq_v2'), 'awq': awq, 'fp8-block': lambda g: fp8_block(g, 16),
        'fp8-block-uneven': lambda g: fp8_block(g, 24),
        'compressed-float': lambda g: compressed(g, 'float-quantized'), 'compressed-int': lambda g: compressed(g, 'int-quantized'),
        'compressed-packed': lambda g: compressed(g, 'pack-quantized'), 'bytes': bytes_of, 'nf4': lambda g: nf4(g, False),
        'nf4-nested': lambda g: nf4(g, True)} | {
            kind: lambda g, kind=kind: float4(g, kind) for kind in ('compressed-mxfp4', 'compressed-nvfp4', 'modelopt-nvfp4')}
    for seed, (name, make) in enumerate(kinds.items()):
        g = torch.Generator().manual_seed(1000 + seed)
        quantization, one = make(g)
        stored, expected = plain(g), {}
        for module, (out, inp) in SHAPES.items():
            tensors, weight = one(module, out, inp)
            stored |= tensors
            expected[f'{module}.weight'] = weight.float().contiguous()
        folder = os.path.join(root, 'quantized', name)
        os.makedirs(folder, exist_ok=True)
        save_file(stored, os.path.join(folder, 'model.safetensors'), {'format': 'pt'})
        save_file(expected, os.path.join(folder, 'expected.safetensors'))
        with open(os.path.join(folder, 'config.json'), 'w') as file:
            json.dump(CONFIG | {'quantization_config': quantization}, file, indent=2)
        if name == 'fp8-block':
            by_transformers(folder, expected)
            print('fp8-block: as transformers reads it')
    folder = os.path.join(root, 'quantized', 'mxfp4')
    os.makedirs(folder, exist_ok=True)
    mxfp4(torch.Generator().manual_seed(1100), folder)


if __name__ == '__main__':
    main(*sys.argv[1:])
