"""Partitioning around a pivot, from the top of the list down."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.rounds import Cost, Plan, Pool, Round, Slate, Span, Verdict
from llmrerank.types import Detail

from .lockstep import Part, rounds

__all__ = ["TopDown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopDown:
    """Judge the head, take its last wanted place as a pivot, and hold everything else against it at once.

    The chunks of the rest are judged in parallel, each with the pivot in front: what beats it joins the
    candidates, what does not stands behind, in order of arrival. Then the candidates with the pivot are
    settled, in one call where they fit the window, else in the same way. Where `window` places or more are
    wanted, the pivot is the middle of the head, and what stands behind is gone on with. A chunk whose answer
    left the pivot out is asked about once more, in another order, and joins the candidates if it is left out
    again.

    With a perfect judge the first `top` places are exact, without a `cut`.

    Cost: `1 + ceil((n - window) / (window - 1))` calls in two rounds where nothing beats the pivot, and one
    call and round more where what does fits the window; chunks that are asked about again come on top. The
    worse the head that the first stage gives, the more.

    Source: Parry et al. 2024, arXiv 2405.14589.

    Attributes:
        window: Documents judged together, 2 or more.
        cut: Settle the first `cut` of the candidates in one call and leave all others behind them, 2 to
            `window`; None: settle all, exactly.

    Raises:
        ConfigError: Values that cannot be meant.
    """

    window: int = 20
    cut: int | None = None

    def __post_init__(self) -> None:
        if self.window < 2:
            raise ConfigError(f"top-down: window must be 2 or more, got {self.window}")
        if self.cut is not None and not 2 <= self.cut <= self.window:
            raise ConfigError(
                f"top-down: cut must be from 2 to the window of {self.window}, or None, got {self.cut}"
            )

    @property
    def needs(self) -> Detail:
        """An order: who stands before the pivot, and who behind."""
        return Detail.ORDER

    def plan(self, pool: Pool) -> Plan:
        """Yield the rounds; all of a segment stands before all of the next, as far as is known."""
        settled: list[int] = []
        segments = [list(range(pool.size))]

        def known() -> tuple[int, ...]:
            return (*settled, *(position for segment in segments for position in segment))

        while segments and len(settled) < pool.top:
            items = segments[0]
            if len(items) > self.window:
                place = self._place(pool.top - len(settled))
                found = yield from rounds(self._part(items, place), known)
                if self.cut is not None:
                    return (yield from self._settle_some(items, found, beaten=found > place))
                segments[:1] = [items[:found], items[found:]]
                if found > place:
                    continue
            elif len(items) > 1:
                [verdict] = yield Round(slates=(tuple(items),), order=known())
                items[:] = verdict.order
            settled += segments.pop(0)
        return known()

    def _place(self, wanted: int) -> int:
        """The pivot's place in the judged head, from 1."""
        return wanted if wanted < self.window else self.window // 2

    def _part(self, items: list[int], place: int) -> Part[int]:
        """Put the items, in place, above or below the one at `place` of their judged head; find its place."""
        rest = items[self.window :]
        [verdict] = yield [tuple(items[: self.window])]
        items[: self.window] = verdict.order
        above, pivot, below = items[: place - 1], items[place - 1], items[place : self.window]
        size = self.window - 1
        slates = [(pivot, *rest[start : start + size]) for start in range(0, len(rest), size)]
        verdicts = list((yield slates))
        lost = [number for number, verdict in enumerate(verdicts) if _left_out(pivot, verdict)]
        if lost:
            again = yield [slates[number][::-1] for number in lost]
            for number, verdict in zip(lost, again, strict=True):
                if not verdict.degraded:
                    verdicts[number] = verdict
        for verdict in verdicts:
            better, others = _around(pivot, verdict)
            above += better
            below += others
        items[:] = [*above, pivot, *below]
        return len(above) + 1

    def _settle_some(self, items: list[int], found: int, *, beaten: bool) -> Plan:
        """Settle the first `cut` of the candidates, where there is anything to settle."""
        if not beaten:
            return items
        head = tuple(items[: min(found, self.cut or found)])
        [verdict] = yield Round(slates=(head,), order=tuple(items))
        return [*verdict.order, *items[len(head) :]]

    def cost(self, n: int, top: int) -> Cost:
        """Bounds: how many beat a pivot depends on the answers, and every chunk may be asked about twice."""
        if n <= self.window:
            calls = int(n > 1)
            return Cost.exactly(calls=calls, documents=n * calls, rounds=calls)
        chunks, further = self._chunks(n), int(min(top, n) >= self.window and self.cut is None)
        # A part leaves fewer to settle than it was given: so many as stand behind the pivot in the head.
        step = 1 if further else self.window - self._place(top)
        sizes = range(n, self.window, -step) if self.cut is None else range(n, n - 1, -1)
        pieces = min(n // 2, len(sizes) + 1) if further else 1
        return Cost(
            calls=Span(1 + chunks + further, sum(1 + 2 * self._chunks(size) for size in sizes) + pieces),
            documents=Span(
                n + chunks + 2 * further,
                sum(2 * (size + self._chunks(size)) - self.window for size in sizes)
                + (n if further else self.window),
            ),
            rounds=Span(2 + further, 3 * len(sizes) + pieces),
        )

    def _chunks(self, n: int) -> int:
        return -(-(n - self.window) // (self.window - 1))

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Say where the cut settles fewer places than are wanted."""
        if self.cut is None or pool.size <= self.window or pool.top <= self.cut:
            return ()
        return (
            f"a cut of {self.cut} settles the first {self.cut} places, and {pool.top} are wanted: "
            "make the cut larger, or leave it away",
        )


def _left_out(pivot: int, verdict: Verdict) -> bool:
    """Whether the answer did not name the pivot: what it did not name shares the last tier."""
    return "missing" in verdict.repaired and pivot in verdict.tiers[-1]


def _around(pivot: int, verdict: Verdict) -> tuple[Slate, Slate]:
    """What the verdict puts before the pivot, and the others; of a tie the pivot is first, as it was."""
    if _left_out(pivot, verdict):
        return tuple(position for position in verdict.order if position != pivot), ()
    level = next(number for number, tier in enumerate(verdict.tiers) if pivot in tier)
    before = tuple(position for tier in verdict.tiers[:level] for position in tier)
    behind = tuple(position for tier in verdict.tiers[level:] for position in tier if position != pivot)
    return before, behind
