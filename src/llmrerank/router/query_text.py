"""What the words of a query tell: how long it is, how it is built, and what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from llmrerank.foreign_script import script_of
from llmrerank.retrieve.analysis import words

from .feature import Feature
from .word_lists import LISTS

__all__ = ["language_of", "query_features"]

READ = 10_000
"""Characters of a query that are looked at; a longer one is long."""

_QUOTED = re.compile(r"\"[^\"]{1,200}\"|“[^”]{1,200}”|«[^»]{1,200}»|「[^」]{1,200}」|`[^`]{1,200}`")
_NUMERIC = re.compile(r"\b[vV]?\d[\w.,:/%-]*")
_BOUND = re.compile(r"[<>≤≥=]=?")
_STRONG = re.compile(r"[;:;；：—](?=\s|$)|[.!?。！？](?=\s+\S)")
_ASKED = re.compile(r"[?？؟;]\s*$")


def query_features(query: str) -> Iterator[Feature]:
    """The features of a query's text, always the same names in the same order.

    Words of form are those of `word_lists`, for English, German, French and Spanish; a query in Latin script
    whose language cannot be told is read with the English lists, of which nothing may match. For other
    scripts there are no lists, and what needs them is None.

    Args:
        query: Any text; its first `READ` characters are looked at.
    """
    text = query[:READ]
    found = words(text)
    language = language_of(text, found)
    lists = LISTS.get(language or "en")
    script = script_of(text)
    readable = script in ("Latin", "")
    why = f"there are no word lists for {script} script"
    yield Feature(name="words", value=float(len(found)))
    content = [word for word in found if not (readable and lists and word in lists.function)]
    yield Feature(name="content_words", value=float(len(content)))
    yield Feature(name="constraints", value=float(_constraints(text)))
    asked = bool(_ASKED.search(text))
    if not readable or lists is None:
        yield Feature(name="question", value=1.0 if asked else 0.0)
        for name in ("explanation", "clauses", "negations", "comparisons", "english"):
            yield Feature(name=name, value=None, why=why)
        return
    opens = found[0] if found else ""
    yield Feature(name="question", value=float(asked or opens in lists.asking))
    yield Feature(name="explanation", value=float(any(word in lists.explaining for word in found[:3])))
    # The word that opens a question joins nothing.
    joined = sum(word in lists.joining for word in found[1:])
    yield Feature(name="clauses", value=float(1 + joined + len(_STRONG.findall(text))) if found else 0.0)
    yield Feature(name="negations", value=float(sum(word in lists.negating for word in found)))
    yield Feature(name="comparisons", value=float(sum(word in lists.comparing for word in found)))
    if language is None:
        yield Feature(name="english", value=None, why="too few function words to tell the language")
    else:
        yield Feature(name="english", value=float(language == "en"))


def language_of(text: str, found: Sequence[str] | None = None) -> str | None:
    """The language of a text among those with word lists; None where its function words do not tell.

    Args:
        text: Any text.
        found: Its words, where they are known already.

    Returns:
        The ISO 639-1 code of the language with most function words in the text, where it is the only one.
    """
    if script_of(text) != "Latin":
        return None
    known = words(text) if found is None else found
    counts = {code: sum(word in lists.function for word in known) for code, lists in LISTS.items()}
    most = max(counts.values())
    best = [code for code, count in counts.items() if count == most]
    return best[0] if most and len(best) == 1 else None


def _constraints(text: str) -> int:
    """Numbers, dates, versions, quotations and bounds: what an answer must satisfy to the letter."""
    quoted = len(_QUOTED.findall(text))
    bare = _QUOTED.sub(" ", text)
    return quoted + len(_NUMERIC.findall(bare)) + len(_BOUND.findall(bare))
