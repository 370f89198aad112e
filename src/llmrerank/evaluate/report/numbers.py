"""Numbers as a report writes them."""

from __future__ import annotations

__all__ = ["count", "dollars", "quality", "seconds", "share", "short", "signed", "signed3"]


def quality(value: float) -> str:
    """A measure, to the four digits that papers compare."""
    return f"{value:.4f}"


def signed(value: float) -> str:
    """A difference, with a real minus sign."""
    return "0.0000" if abs(value) < 0.00005 else f"{value:+.4f}".replace("-", "\u2212")


def signed3(value: float) -> str:
    """An end of an interval."""
    return "0.000" if abs(value) < 0.0005 else f"{value:+.3f}".replace("-", "\u2212")


def count(value: int | float) -> str:
    """A number of things; a mean to one digit."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def share(value: float) -> str:
    """A share as a percentage."""
    return f"{100 * value:.0f} %"


def seconds(value: float) -> str:
    """Wall-clock time in the unit that reads best."""
    if value < 0.001:
        return f"{1e6 * value:.0f} µs"
    if value < 0.9995:
        return f"{1000 * value:.0f} ms" if value >= 0.00995 else f"{1000 * value:.1f} ms"
    return f"{value:.1f} s" if value >= 9.95 else f"{value:.2f} s"


def dollars(value: float | None) -> str:
    """US dollars; what is not known is said not to be known."""
    if value is None:
        return "unknown"
    return "0" if value == 0 else f"{value:.4f}" if value < 100 else f"{value:,.2f}"


def short(value: float) -> str:
    """A number beside a tick: no more digits than it needs."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"
