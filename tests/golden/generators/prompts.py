"""Hashes of prompts by the rules of lm-evaluation-harness 0.4.13, made by Python's own csv, json and random, for benchmarks that are not
in this repository; none of their text is written.
usage: prompts.py BENCHMARKS FOLDER     writes FOLDER/prompts/prompts.json"""
import bz2
import csv
import hashlib
import json
import os
import random
import sys

PREAMBLE = 'Q: Is water wet?\nA: It is.\n\nQ: Who wrote this?\nA: A test did.'


def json_lines(*path):
    with open(os.path.join(*path), encoding='utf-8') as lines:
        return [json.loads(line) for line in lines if line.strip()]


def rows(*path):
    """Line breaks inside of values are LF, as Python's text files have them: one question of MMLU's dev files has CRLF."""
    with open(os.path.join(*path), encoding='utf-8') as file:
        return list(csv.reader(file))


def asked(documents, shots, question, shot, pool=None):
    """Each document's context. Where shots come from the documents themselves one more is drawn, and the document is left out."""
    drawn = random.Random(1234)
    for document in documents:
        some = []
        if shots:
            some = drawn.sample(documents if pool is None else pool, shots + (pool is None))
            some = [other for other in some if pool is not None or other != document][:shots]
        yield document, ''.join(question(other) + shot(other) + '\n\n' for other in some) + question(document)


def hashed(pairs):
    sha = hashlib.sha256()
    count = 0
    for pair in pairs:
        count += 1
        for part in pair:
            sha.update(part.encode() + b'\0')
    return dict(pairs=count, sha256=sha.hexdigest())


def choices(documents, shots, question, of, right, pool=None):
    shot = lambda document: ' ' + of(document)[right(document)]
    for document, context in asked(documents, shots, question, shot, pool):
        for choice in of(document):
            yield context, ' ' + choice


def mmlu(root, subject):
    text = lambda row: '\n'.join([row[0].strip(), *(f'{letter}. {row[1 + i]}' for i, letter in enumerate('ABCD')), 'Answer:'])
    before = f'The following are multiple choice questions (with answers) about {subject.replace("_", " ")}.\n\n'
    before += ''.join(f'{text(row)} {row[5]}\n\n' for row in rows(root, 'mmlu', 'dev', f'{subject}_dev.csv')[:5])
    for row in rows(root, 'mmlu', 'test', f'{subject}_test.csv'):
        for letter in 'ABCD':
            yield before + text(row), ' ' + letter


def truthful(root, several):
    parts = lambda text: [part.strip() for part in text.split(';') if part.strip()]
    closed = lambda text: text if text.endswith('.') else text + '.'
    with open(os.path.join(root, 'truthfulqa', 'TruthfulQA.csv'), encoding='utf-8', newline='') as file:
        for row in csv.DictReader(file):
            right = parts(row['Correct Answers']) if several else [row['Best Answer'].strip()]
            for answer in right + parts(row['Incorrect Answers']):
                yield f'{PREAMBLE}\n\nQ: {row["Question"]}\nA:', ' ' + closed(answer)


def hellaswag(root):
    with bz2.open(os.path.join(root, 'hellaswag', 'hellaswag_val_full.txt.bz2'), 'rt', encoding='utf-8', newline='\n') as file:
        lines = file.read().split('\n')
    return [lines[i:i + 6] for i in range(0, len(lines) - 5, 6)]


def run(root, folder):
    plain = lambda field: lambda document: f'Question: {document[field]}\nAnswer:'
    by_number = lambda document: document['answer']
    read = {name: json_lines(root, name, 'test.jsonl') for name in ('arc_easy', 'piqa', 'social_iqa', 'gsm8k', 'openbookqa')}
    gsm8k = asked(read['gsm8k'], 5, plain('question'), lambda document: ' ' + document['answer'], json_lines(root, 'gsm8k', 'train.jsonl'))
    subjects = sorted(name[:-len('_test.csv')] for name in os.listdir(os.path.join(root, 'mmlu', 'test')))
    golden = {
        'mmlu': {subject: hashed(mmlu(root, subject)) for subject in subjects},
        'tasks': [dict(task=task, shots=shots, **hashed(pairs)) for task, shots, pairs in [
            ('arc_easy', 0, choices(read['arc_easy'], 0, plain('question'), lambda d: d['choices'], by_number)),
            ('openbookqa', 0, choices(read['openbookqa'], 0, lambda d: d['question'], lambda d: d['choices'], by_number)),
            ('piqa', 3, choices(read['piqa'], 3, plain('goal'), lambda d: d['solutions'], by_number)),
            ('social_iqa', 2, choices(read['social_iqa'], 2, lambda d: f'Q: {d["question"]}\nA:', lambda d: d['choices'], by_number)),
            ('hellaswag', 1, choices(hellaswag(root), 1, lambda d: d[0], lambda d: d[2:6], lambda d: int(d[1]))),
            ('truthfulqa_mc1', 0, truthful(root, False)),
            ('truthfulqa_mc2', 0, truthful(root, True)),
            ('gsm8k', 5, ((context,) for _, context in gsm8k)),
        ]],
    }
    os.makedirs(os.path.join(folder, 'prompts'), exist_ok=True)
    with open(os.path.join(folder, 'prompts', 'prompts.json'), 'w', encoding='utf-8') as out:
        json.dump(golden, out, indent=1)
        out.write('\n')
    print(len(subjects), 'subjects;', ', '.join(f'{entry["task"]} {entry["pairs"]}' for entry in golden['tasks']))


if __name__ == '__main__':
    run(*sys.argv[1:])
