"""Folders without tokenizer.json: vocab.json and merges.txt, SentencePiece's tokenizer.model, Mistral's tekken.json."""
import base64
import json
import os
import shutil

import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

import tokens


def start(root, name):
    path = f'{root}/{name}'
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def save(path, name, data):
    with open(f'{path}/{name}', 'w', encoding='utf-8') as file:
        json.dump(data, file, ensure_ascii=False)


def load(path):
    """What transformers makes of a folder."""
    return transformers.AutoTokenizer.from_pretrained(path).backend_tokenizer


def vocabulary(path, trained):
    data = json.loads(trained.to_str())['model']
    save(path, 'vocab.json', data['vocab'])
    with open(f'{path}/merges.txt', 'w', encoding='utf-8') as file:
        print('#version: 0.2', file=file)
        for merge in data['merges']:
            print(' '.join(merge), file=file)


def token(content, special=True, **flags):
    return {'content': content, 'lstrip': False, 'rstrip': False, 'normalized': False, 'single_word': False, 'special': special} | flags


def gpt2(path, **config):
    trained = tokens.bpe(pre_tokenizers.ByteLevel(add_prefix_space=False))
    vocabulary(path, trained)
    save(path, 'tokenizer_config.json', {'tokenizer_class': 'GPT2Tokenizer', 'bos_token': '<s>', 'eos_token': '<|endoftext|>', 'unk_token': '<unk>'} | config)


def gpt2_bos(path):
    gpt2(path, add_bos_token=True, add_prefix_space=True)


def qwen2(path):
    trained = tokens.bpe(pre_tokenizers.ByteLevel(add_prefix_space=False))
    vocabulary(path, trained)
    save(path, 'added_tokens.json', {'<|endoftext|>': 700, '<|im_start|>': 701, '[X]': 702, '[L]': 703})
    save(path, 'tokenizer_config.json', {
        'tokenizer_class': 'Qwen2Tokenizer', 'bos_token': None, 'eos_token': '<|endoftext|>', 'unk_token': None, 'pad_token': '<|endoftext|>',
        'added_tokens_decoder': {'700': token('<|endoftext|>'), '701': token('<|im_start|>'), '702': token('[X]', False, normalized=True),
                                 '703': token('[L]', lstrip=True)}})


def spm_llama(path, **config):
    model = tokens.spm('bpe', byte_fallback=True, normalization_rule_name='identity', remove_extra_whitespaces=False, split_digits=True, vocab_size=900,
                       user_defined_symbols=['[X]', '<pad>'], control_symbols=['<s2>'])
    with open(f'{path}/tokenizer.model', 'wb') as file:
        file.write(model.SerializeToString())
    save(path, 'tokenizer_config.json', {'tokenizer_class': 'LlamaTokenizer', 'bos_token': '<s>', 'eos_token': '</s>', 'unk_token': '<unk>', 'add_bos_token': True,
                                         'add_eos_token': False, 'legacy': False} | config)


def spm_legacy(path):
    spm_llama(path, legacy=True, add_eos_token=True)


def spm_gemma(path):
    model = tokens.spm('bpe', byte_fallback=True, normalization_rule_name='identity', remove_extra_whitespaces=False, split_digits=True, vocab_size=900,
                       add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3, bos_piece='<bos>', eos_piece='<eos>',
                       user_defined_symbols=['<start_of_turn>', '[X]', '\t'])
    with open(f'{path}/tokenizer.model', 'wb') as file:
        file.write(model.SerializeToString())
    save(path, 'tokenizer_config.json', {'tokenizer_class': 'GemmaTokenizer', 'bos_token': '<bos>', 'eos_token': '<eos>', 'unk_token': '<unk>',
                                         'pad_token': '<pad>', 'add_bos_token': True, 'add_eos_token': False})


