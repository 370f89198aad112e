"""Numbers with their nouns, for sentences."""

from __future__ import annotations

__all__ = ["at_cost", "counted", "dollars", "duration"]


def counted(number: int, noun: str) -> str:
    """`1 query`, `2 queries`, `0 pairs`: the noun in English, regular, its last word changing."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}s"


def at_cost(cost: float | None) -> str:
    """The cost as `dollars` says it; one that is not known is never 0."""
    return "cost unknown" if cost is None else dollars(cost)


def dollars(cost: float, most: float | None = None) -> str:
    """`0.0123 USD`, or `0.0123 to 0.0456 USD` where the most is another.

    A cost that four decimals would show as nothing is said to be less than they can show.
    """
    if most is not None and most != cost:
        return f"{cost:.4f} to {most:.4f} USD"
    return "less than 0.0001 USD" if 0 < cost < 0.0001 else f"{cost:.4f} USD"


def duration(seconds: float) -> str:
    """`12 s` below two minutes, else `2.5 minutes`."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"
