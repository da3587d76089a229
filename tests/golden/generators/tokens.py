"""Goldens of tokenizers: ids and texts by Hugging Face's tokenizers, by transformers' conversions and by SentencePiece.

    tokens.py FOLDER [NAME ...]           writes FOLDER/tokenizers-kinds: one folder for each kind, and steps.jsonl.gz
    tokens.py FOLDER found TOKENIZERS     writes FOLDER/found/NAME/cases.jsonl for each TOKENIZERS/NAME/tokenizer.json, beside a copy of it

The second is for development only: tokenizers of others are not to be committed. TokenizerKindTests reads what ESPALIER_TOKENIZER_CASES names.

Everything in it is trained here, on our own text and on what the bundled teacher wrote.
"""
import io
import json
import os
import random
import shutil
import sys

import sentencepiece
import tokenizers
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import token_steps
import token_texts

VERSIONS = f'tokenizers {tokenizers.__version__}, transformers {transformers.__version__}, sentencepiece {sentencepiece.__version__}'
MODELS = '/mnt/models' if os.path.isdir('/mnt/models') else os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../../models')
TEXTS = token_texts.texts()
LINES = token_texts.training(MODELS)
ADDED = [AddedToken('[X]', special=False), AddedToken('[W]', single_word=True), AddedToken('[L]', lstrip=True), AddedToken('[R]', rstrip=True)]

LOWERED = ['wordpiece-bert', 'bpe-words']
WRITTEN = [AddedToken(token.content, single_word=token.single_word, lstrip=token.lstrip, rstrip=token.rstrip, normalized=False) for token in ADDED]


def template(before, after, tokens):
    return processors.TemplateProcessing(single=[*before, '$A', *after], special_tokens=tokens)


def marked(**arguments):
    return pre_tokenizers.Metaspace(replacement='▁', **arguments)


def unigram(normalizer, splits, decoder, byte_fallback=False, size=600):
    """A Unigram tokenizer of small pieces, with the unknown one third."""
    trained = Tokenizer(models.Unigram())
    if normalizer is not None:
        trained.normalizer = normalizer
    trained.pre_tokenizer = marked(prepend_scheme='always') if splits is None else splits
    special = ['<pad>', '</s>', '<unk>', '<s>'] + ([f'<0x{value:02X}>' for value in range(256)] if byte_fallback else [])
    trained.train_from_iterator(LINES, trainers.UnigramTrainer(vocab_size=size, special_tokens=special, unk_token='<unk>', show_progress=False, max_piece_length=12))
    data = json.loads(trained.to_str())
    data['model']['byte_fallback'] = byte_fallback
    data['added_tokens'] = [token for token in data['added_tokens'] if not token['content'].startswith('<0x')]
    result = Tokenizer.from_str(json.dumps(data))
    if splits is not None:
        result.pre_tokenizer = splits
    result.decoder = decoder
    return result


def unigram_nmt():
    result = unigram(normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(' {2,}'), ' ')]), None,
                     decoders.Metaspace())
    result.post_processor = template([], ['</s>'], [('</s>', 1)])
    return result


def unigram_t5():
    charsmap = spm('unigram', normalization_rule_tsv=rules()).normalizer_spec.precompiled_charsmap
    result = unigram(normalizers.Precompiled(charsmap), pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), marked(prepend_scheme='always')]),
                     decoders.Metaspace())
    result.post_processor = template([], ['</s>'], [('</s>', 1)])
    return result


def unigram_bytes():
    return unigram(None, marked(prepend_scheme='first', split=False),
                   decoders.Sequence([decoders.Replace('▁', ' '), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(' ', 1, 0)]), byte_fallback=True, size=800)


def wordpiece(normalizer, splits, size=700):
    result = Tokenizer(models.WordPiece(unk_token='[UNK]'))
    (result.normalizer, result.pre_tokenizer) = (normalizer, splits)
    result.train_from_iterator(LINES, trainers.WordPieceTrainer(vocab_size=size, special_tokens=['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'], show_progress=False))
    return result


def wordpiece_bert():
    result = wordpiece(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    result.post_processor = template(['[CLS]'], ['[SEP]'], [('[CLS]', 2), ('[SEP]', 3)])
    result.decoder = decoders.WordPiece()
    return result


def wordpiece_words():
    result = wordpiece(normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]), pre_tokenizers.Whitespace())
    result.post_processor = processors.BertProcessing(('[SEP]', 3), ('[CLS]', 2))
    result.decoder = decoders.WordPiece(cleanup=False)
    return result


def bpe(splits, normalizer=None, byte_level=True, size=700, **arguments):
    result = Tokenizer(models.BPE(**arguments))
    result.pre_tokenizer = splits
    if normalizer is not None:
        result.normalizer = normalizer
    special = ['<unk>', '<s>', '<pad>'] + ([f'<0x{value:02X}>' for value in range(256)] if arguments.get('byte_fallback') else [])
    result.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=size, special_tokens=special, show_progress=False,
                                                          initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if byte_level else []))
    data = json.loads(result.to_str())
    data['added_tokens'] = [token for token in data['added_tokens'] if not token['content'].startswith('<0x')]
    result = Tokenizer.from_str(json.dumps(data))
    if byte_level:
        result.decoder = decoders.ByteLevel()
    return result


def isolated(*patterns):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), 'isolated') for pattern in patterns]
                                   + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def bpe_deepseek3():
    return bpe(isolated(*token_steps.DEEPSEEK3))


def bpe_o200k():
    return bpe(isolated(token_steps.O200K))


