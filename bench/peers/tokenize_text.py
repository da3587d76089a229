"""A peer of the tokenizer: Hugging Face's library over a file of documents, one JSON string a line.

    python3 tokenize_text.py --tokenizer FOLDER/tokenizer.json --text documents.jsonl --threads 2

The first pass is cold (nothing in the cache), the others are warm. Ids are told by their SHA-256: int32, little endian, -1 behind each document.
"""
import argparse
import hashlib
import json
import os
import time

p = argparse.ArgumentParser()
p.add_argument("--tokenizer", required=True)
p.add_argument("--text", required=True)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--passes", type=int, default=2)
p.add_argument("--fast", action="store_true", help="encode_batch_fast, which keeps no offsets")
a = p.parse_args()
os.environ["RAYON_NUM_THREADS"] = str(a.threads)
os.environ["TOKENIZERS_PARALLELISM"] = "true" if a.threads > 1 else "false"

import numpy as np  # noqa: E402
import tokenizers  # noqa: E402

documents = [json.loads(line) for line in open(a.text, encoding="utf-8")]
tokenizer = tokenizers.Tokenizer.from_file(a.tokenizer)
encode = tokenizer.encode_batch_fast if a.fast else tokenizer.encode_batch
for number in range(a.passes):
    busy, start = time.process_time(), time.perf_counter()
    encodings = encode(documents, add_special_tokens=False)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    digest, tokens = hashlib.sha256(), 0
    for encoding in encodings:
        ids = encoding.ids
        tokens += len(ids)
        digest.update(np.asarray(ids + [-1], "<i4").tobytes())
    del encodings
    print(json.dumps(dict(event="pass", version=tokenizers.__version__, number=number, seconds=seconds, processor=busy, tokens=tokens, sha256=digest.hexdigest())), flush=True)
