"""Whether a model is shown text in a script that it was not trained on, and what to use in its place."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from .model_facts import fact_of
from .types import Document

__all__ = ["foreign_script", "script_of"]

SHARE = 5
"""One document in so many may be in another script before it is worth a word."""

LETTERS = 400
"""Characters of a text that are looked at: what a text is written in shows soon."""

_INSTEAD = {
    "cross-encoder": "cross-encoder(model='BAAI/bge-reranker-v2-m3')",
    "bi-encoder": "bi-encoder(model='BAAI/bge-m3')",
}
_SCRIPTS = {
    "CJK": "Han",
    "IDEOGRAPHIC": "Han",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "KATAKANA-HIRAGANA": "Japanese",
    "FULLWIDTH": "Latin",
}


def foreign_script(model: str, query: str, documents: Sequence[Document]) -> str | None:
    """Say so where a model is known to read few scripts and is shown another one.

    That is the case where most letters of the query, or of more than a fifth of the documents, are in scripts
    that its languages are not written in. A language that shares the script (German to an English model) is
    not told apart, and about a model that `model_facts` does not know nothing is said.

    Args:
        model: Name of the model, as `Identity.model` has it.
        query: What is asked.
        documents: What it will be shown.

    Returns:
        One sentence for the trace, or None where nothing is wrong. Cost: a look at the first 400 characters
        of each text that is not plain ASCII.
    """
    fact = fact_of(model)
    if fact is None or not fact.scripts or fact.use not in _INSTEAD:
        return None
    asked = script_of(query)
    shown = Counter(script_of(document.full_text) for document in documents)
    foreign = Counter({script: count for script, count in shown.items() if script not in (*fact.scripts, "")})
    if asked and asked not in fact.scripts:
        what, script = "the query is", asked
    elif SHARE * foreign.total() > len(documents):
        script = foreign.most_common(1)[0][0]
        what = f"{foreign.total()} of {len(documents)} documents are"
        what = what if len(foreign) == 1 else f"{what} in other scripts, most of them"
    else:
        return None
    return (
        f"{what} in {script} script, which {fact.name} ({fact.languages} only) was not trained on; use a "
        f"multilingual model, such as {_INSTEAD[fact.use]}"
    )


def script_of(text: str) -> str:
    """The script that most letters of a text are in, such as `Latin`, `Cyrillic`, `Han`; empty without any.

    The letters of Japanese, which is written in several, count together where any kana is among them.
    """
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text[:LETTERS])) else ""
    letters = Counter(_script(character) for character in text[:LETTERS] if character.isalpha())
    if letters["Japanese"]:
        letters["Japanese"] += letters.pop("Han", 0)
    return max(letters, key=letters.__getitem__, default="")


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """The script of one letter: Unicode names begin with it."""
    plain = unicodedata.normalize("NFKC", letter)[0]
    first = unicodedata.name(plain, "").partition(" ")[0]
    return _SCRIPTS.get(first, first.title())
