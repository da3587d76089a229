"""Defaults of the config classes of the families, as transformers has them.
usage: defaults.py FOLDER     writes FOLDER/defaults"""
import json

from common import *
from families import FAMILIES


def own(config):
    """What a class gives for a config without fields, but for what every config class gives."""
    base = transformers.PretrainedConfig().to_dict()
    return {k: v for k, v in config().to_dict().items() if k != 'model_type' and (k not in base or base[k] != v)}


if __name__ == '__main__':
    root = folder(sys.argv[1], 'defaults')
    classes = {config.model_type: config for _, _, config, _ in FAMILIES.values()}
    with open(os.path.join(root, 'defaults.json'), 'w') as file:
        json.dump({name: own(classes[name]) for name in sorted(classes)}, file, indent=2, sort_keys=True)
        file.write('\n')
    write_readme(root, 'defaults', {})
