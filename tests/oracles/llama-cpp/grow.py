"""Makes a model of twice the width of a Llama-layout folder that computes the same (arXiv 1511.05641): each channel, head and neuron stands
twice, and the columns that read a doubled channel share its weight unequally, so that training tells the copies apart. A few hundred steps
of `espalier correct` make a trained model of it, larger than the bundled one.

    python3 grow.py FOLDER OUTPUT        python3-torch, python3-safetensors
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

source, target = Path(sys.argv[1]), Path(sys.argv[2])
torch.manual_seed(5)
target.mkdir(parents=True)
config = json.loads((source / "config.json").read_text())
for field in ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads"):
    config[field] *= 2
config["tie_word_embeddings"] = False
(target / "config.json").write_text(json.dumps(config, indent=2))
for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "special_tokens_map.json"):
    if (source / name).exists():
        shutil.copy(source / name, target / name)


def rows(w):
    return torch.cat([w, w])


def columns(w):
    share = 0.5 + 0.25 * (torch.rand_like(w) - 0.5)
    return torch.cat([w * share, w * (1 - share)], dim=1)


weights = {name: w.float() for file in source.glob("*.safetensors") for name, w in load_file(file).items()}
grown = {}
for name, w in weights.items():
    if name == "model.embed_tokens.weight":
        grown[name] = torch.cat([w, w], dim=1)
    elif w.dim() == 1:
        grown[name] = rows(w)
    elif name != "lm_head.weight":
        grown[name] = columns(rows(w))
grown["lm_head.weight"] = columns(weights.get("lm_head.weight", weights["model.embed_tokens.weight"]))
save_file({name: w.contiguous() for name, w in grown.items()}, target / "model.safetensors", metadata={"format": "pt"})
print(sum(w.numel() for w in grown.values()), "parameters")