def spm_t5(path):
    model = tokens.spm('unigram', normalization_rule_tsv=tokens.rules(), pad_id=0, eos_id=1, unk_id=2, bos_id=-1, user_defined_symbols=['[X]'])
    with open(f'{path}/spiece.model', 'wb') as file:
        file.write(model.SerializeToString())
    save(path, 'tokenizer_config.json', {'tokenizer_class': 'T5Tokenizer', 'eos_token': '</s>', 'unk_token': '<unk>', 'pad_token': '<pad>', 'extra_ids': 20})


def tekken(path):
    """Mistral's format, over the tokens of a tokenizer that we train; the ids by its rules: control tokens first."""
    pattern = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    trained = json.loads(tokens.bpe(tokens.isolated(pattern)).to_str())['model']
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    back = {letter: value for value in range(256) for letter in [alphabet()[value]]}
    words = [bytes(back[c] for c in word) for word in trained['vocab'] if all(c in back for c in word) and word not in ('<unk>', '<s>', '<pad>')]
    words.sort(key=lambda word: (len(word) != 1, word if len(word) == 1 else b''))
    special = [('<unk>', True), ('<s>', True), ('</s>', True), ('[INST]', True), ('[X]', False)]
    count = 12
    save(path, 'tekken.json', {
        'config': {'pattern': pattern, 'num_vocab_tokens': len(words), 'default_vocab_size': count + len(words) - 5, 'default_num_special_tokens': count,
                   'version': 'v7'},
        'vocab': [{'rank': rank, 'token_bytes': base64.b64encode(word).decode(), 'token_str': None} for rank, word in enumerate(words)],
        'special_tokens': [{'rank': rank, 'token_str': text, 'is_control': control} for rank, (text, control) in enumerate(special)]})
    # What Mistral's own library makes of it, in the terms of the reference library: padding tokens, then ranks, cut at the size.
    names = [text for text, _ in special] + [f'<SPECIAL_{rank}>' for rank in range(len(special), count)]
    words = words[:len(words) - 5]
    write = lambda word: ''.join(alphabet()[value] for value in word)
    known = {word: rank for rank, word in enumerate(words)}
    merges = []
    for word in words:
        pairs = [(word[:cut], word[cut:]) for cut in range(1, len(word)) if word[:cut] in known and word[cut:] in known]
        merges += [(write(left), write(right)) for left, right in sorted(pairs, key=lambda pair: (known[pair[0]], known[pair[1]]))]
    result = Tokenizer(models.BPE({name: id for id, name in enumerate(names)} | {write(word): count + rank for word, rank in known.items()}, merges, ignore_merges=True))
    result.pre_tokenizer = tokens.isolated(pattern)
    result.decoder = decoders.ByteLevel()
    result.post_processor = tokens.template(['<s>'], [], [('<s>', 1)])
    result.add_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    return result


def alphabet():
    """GPT-2's letters of the bytes."""
    printable = [*range(ord('!'), ord('~') + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(value) if value in printable else chr(next(others)) for value in range(256)]


KINDS = {'files-gpt2': gpt2, 'files-gpt2-bos': gpt2_bos, 'files-qwen2': qwen2, 'spm-llama': spm_llama, 'spm-legacy': spm_legacy, 'spm-gemma': spm_gemma,
         'spm-t5': spm_t5, 'tekken': tekken}


def write(root, names):
    for name, make in KINDS.items():
        if names and name not in names:
            continue
        path = start(root, name)
        made = make(path)
        extra = None
        model = next((f'{path}/{file}' for file in ('tokenizer.model', 'spiece.model') if os.path.exists(f'{path}/{file}')), None)
        if model is not None:
            import sentencepiece
            processor = sentencepiece.SentencePieceProcessor(model_file=model)
            extra = lambda text: {'sentencepiece': processor.encode(text)}
        tokens.write_cases(path, made or load(path), extra)
        if os.environ.get('SHOW'):
            print(name, json.dumps({key: value for key, value in json.loads((made or load(path)).to_str()).items() if key != 'model'}, ensure_ascii=False)[:3000])
            print({key: value for key, value in json.loads((made or load(path)).to_str())['model'].items() if key not in ('vocab', 'merges')})
