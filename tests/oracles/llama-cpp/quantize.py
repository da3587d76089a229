"""Quantises a GGUF file with llama.cpp's own quantiser, in the library that node-llama-cpp brings.

    python3 quantize.py FOLDER_OF_LIBRARIES IN.gguf OUT.gguf TYPE        Q4_0 Q5_0 Q4_K_M Q5_K_M Q6_K Q8_0
"""

import ctypes
import glob
import os
import sys

# enum llama_ftype of llama.h.
TYPES = {"Q4_0": 2, "Q8_0": 7, "Q5_0": 8, "Q4_K_M": 15, "Q5_K_M": 17, "Q6_K": 18}


def main():
    folder, source, target, kind = sys.argv[1:]
    for name in ("libggml-base*", "libggml.*", "libllama.*"):
        for path in glob.glob(os.path.join(folder, name + "so*")) + glob.glob(os.path.join(folder, name)):
            if os.path.isfile(path):
                library = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    library.llama_backend_init()
    # llama_model_quantize_params begins with two int32, the threads and the type; a structure of more than 16 bytes is returned through a
    # pointer that is passed as the first argument.
    parameters = (ctypes.c_int32 * 128)()
    library.llama_model_quantize_default_params.argtypes = [ctypes.c_void_p]
    library.llama_model_quantize_default_params(parameters)
    parameters[0], parameters[1] = 1, TYPES[kind]
    library.llama_model_quantize.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p]
    library.llama_model_quantize.restype = ctypes.c_uint32
    status = library.llama_model_quantize(os.fsencode(source), os.fsencode(target), parameters)
    if status != 0:
        sys.exit(f"quantize.py: llama_model_quantize says {status}")


main()
