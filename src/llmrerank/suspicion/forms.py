"""What a text has the form of: tokens of chat templates, roles, labels, fences, answers (`forms.toml`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .vocabulary import table

__all__ = ["Form", "forms", "forms_in"]

_NEAR = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form.

    Attributes:
        kind: What is suspected.
        why: One sentence for people.
        needs: Strings one of which is in every text of this form.
        pattern: What it looks like; reads the folded text, has no unbounded repeat.
        near: What must be found within 200 characters behind the beginning, if anything.
    """

    kind: str
    why: str
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    near: re.Pattern[str] | None


@lru_cache(maxsize=1)
def forms() -> tuple[Form, ...]:
    """Read the table; some milliseconds, once."""
    return tuple(
        Form(
            kind=row["kind"],
            why=row["why"],
            needs=tuple(row["needs"]),
            pattern=re.compile(row["pattern"]),
            near=re.compile(row["near"]) if "near" in row else None,
        )
        for row in table("forms.toml")["forms"]
    )


@lru_cache(maxsize=1)
def _needs() -> tuple[tuple[str, int], ...]:
    """Every string that some form needs, with the place of the form."""
    return tuple((needed, place) for place, form in enumerate(forms()) for needed in form.needs)


def forms_in(text: str) -> Iterator[tuple[Form, int, int]]:
    """Every form that a folded text has, with its range. Time: linear, since patterns are bounded."""
    wanted = set()
    for needed, place in _needs():
        if needed in text:
            wanted.add(place)
    for place in sorted(wanted):
        form = forms()[place]
        for found in form.pattern.finditer(text):
            if form.near is None or form.near.search(text, found.end(), found.start() + _NEAR):
                yield form, found.start(), found.end()
