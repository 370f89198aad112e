"""Numbers with their nouns, for sentences."""

from __future__ import annotations

__all__ = ["counted", "dollars", "duration"]


def counted(number: int, noun: str) -> str:
    """`1 query`, `2 queries`, `0 pairs`: the noun in English, regular, its last word changing."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}s"


def dollars(cost: float) -> str:
    """`0.0123 USD`; a cost that four decimals would show as nothing is said to be less than they can show."""
    return "less than 0.0001 USD" if 0 < cost < 0.0001 else f"{cost:.4f} USD"


def duration(seconds: float) -> str:
    """`12 s` below two minutes, else `2.5 minutes`."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
