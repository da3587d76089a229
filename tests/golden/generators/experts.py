"""Importance of experts and of their neurons, in numpy (decoder.py), of the families with experts.
usage: experts.py FOLDER     reads FOLDER/families, or those of tests/golden where it has none, and writes FOLDER/experts"""
from common import *
from decoder import Model, read, weights
from expert_merging import merge, names, routing

FAMILIES = ('gpt-oss', 'mixtral', 'olmoe', 'qwen3-moe', 'qwen3-moe-mixed')


def merged(config, tensors, model, scores, ids):
    """The model with two experts of each layer merged into the others: how, and its logits."""
    out, left = {}, dict(tensors)
    for layer in range(config['num_hidden_layers']):
        if ('expert', layer) not in model.rec:
            continue
        worth = scores[f'output.{layer}']
        kept = sorted(np.argsort(-worth, kind='stable')[: len(worth) - 2])
        out[f'mass.{layer}'], out[f'nearness.{layer}'] = mass, near = routing(model, layer)
        weights, pairs, shares, neurons = merge(config, tensors, layer, kept, mass, near)
        for name in [n % e for n in names(config, layer)[1] for e in range(len(worth))]:
            left.pop(name, None)
        left.update(weights)
        out |= {f'{k}.{layer}': np.array(v) for k, v in (('pairs', pairs), ('shares', shares), ('neurons', neurons))}
    small = Model(config, left)
    return out | {'logits': small.forward(ids)}


def score(values):
    """l2 over samples of the mean over positions of |value|, [samples, positions, ...]."""
    return np.sqrt((np.abs(values).mean(1) ** 2).sum(0))


if __name__ == '__main__':
    out = sys.argv[1]
    source = out if os.path.isdir(os.path.join(out, 'families')) else '/mnt/golden'
    root = folder(out, 'experts')
    for name in FAMILIES:
        d = os.path.join(source, 'families', name)
        config, tensors = weights(d)
        model, scores = Model(config, tensors), {}
        # Windows of 24 ids, of which the last is a target alone.
        ids = read(os.path.join(d, 'golden.safetensors'))['input_ids'][:, :23]
        model.forward(ids)
        for layer in range(config['num_hidden_layers']):
            if ('expert', layer) in model.rec:
                scores[f'output.{layer}'] = score(model.rec['expert', layer])
                scores[f'mass.{layer}'] = score(model.rec['router', layer])
                scores[f'neurons.{layer}'] = score(model.rec['expert neuron', layer])
        store(os.path.join(root, f'{name}.safetensors'), scores, f64=('',))
        store(os.path.join(root, f'{name}.merged.safetensors'), merged(config, tensors, model, scores, ids), f64=('',))
    write_readme(root, 'experts', {})
