"""Compares a new run's goldens with the committed ones, tensor by tensor.
usage: compare.py NEW OLD     every .safetensors file below NEW against the one of the same name below OLD

A line for each file: its worst tensor and how far that is apart, over the tensor's largest entry. Exit code 1 where a file or a
tensor is missing, integers differ, or anything is further apart than 1e-5, the tightest tolerance of a float32 figure.
"""
import os
import sys

import numpy as np

from decoder import read

LIMIT = 1e-5


def worst(new, old):
    """The name of the tensor that is furthest apart, and how far."""
    a, b = read(new), read(old)
    assert a.keys() == b.keys(), f'{new}: the tensors differ: {sorted(a.keys() ^ b.keys())}'
    return max(((apart(a[name], b[name]), name) for name in a))


def apart(a, b):
    if a.shape != b.shape or a.dtype != b.dtype:
        return np.inf
    if a.dtype == np.int64:
        return 0.0 if (a == b).all() else np.inf
    return float(np.abs(a - b).max() / (np.abs(b).max() or 1.0))


def main(new, old):
    files = sorted(os.path.join(w, f) for w, _, names in os.walk(new) for f in names if f.endswith('.safetensors'))
    assert files, f'{new} holds no .safetensors file'
    failed = False
    for path in files:
        distance, name = worst(path, os.path.join(old, os.path.relpath(path, new)))
        failed |= not distance <= LIMIT
        print(f'{os.path.relpath(path, new):48s} {distance:.1e} {name}{"" if distance <= LIMIT else "  TOO FAR"}')
    return failed


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
