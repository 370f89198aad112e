"""One thing that a decision can see: a number, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.errors import ConfigError

__all__ = ["Feature"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A named number about one query.

    Attributes:
        name: In small letters with underscores.
        value: Finite; None where there is nothing to measure.
        why: Why there is none; empty where there is one.

    Raises:
        ConfigError: Neither a value nor a reason, or both.
    """

    name: str
    value: float | None
    why: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.why):
            raise ConfigError(f"the feature '{self.name}' has either a value or a reason for having none")
