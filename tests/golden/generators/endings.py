"""Writes tasks/endings/endings.jsonl: which words go on a text that the teacher wrote.

The right ones are the document's own next words, the others those of other documents at the same place.
Run from the root of the repository: python3 tests/golden/generators/endings.py
"""
import json
import random

ITEMS, CHOICES, BEFORE, AFTER = 200, 4, 48, 8

folder = "models/quickstart-teacher"
with open(f"{folder}/self-written.jsonl", encoding="utf-8") as lines:
    texts = [json.loads(line)["text"].split() for line in lines]
texts = [words for words in texts if len(words) >= BEFORE + AFTER]
rng = random.Random(1)
with open("tasks/endings/endings.jsonl", "w", encoding="utf-8") as out:
    for number, words in enumerate(texts[:ITEMS]):
        others = rng.sample([other for i, other in enumerate(texts) if i != number], CHOICES - 1)
        choices = [" ".join(text[BEFORE:BEFORE + AFTER]) for text in [words, *others]]
        order = list(range(CHOICES))
        rng.shuffle(order)
        item = {
            "context": " ".join(words[:BEFORE]),
            "choices": [choices[i] for i in order],
            "answer": order.index(0),
        }
        out.write(json.dumps(item, ensure_ascii=False) + "\n")
