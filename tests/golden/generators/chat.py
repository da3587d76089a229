"""Goldens of chat templates: what jinja2, as transformers configures it, renders.

    chat.py FOLDER                      writes FOLDER/chat: our own templates over our own conversations, and small questions
    chat.py FOLDER found TEMPLATES      writes FOLDER/found.jsonl: every template below the folder TEMPLATES over the same conversations

The second is for development only: templates of others are not to be committed. FoundTemplatesTests reads the file that ESPALIER_CHAT_CASES names.
"""

import ast
import datetime as clock
import json
import pathlib
import re
import sys

import jinja2
import transformers
from transformers.utils import chat_template_utils

import chat_conversations
import chat_expressions

# The moment of strftime_now, in UTC: the tests' clock stands there too.
NOW = clock.datetime(2025, 7, 4, 9, 5, 3)


# The templates with generation blocks, and the tokenizers of tests/golden/tokenizers-hf that take any text.
MARKED = ["granite", "nemotron"]
TOKENIZERS = ["gpt2-prefix-space", "llama2-byte-fallback", "llama3-bpe"]


class Clock(clock.datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz=None):
        return NOW


chat_template_utils.datetime = Clock


def render(template, variables):
    """The text, or the error in a word; None where the text has an address or another thing of the moment in it."""
    try:
        compiled = chat_template_utils._compile_jinja_template(template)
        if "generation" in template and "{%" in template:
            text, spans = chat_template_utils._render_with_assistant_indices(
                compiled, variables.get("messages"), variables.get("tools"), variables.get("documents"),
                variables.get("add_generation_prompt"),
                **{k: v for k, v in variables.items() if k not in ("messages", "tools", "documents", "add_generation_prompt")})
        else:
            text, spans = compiled.render(**variables), []
    except Exception as error:  # Whatever it is, ours must be one too.
        return {"error": type(error).__name__}
    if re.search(r" at 0x[0-9a-f]+>|<built-in |<class '|<jinja2|Cycler|b'", text):
        return None
    return {"expected": text} | ({"generated": spans} if spans else {})


def cases(template, name, tokens):
    """A template over all conversations."""
    for title, conversation in chat_conversations.CONVERSATIONS.items():
        for prompt in (False, True):
            variables = tokens | {"messages": conversation["messages"], "tools": conversation.get("tools"),
                                  "documents": conversation.get("documents"), "add_generation_prompt": prompt} | conversation.get("variables", {})
            result = render(template, variables)
            if result is not None:
                yield {"template": name, "conversation": title, "add_generation_prompt": prompt} | result


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    print(path, len(lines))


def masks(template, name, golden):
    """The ids of the conversations by small tokenizers, and which of them transformers takes for the assistant's."""
    for kind in TOKENIZERS:
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(golden / "tokenizers-hf" / kind / "tokenizer.json"))
        for title, conversation in chat_conversations.CONVERSATIONS.items():
            try:
                made = tokenizer.apply_chat_template(
                    conversation["messages"], tools=conversation.get("tools"), documents=conversation.get("documents"), chat_template=template,
                    return_dict=True, return_assistant_tokens_mask=True, **chat_conversations.TOKENS, **conversation.get("variables", {}))
            except Exception as error:
                print(name, kind, title, type(error).__name__, error)
                continue
            yield {"template": name, "tokenizer": kind, "conversation": title, "add_generation_prompt": False,
                   "ids": list(made["input_ids"]), "mask": list(made["assistant_masks"])}


def own(folder):
    out = pathlib.Path(folder) / "chat"
    here = pathlib.Path(__file__).resolve().parent.parent / "golden" / "chat" / "templates"
    here = here if here.exists() else pathlib.Path("/mnt/golden/chat/templates")
    questions = [{"template": t, **r} for t in chat_expressions.TEMPLATES if (r := render(t, chat_expressions.VARIABLES)) is not None]
    write(out / "expressions.jsonl", [{"variables": chat_expressions.VARIABLES}, *questions])
    write(out / "conversations.jsonl", [{"name": k, **v} for k, v in chat_conversations.CONVERSATIONS.items()])
    lines = []
    for path in sorted(here.glob("*.jinja")):
        lines += cases(path.read_text(encoding="utf-8"), path.stem, chat_conversations.TOKENS)
    write(out / "rendered.jsonl", lines)
    write(out / "masks.jsonl", [m for name in MARKED for m in masks((here / f"{name}.jinja").read_text(encoding="utf-8"), name, here.parent.parent)])
    readme = pathlib.Path(__file__).with_name("chat.readme.md").read_text(encoding="utf-8")
    (out / "README.md").write_text(readme.replace("{VERSIONS}", f"transformers {transformers.__version__}, jinja2 {jinja2.__version__}"))


def templates_of(path):
    """The templates in a file: a .jinja, the chat_template of a JSON file, or texts of a Python file that look like one."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".jinja", ".j2"):
        return {"": text}
    if path.suffix == ".py":
        try:
            texts = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        except SyntaxError:
            return {}
        return {str(i): t for i, t in enumerate(t for t in texts if "{%" in t and "message" in t)}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    found = found.get("chat_template") if isinstance(found, dict) else None
    return {"": found} if isinstance(found, str) else {t["name"]: t["template"] for t in found or [] if isinstance(t, dict)}


def found(folder, templates):
    seen, lines, titles = set(), [], chat_conversations.CONVERSATIONS
    lines.append({"conversations": titles, "tokens": chat_conversations.TOKENS})
    for path in sorted(p for p in pathlib.Path(templates).rglob("*") if p.is_file() and p.suffix in (".jinja", ".j2", ".json", ".py")):
        for name, text in templates_of(path).items():
            if text not in seen:
                seen.add(text)
                lines += [{**case, "source": text} for case in cases(text, f"{path.relative_to(templates)}:{name}", chat_conversations.TOKENS)]
    print(len(seen), "different templates")
    write(pathlib.Path(folder) / "found.jsonl", lines)


if __name__ == "__main__":
    found(sys.argv[1], sys.argv[3]) if sys.argv[2:3] == ["found"] else own(sys.argv[1])
