"""Options that take several words: `--metrics nDCG@10 RR@10` becomes `--metrics=nDCG@10 --metrics=RR@10`."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["LIST_FLAGS", "normalise"]

LIST_FLAGS = ("--strategies", "--metrics", "--arms", "--doc", "--from", "--ids")
_OF_COMMANDS = {
    "audit": ("--kinds",),
    "plan": ("--pipeline",),
    "redteam": ("--attacks", "--places", "--defences"),
}
"""Flags that are lists in one command alone."""


def normalise(words: Sequence[str]) -> list[str]:
    """Repeat a list option before each of its words; all words up to the next option are its own.

    Repeating the option by hand works too, and so does `--metrics=nDCG@10`. What follows `--` is left alone.

    >>> normalise(["compare", "--strategies", "bm25", "bm25 >> listwise", "--json"])
    ['compare', '--strategies=bm25', '--strategies=bm25 >> listwise', '--json']
    """
    lists = (*LIST_FLAGS, *_OF_COMMANDS.get(words[0] if words else "", ()))
    done: list[str] = []
    current: str | None = None
    for place, word in enumerate(words):
        if word == "--":
            return [*done, *words[place:]]
        flag, given, value = word.partition("=")
        if flag in lists:
            current = flag
            if given:
                done.append(f"{flag}={value}")
            elif place + 1 == len(words) or _is_option(words[place + 1]):
                done.append(flag)
        elif _is_option(word):
            current = None
            done.append(word)
        else:
            done.append(f"{current}={word}" if current else word)
    return done


def _is_option(word: str) -> bool:
    return len(word) > 1 and word.startswith("-")
