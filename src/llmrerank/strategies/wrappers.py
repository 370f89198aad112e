"""Wrappers: names that take a strategy and give one that does more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from llmrerank.algorithms.consistent import Consistent
from llmrerank.algorithms.fused import Fused
from llmrerank.algorithms.guarded import Guarded
from llmrerank.algorithms.head import Head
from llmrerank.errors import ConfigError
from llmrerank.judges.chunked import Chunked, Pooling
from llmrerank.registry import Kind, register
from llmrerank.spec import Call

from .recipe import Strategy

__all__ = ["Chunks", "Consistency", "Fuse", "Guard", "HeadOnly"]


@register("chunks", kind=Kind.WRAPPER, source="https://arxiv.org/abs/1905.09217")
@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """Long documents in chunks of whole sentences: each is scored, and the scores are pooled.

    Attributes:
        inner: A strategy whose judge gives scores, such as `cross-encoder` or `pointwise`.
        tokens: Most tokens of a chunk.
        overlap: Most tokens that neighbouring chunks share.
        pool: A document's score: its best chunk's, the mean of all, or the first one's.
    """

    inner: Call
    tokens: int = 200
    overlap: int = 40
    pool: Pooling = "max"

    def wrap(self, strategy: Strategy) -> Strategy:
        """The strategy with its judge asked about chunks.

        Raises:
            IncompatibleJudge: The strategy's judge gives no scores.
            ConfigError: It is in chunks already, or an option is out of its range.
        """
        if isinstance(strategy.judge, Chunked):
            raise ConfigError(
                f"'{strategy.spec}' is in chunks already; write one chunks({strategy.spec.args[0][1]}, ...)"
            )
        judge = Chunked(inner=strategy.judge, tokens=self.tokens, overlap=self.overlap, pool=self.pool)
        return replace(strategy, judge=judge)


@register("consistency", kind=Kind.WRAPPER, source="https://arxiv.org/abs/2310.07712")
@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """A strategy on shuffled copies of the list, all at once, and one order from their votes.

    Attributes:
        inner: A strategy.
        times: Copies; the first is not shuffled.
        seed: Of the shuffles.
        method: `borda`, by mean place, or `kemeny`, the order that contradicts the fewest pairs.
    """

    inner: Call
    times: int = 5
    seed: int = 0
    method: Literal["borda", "kemeny"] = "borda"

    def wrap(self, strategy: Strategy) -> Strategy:
        """The strategy run `times` over, in as many rounds as once.

        Raises:
            ConfigError: Fewer than one copy.
        """
        algorithm = Consistent(inner=strategy.algorithm, times=self.times, seed=self.seed, method=self.method)
        return replace(strategy, algorithm=algorithm)


@register("fuse", kind=Kind.WRAPPER, source="https://doi.org/10.1145/1571941.1572114")
@dataclass(frozen=True, slots=True, kw_only=True)
class Fuse:
    """A strategy's order fused with the order it was given: for judges that are not better alone.

    Attributes:
        inner: A strategy.
        weight: Share of the order before, 0 (the judge alone) to 1 (the order before).
    """

    inner: Call
    weight: float = 0.5

    def wrap(self, strategy: Strategy) -> Strategy:
        """The strategy with its orders fused; scores stay the judge's, so they need not fall with the rank.

        Raises:
            ConfigError: A weight that is no share.
        """
        return replace(strategy, algorithm=Fused(inner=strategy.algorithm, weight=self.weight))


@register("guard", kind=Kind.WRAPPER)
@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A strategy against documents that talk to its judge: rises are checked, suspects are kept apart.

    Every document is looked over for what attacks are made of (`llmrerank.suspicion`), and its hit is marked
    where something is found. See `llmrerank.algorithms.guarded`.

    Attributes:
        inner: A strategy.
        places: How far a document may rise above the best of its earlier ranks unless a second judgement, of
            other slates in other orders, agrees; None: any number.
        leave_out: Judge the others without the documents in which something is found.
        seed: Of the orders in which documents are shown again.
    """

    inner: Call
    places: int | None = 10
    leave_out: bool = True
    seed: int = 0

    def wrap(self, strategy: Strategy) -> Strategy:
        """The strategy with its orders guarded, and documents looked over before it runs.

        Raises:
            ConfigError: Fewer than no places.
        """
        algorithm = Guarded(
            inner=strategy.algorithm, places=self.places, leave_out=self.leave_out, seed=self.seed
        )
        return replace(strategy, algorithm=algorithm, looks_over=True)


@register("head", kind=Kind.WRAPPER)
@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOnly:
    """A strategy on the leading documents alone; the others follow as they stood.

    Attributes:
        inner: A strategy.
        depth: Documents that are judged.
    """

    inner: Call
    depth: int = 50

    def wrap(self, strategy: Strategy) -> Strategy:
        """The strategy with fewer documents to judge; nothing is dropped, as `%` would.

        Raises:
            ConfigError: A depth below 1.
        """
        return replace(strategy, algorithm=Head(inner=strategy.algorithm, depth=self.depth))