def bpe_falcon():
    return bpe(pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation('contiguous'), pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.Digits(individual_digits=False),
        pre_tokenizers.Split(Regex('[0-9][0-9][0-9]'), 'isolated')]))


def bpe_gemma():
    result = bpe(pre_tokenizers.Split(' ', 'merged_with_previous'), normalizers.Replace(' ', '▁'), byte_level=False, size=900, unk_token='<unk>', fuse_unk=True,
                 byte_fallback=True)
    result.decoder = decoders.Sequence([decoders.Replace('▁', ' '), decoders.ByteFallback(), decoders.Fuse()])
    result.post_processor = template(['<s>'], [], [('<s>', 1)])
    return result


def bpe_words():
    return bpe(pre_tokenizers.Whitespace(), normalizers.Lowercase(), byte_level=False, unk_token='<unk>')


def rules():
    """A file of small rules for SentencePiece: NFKC of some characters, controls and odd spaces, and clusters that begin alike."""
    import tempfile
    import unicodedata
    points = [*range(0xA0, 0x180), *range(0x2000, 0x2070), *range(0x2150, 0x2190), *range(0x2460, 0x2480), *range(0x3000, 0x3003), *range(0xFB00, 0xFB07),
              *range(0xFF01, 0xFF70)]
    pairs = {chr(point): unicodedata.normalize('NFKC', chr(point)) for point in points}
    pairs |= {unicodedata.normalize('NFD', text): text for text in 'éèêàùçñöüåąйёאָ' if len(unicodedata.normalize('NFD', text)) > 1}
    pairs |= {'\t': ' ', '\n': ' ', '\r': ' ', '\x01': '', '\u200b': ' ', '\ufeff': '', 'ب': 'b', 'بَ': 'ba', 'ﬀ': 'ff', '\u200d': '', 'م': 'm', 'Ё': 'Е'}
    with tempfile.NamedTemporaryFile('w', suffix='.tsv', delete=False, encoding='ascii') as file:
        for before, after in sorted(pairs.items()):
            if before != after:
                print(*(' '.join(f'{ord(c):X}' for c in text) for text in (before, after)), sep='\t', file=file)
    return file.name


def spm(model_type, **arguments):
    """A SentencePiece model, as its message."""
    from sentencepiece import sentencepiece_model_pb2
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=written, model_type=model_type, num_threads=1, minloglevel=2,
        **({'vocab_size': 700, 'character_coverage': 0.98} | arguments))
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(written.getvalue())
    return model


JSON_KINDS = {'unigram-nmt': unigram_nmt, 'unigram-t5': unigram_t5, 'unigram-bytes': unigram_bytes, 'wordpiece-bert': wordpiece_bert,
              'wordpiece-words': wordpiece_words, 'bpe-deepseek3': bpe_deepseek3, 'bpe-o200k': bpe_o200k, 'bpe-falcon': bpe_falcon, 'bpe-gemma': bpe_gemma,
              'bpe-words': bpe_words}


def write_cases(path, tokenizer, extra=None):
    """Cases of a tokenizers.Tokenizer, and ids that no text gives."""
    rng = random.Random(7)
    with open(f'{path}/cases.jsonl', 'w', encoding='ascii') as file:
        for text in TEXTS:
            ids = tokenizer.encode(text).ids
            case = {'text': text, 'ids_no_special': tokenizer.encode(text, add_special_tokens=False).ids, 'ids': ids,
                    'decoded': tokenizer.decode(ids, skip_special_tokens=False), 'decoded_skip_special': tokenizer.decode(ids)}
            print(json.dumps(case | ({} if extra is None else extra(text))), file=file)
    with open(f'{path}/decode_cases.jsonl', 'w', encoding='ascii') as file:
        for _ in range(40):
            ids = [rng.randrange(tokenizer.get_vocab_size()) for _ in range(rng.randint(1, 12))]
            print(json.dumps({'ids': ids, 'decoded': tokenizer.decode(ids, skip_special_tokens=False), 'decoded_skip_special': tokenizer.decode(ids)}), file=file)


def found(folder, others):
    """Cases of tokenizers that are there already."""
    for name in sorted(os.listdir(others)):
        path = os.path.join(folder, 'found', name)
        os.makedirs(path, exist_ok=True)
        shutil.copy(f'{others}/{name}/tokenizer.json', path)
        write_cases(path, Tokenizer.from_file(f'{path}/tokenizer.json'))


def main(folder, names):
    root = os.path.join(folder, 'tokenizers-kinds')
    os.makedirs(root, exist_ok=True)
    if not names or 'steps' in names:
        token_steps.write(f'{root}/steps.jsonl.gz')
    for name, make in JSON_KINDS.items():
        if names and name not in names:
            continue
        path = f'{root}/{name}'
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        tokenizer = make()
        # Library 0.23 decodes a token that a normalizer changes as changed, 0.22 as written; here nothing changes one.
        tokenizer.add_tokens(WRITTEN if name in LOWERED else ADDED)
        tokenizer.save(f'{path}/tokenizer.json', pretty=False)
        write_cases(path, tokenizer)
    with open(f'{os.path.dirname(os.path.abspath(__file__))}/tokens.readme.md', encoding='utf-8') as file, \
            open(f'{root}/README.md', 'w', encoding='utf-8') as out:
        out.write(file.read().replace('{VERSIONS}', VERSIONS))
    import token_files
    token_files.write(root, names)


if __name__ == '__main__':
    print(VERSIONS)
    if sys.argv[2:3] == ['found']:
        found(sys.argv[1], sys.argv[3])
        sys.exit()
    main(sys.argv[1], sys.argv[2:])
