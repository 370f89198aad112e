"""A small collection of known relevance, and models that judge it in known ways."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

TOPICS = 12
DOCUMENTS = 20
WORDS = ("amber", "basalt", "cedar", "delta", "ember", "fjord")
WORDS += ("garnet", "heath", "indigo", "juniper", "krill", "lagoon")
RELEVANT = {4: 3, 9: 1, 15: 2}
"""Grade by number of the document within its topic: BM25, which sees equal texts, does as well as chance."""

Model = Callable[[Mapping[str, Any]], str]
_QUERY = re.compile(r"about (\w+)\?")
_SHOWN = re.compile(r"^\[(\d+)\] (\w+)-(\d+)$", re.MULTILINE)
_ALONE = re.compile(r"^(\w+)-(\d+)$", re.MULTILINE)


def make_collection(folder: Path) -> Path:
    """Twelve topics with twenty documents each, of which three are relevant."""
    (folder / "qrels").mkdir(parents=True)
    with (folder / "corpus.jsonl").open("w") as file:
        for word in WORDS:
            for number in range(DOCUMENTS):
                text = f"This text tells something of {word}."
                file.write(json.dumps({"_id": f"{word}-{number}", "title": f"{word}-{number}", "text": text}))
                file.write("\n")
    with (folder / "queries.jsonl").open("w") as file:
        for word in WORDS:
            file.write(json.dumps({"_id": word, "text": f"Who knows about {word}?"}) + "\n")
    rows = [f"{word}\t{word}-{number}\t{grade}" for word in WORDS for number, grade in RELEVANT.items()]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(rows) + "\n")
    return folder


def judge(worth: Callable[[str, str, int], float]) -> Model:
    """A model that grades and orders by the worth of (query's topic, document's topic, document's number)."""

    def answer(body: Mapping[str, Any]) -> str:
        text = body["messages"][-1]["content"]
        topic = _QUERY.search(text)[1]
        shown = _SHOWN.findall(text)
        if not shown:
            [(word, number)] = _ALONE.findall(text)
            return str(round(worth(topic, word, int(number))))
        ordered = sorted(shown, key=lambda one: -worth(topic, one[1], int(one[2])))
        return " > ".join(f"[{label}]" for label, _, _ in ordered)

    return answer


def _relevance(topic: str, word: str, number: int) -> float:
    """The grade, and a taste among equals that is the document's own."""
    grade = RELEVANT.get(number, 0) if topic == word else 0
    return 3 * grade + random.Random(f"{word}{number}").random() / 4


perfect = judge(_relevance)
blind = judge(lambda topic, word, number: random.Random(f"{word}{number}").uniform(0, 10))
"""Has a taste of its own and never looks at the query."""
dull = judge(lambda topic, word, number: 5)


def place(body: Mapping[str, Any]) -> str:
    """Gives back the order that it is shown, and one grade to everything alone."""
    shown = _SHOWN.findall(body["messages"][-1]["content"])
    return " > ".join(f"[{label}]" for label, _, _ in shown) or "5"


def chance(body: Mapping[str, Any]) -> str:
    """Answers differently as soon as a byte of the prompt differs."""
    text = body["messages"][-1]["content"]
    labels = [label for label, _, _ in _SHOWN.findall(text)]
    dice = random.Random(text)
    dice.shuffle(labels)
    return " > ".join(f"[{label}]" for label in labels) or str(dice.randint(0, 10))


def prose(body: Mapping[str, Any]) -> str:
    """Talks, and says nothing."""
    return "What a fine question! Much could be said about it."
