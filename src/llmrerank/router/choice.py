"""The result of a decision, and what it takes to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .features import FeatureSet

__all__ = ["Choice", "Decider", "Part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that a decision was made of.

    Attributes:
        name: Of a rule, or of a feature.
        weight: For a dearer arm above 0, against it below; 1 for a rule that fired and 0 for one that did
            not, in nDCG@10 for the share of a feature in a predicted gain.
        says: In words.
        arm: The arm that it speaks for; empty for all dearer ones.
    """

    name: str
    weight: float
    says: str
    arm: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"name": self.name, "weight": self.weight, "says": self.says, "arm": self.arm or None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which arm a query takes.

    Attributes:
        arm: Its place among the arms, from 0, the cheap one.
        reason: In words.
        parts: What the decision was made of.
        abstained: Why a fitted model left the decision to the rules; empty where it did not.
    """

    arm: int
    reason: str
    parts: tuple[Part, ...] = ()
    abstained: str = ""


class Decider(Protocol):
    """Decides by features alone; nothing is loaded or asked."""

    @property
    def name(self) -> str:
        """As `by=` has it."""

    def check(self, arms: Sequence[str]) -> None:
        """Refuse arms that it cannot decide between.

        Raises:
            ConfigError: In one sentence.
        """

    def decide(self, features: FeatureSet, arms: Sequence[str]) -> Choice:
        """Choose one of these arms, written out and ordered by cost; the first one has run."""
