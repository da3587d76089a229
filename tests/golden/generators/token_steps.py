"""Normalizers, pre-tokenizers and decoders alone: what each makes of our texts."""
import gzip
import io
import json

from tokenizers import Tokenizer
from tokenizers.models import WordLevel

import token_texts

O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK3 = [r'\p{N}{1,3}', '[一-龥぀-ゟ゠-ヿ]+',
             '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*'
             '|\\s*[\r\n]+|\\s+(?!\\S)|\\s+']
BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous']

# Written so that each asks something else of an engine: what is greedy, lazy, possessive, counted, looked at, without width.
EXPRESSIONS = [
    r'\s+(?!\S)|\s+', r'\p{N}{1,3}', r'\d+', r'\w+', r'\W+', r'[^\s\p{L}]+', r'(?i:[a-f]+)', r"(?i)'ll|k", r'(?:ab|a|b)+?', r'a+?b*', r'\p{L}++\p{N}?',
    r'(?<=\s)\S', r'(?<!\p{L})\p{L}', r'(?=[A-Z])', r'\b', r'^.', r'.$', r'\A\s*', r'\s*\z', r'\p{Lu}\p{Ll}+', r'[\p{L}&&[^a-z]]+', r'[a-c[x-z]]', r'[\d\-.]+',
    r'\P{L}', r'\p{^L}{2}', r'\x61|\u4e2d|\x{1F600}', r'[0-9][0-9][0-9]', r'(?:\p{L}{2}){1,2}', r'\p{L}{2}+', r'!|x', r'[\r\n]',
    r'\s?\p{L}+', r'\s?\p{P}+', r'\p{Han}+', r'[一-龥ࠀ-一가-퟿]+', r'.{2}', r'(a|e|i|o|u)', r"'(?:[sdmt]|ll|ve|re)", r'\S*\s', r'(?:\s|\p{L})*?\p{P}',
    r'\p{M}+', r'[^\p{M}]\p{M}+', r'(?!\p{L})\S', r' {2,}', r'[\s\S]{3}?', r'\p{S}|\p{Sc}', r'\h+', r'\u00a0',
]


def pre_tokenizers():
    """Nodes of tokenizer.json."""
    for pattern in [{'String': ' '}, {'String': 'a'}, {'String': '  '}, {'Regex': r'\s+'}, {'Regex': r'\p{P}'}, {'Regex': r'(?=[A-Z])'}]:
        for behavior in BEHAVIORS:
            for invert in [False, True]:
                yield {'type': 'Split', 'pattern': pattern, 'behavior': behavior, 'invert': invert}
    for behavior in BEHAVIORS:
        yield {'type': 'Punctuation', 'behavior': behavior}
    for name in ['Whitespace', 'WhitespaceSplit', 'BertPreTokenizer']:
        yield {'type': name}
    yield {'type': 'CharDelimiterSplit', 'delimiter': 'a'}
    for individual in [False, True]:
        yield {'type': 'Digits', 'individual_digits': individual}
    for scheme in ['always', 'first', 'never']:
        for split in [False, True]:
            yield {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': scheme, 'split': split}
    for pattern in EXPRESSIONS + DEEPSEEK3 + [O200K]:
        yield {'type': 'Split', 'pattern': {'Regex': pattern}, 'behavior': 'Isolated', 'invert': False}
    yield {'type': 'Sequence', 'pretokenizers': [
        {'type': 'Punctuation', 'behavior': 'Contiguous'}, {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': True},
        {'type': 'Digits', 'individual_digits': False},
        {'type': 'Split', 'pattern': {'Regex': '[0-9][0-9][0-9]'}, 'behavior': 'Isolated', 'invert': False}]}
    yield {'type': 'Sequence', 'pretokenizers': [
        {'type': 'WhitespaceSplit'}, {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'always', 'split': True}]}


def normalizers():
    """Nodes of tokenizer.json."""
    for name in ['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt']:
        yield {'type': name}
    for left, right in [(True, True), (True, False), (False, True)]:
        yield {'type': 'Strip', 'strip_left': left, 'strip_right': right}
    yield {'type': 'Prepend', 'prepend': '▁'}
    yield {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'}
    for pattern in [' {2,}', r'\s+', r'\p{P}', r'[\r\n]+|^ ', r'(?<=a)b', r'\d']:
        yield {'type': 'Replace', 'pattern': {'Regex': pattern}, 'content': '~'}
    for clean in [False, True]:
        for ideographs in [False, True]:
            for accents, lower in [(None, True), (None, False), (True, False), (False, True)]:
                yield {'type': 'BertNormalizer', 'clean_text': clean, 'handle_chinese_chars': ideographs, 'strip_accents': accents, 'lowercase': lower}
    yield {'type': 'Sequence', 'normalizers': [{'type': 'NFKD'}, {'type': 'StripAccents'}, {'type': 'Lowercase'}]}


def decoders():
    """Nodes of tokenizer.json, and tokens for them."""
    tokens = [['hello', '##s', 'world', '.', "'", 's', "n't", 'do', 'not', "'s", '##'], ['##a', 'b', ',', '?'], ['a</w>', 'b', 'c</w>', '</w>'], [],
              ['▁a', 'b', '▁', '▁c▁'], ['<0xE4>', '<0xB8>', '<0xAD>', 'x', '<0xFF>', '<0x41>'], [' .', '  ', ' a', 'b ']]
    for node in [{'type': 'WordPiece', 'prefix': '##', 'cleanup': True}, {'type': 'WordPiece', 'prefix': '##', 'cleanup': False},
                 {'type': 'BPEDecoder', 'suffix': '</w>'}, {'type': 'ByteFallback'}, {'type': 'Fuse'},
                 {'type': 'Replace', 'pattern': {'String': '▁'}, 'content': ' '}, {'type': 'Replace', 'pattern': {'Regex': '[▁ ]+'}, 'content': '-'},
                 {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'always', 'split': True},
                 {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': 'never', 'split': True},
                 {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 1},
                 {'type': 'Sequence', 'decoders': [{'type': 'Replace', 'pattern': {'String': '▁'}, 'content': ' '}, {'type': 'ByteFallback'},
                                                   {'type': 'Fuse'}, {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 0}]}]:
        yield node, tokens


def tokenizer(**parts):
    """A tokenizer of these parts."""
    return Tokenizer.from_str(json.dumps({
        'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': [], 'normalizer': None, 'pre_tokenizer': None, 'post_processor': None,
        'decoder': None, 'model': {'type': 'WordLevel', 'vocab': {'x': 0}, 'unk_token': 'x'}} | parts))


def write(path):
    """One object a line: a step and, for each text, what becomes of it."""
    texts = token_texts.texts()
    with gzip.GzipFile(path, 'wb', mtime=0) as packed, io.TextIOWrapper(packed, encoding='ascii') as file:
        print(json.dumps({'texts': texts}), file=file)
        for node in normalizers():
            step = tokenizer(normalizer=node).normalizer
            print(json.dumps({'normalizer': node, 'results': [step.normalize_str(text) for text in texts]}), file=file)
        for node in pre_tokenizers():
            step = tokenizer(pre_tokenizer=node).pre_tokenizer
            # Pieces joined by a character that no text holds.
            print(json.dumps({'pre_tokenizer': node, 'results': ['\ufdd1'.join(piece for piece, _ in step.pre_tokenize_str(text)) for text in texts]}), file=file)
        for node, tokens in decoders():
            step = tokenizer(decoder=node).decoder
            print(json.dumps({'decoder': node, 'tokens': tokens, 'results': [step.decode(list(row)) for row in tokens]}), file=file)
