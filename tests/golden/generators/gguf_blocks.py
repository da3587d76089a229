"""Golden blocks of ggml's quantised types: seeded weights, what ggml's own quantisers make of them, and what it decodes from that.
usage: gguf_blocks.py FOLDER LIBGGML_BASE     writes FOLDER/gguf/blocks.safetensors; the library is that of any build of llama.cpp, such as
libggml-base.so of the npm package @node-llama-cpp/linux-x64. Needs nothing but Python."""
import ctypes
import json
import math
import os
import random
import struct
import sys

WIDTH, ROWS = 512, 8
READ_ONLY = {'q4_1': (3, 32, 20), 'q5_1': (7, 32, 24), 'q2_K': (10, 256, 84), 'q3_K': (11, 256, 110), 'iq4_nl': (20, 32, 18), 'iq4_xs': (23, 256, 136),
             'mxfp4': (39, 32, 17)}
TYPES = {'q4_0': (2, 32, 18), 'q5_0': (6, 32, 22), 'q8_0': (8, 32, 34), 'q4_K': (12, 256, 144), 'q5_K': (13, 256, 176), 'q6_K': (14, 256, 210)}


def rows(rng):
    """Eight rows that searches go wrong on: normal, heavy tails, all of one sign, one huge weight, tiny ones, zeros among them, few values."""
    normal = lambda: rng.gauss(0, 0.02)
    yield [normal() for _ in range(WIDTH)]
    yield [normal() for _ in range(WIDTH)]
    yield [normal() / max(0.05, abs(rng.gauss(0, 1))) for _ in range(WIDTH)]
    yield [abs(normal()) + 0.01 for _ in range(WIDTH)]
    yield [-abs(normal()) for _ in range(WIDTH)]
    yield [3.0 if i % 100 == 7 else normal() for i in range(WIDTH)]
    yield [0.0 if i % 256 < 64 else 1e-6 * rng.gauss(0, 1) for i in range(WIDTH)]
    yield [0.5 * rng.randrange(-3, 4) for _ in range(WIDTH)]


def main(folder, library):
    ggml = ctypes.CDLL(library)
    ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
    ggml.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + 3 * [ctypes.c_int64] + [ctypes.c_void_p]
    rng = random.Random(20261130)
    count = WIDTH * ROWS
    weights = (ctypes.c_float * count)(*[w for row in rows(rng) for w in row])
    importance = (ctypes.c_float * WIDTH)(*[math.exp(1.5 * rng.gauss(0, 1)) for _ in range(WIDTH)])
    tensors = {'weights': ('F32', [ROWS, WIDTH], bytes(weights)), 'importance': ('F32', [WIDTH], bytes(importance))}
    for name, (number, size, block) in (TYPES | READ_ONLY).items():
        for kind, costs in (('plain', None), ('weighted', importance))[:1 if name in READ_ONLY else 2]:
            encoded = (ctypes.c_uint8 * (count // size * block))()
            ggml.ggml_quantize_chunk(number, weights, encoded, 0, ROWS, WIDTH, costs)
            decoded = (ctypes.c_float * count)()
            decode = getattr(ggml, 'dequantize_row_' + name)
            decode.restype, decode.argtypes = None, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
            decode(encoded, decoded, count)
            tensors[f'{name}.{kind}.bytes'] = ('U8', [len(encoded)], bytes(encoded))
            tensors[f'{name}.{kind}.decoded'] = ('F32', [ROWS, WIDTH], bytes(decoded))
    write(os.path.join(folder, 'gguf', 'blocks.safetensors'), tensors)


def write(path, tensors):
    header, offset = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {'dtype': dtype, 'shape': shape, 'data_offsets': [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for _, _, data in tensors.values():
            file.write(data)


if __name__ == '__main__':
    main(*sys.argv[1:])
