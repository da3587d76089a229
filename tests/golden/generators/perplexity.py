"""Golden log-likelihoods of whole texts and of last words under the bundled teacher, by the rules of lm-evaluation-harness 0.4.13
(lm_eval/models/huggingface.py and lm_eval/utils.py), written anew; and pages in WikiText's form, tidied.
usage: perplexity.py FOLDER     writes FOLDER/perplexity; reads models/quickstart-teacher and FOLDER/perplexity/pages.txt"""
import json
import re

from transformers import AutoModelForCausalLM, AutoTokenizer

from common import *

MODEL = next(path for path in ('/mnt/models', os.path.join(HERE, '..', '..', '..', 'models')) if os.path.isdir(path)) + '/quickstart-teacher'


def windows(ids, prefix, longest):
    """Pairs of what is read and how many of the last positions predict, with what they predict."""
    first = min(longest, len(ids))
    yield [prefix] + ids[:first - 1], ids[:first]
    done = first
    while done < len(ids):
        count = min(len(ids) - done, longest)
        end = done + count
        yield ids[end - longest - 1:end - 1], ids[end - count:end]
        done = end


def likelihood(model, read, predicted):
    """Of the last ids, and whether each is the likeliest."""
    with torch.no_grad():
        log = model(input_ids=torch.tensor([read]), use_cache=False).logits[0].log_softmax(-1)[-len(predicted):]
    target = torch.tensor(predicted)
    return log.gather(1, target[:, None]).sum().item(), bool((log.argmax(-1) == target).all())


def encode(tokenizer, text):
    """The tokenizer's own way, but that a text which brings its BOS gets no second one."""
    return tokenizer.encode(text, add_special_tokens=not text.startswith(tokenizer.bos_token))


def rolling(model, tokenizer, text):
    ids = encode(tokenizer, text)
    prefix = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    parts = list(windows(ids, prefix, model.config.max_position_embeddings))
    return dict(text=text, tokens=len(ids), windows=len(parts), words=len(re.split(r'\s+', text)), bytes=len(text.encode()),
                log_likelihood=sum(likelihood(model, *part)[0] for part in parts))


def last_word(model, tokenizer, text):
    context, word = text.rsplit(' ', 1)
    before, whole = encode(tokenizer, context), encode(tokenizer, context + ' ' + word)
    log, greedy = likelihood(model, (before + whole[len(before):])[:-1], whole[len(before):])
    return dict(text=text, log_likelihood=log, greedy=greedy)


def detokenized(page):
    s = page.replace("s '", "s'")
    s = re.sub(r"/' [0-9]/", r"/'[0-9]/", s)
    for mark in '-,.':
        s = s.replace(f' @{mark}@ ', mark)
    for mark in ':;.!?,':
        s = s.replace(f' {mark} ', f'{mark} ')
    for opening, closing in ('()', '[]', '{}', '""', "''"):
        o, c = re.escape(opening), re.escape(closing)
        s = re.sub(f'{o}\\s*([^{c}]*?)\\s*{c}', lambda m: opening + m[1] + closing, s)
    for count in (4, 3, 2):
        s = s.replace(' '.join('=' * count), '=' * count)
    for old, new in ((' \u00b0 ', '\u00b0'), (' \n', '\n'), ('\n ', '\n'), (' N ', ' 1 '), (" 's", "'s")):
        s = s.replace(old, new)
    return s


def pages(text):
    """Pages begin at headings of the first level; those of white space alone are left out."""
    page = []
    for line in text.split('\n'):
        bare = line.replace('= = =', '===').replace('= =', '==').strip()
        if bare.startswith('= ') and bare.endswith(' ='):
            if '\n'.join(page).strip():
                yield '\n'.join(page)
            page = []
        page.append(line)
    if '\n'.join(page).strip():
        yield '\n'.join(page)


def run(root):
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    model = exact64(AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval())
    with open(f'{MODEL}/self-written.jsonl', encoding='utf-8') as lines:
        written = [json.loads(line)['text'] for line in lines]
    longest = model.config.max_position_embeddings
    whole = encode(tokenizer, '\n\n'.join(written[:8]))
    exactly = next(text for n in range(longest - 40, longest + 40)
                   for text in [tokenizer.decode(whole[1:n])] if len(encode(tokenizer, text)) == longest)
    texts = [written[0][:200], ' two words\n', exactly, exactly + '.', '\n\n'.join(written[1:5]), '\n\n'.join(written[5:12]),
             tokenizer.bos_token + written[3][:100]]
    words = [' '.join(re.split(r'\s+', text.strip())[:n]) for n, text in enumerate(written[20:60], 12)]
    with open(os.path.join(root, 'pages.txt'), encoding='utf-8', newline='') as file:
        parts = list(pages(file.read()))
    golden = dict(
        made_with=VERSIONS,
        rolling=[rolling(model, tokenizer, text) for text in texts],
        last_words=[last_word(model, tokenizer, text) for text in words],
        pages=[dict(page=page, text=detokenized(page), words=len(re.split(r'\s+', page)), bytes=len(page.encode())) for page in parts],
    )
    with open(os.path.join(root, 'golden.json'), 'w', encoding='utf-8') as out:
        json.dump(golden, out, ensure_ascii=False, indent=1)
        out.write('\n')
    for entry in golden['rolling']:
        print(entry['tokens'], entry['windows'], entry['words'], entry['bytes'], round(entry['log_likelihood'], 6))
    print('greedy', sum(entry['greedy'] for entry in golden['last_words']), 'of', len(words))
    write_readme(root, 'perplexity', dict(TEXTS=len(texts), WORDS=len(words), PAGES=len(parts)))


if __name__ == '__main__':
    run(folder(sys.argv[1], 'perplexity'))
