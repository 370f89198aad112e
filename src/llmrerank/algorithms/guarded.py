"""Another algorithm, by which no document rises far on the word of a single judgement."""

from __future__ import annotations

from dataclasses import dataclass

from llmrerank.errors import ConfigError
from llmrerank.rounds import Algorithm, Cost, Plan, Pool, Round, Span, Step, advance
from llmrerank.types import Detail

from .around import Around
from .guard_books import GuardBooks
from .lockstep import lockstep, rounds
from .second_look import COMPANY, MOST, found, looks_at_most
from .share import Share

__all__ = ["Guarded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded(Around):
    """Hold the rises of another algorithm to what a second judgement confirms, and keep suspects apart.

    **Rises.** A document comes with a rank: the best of the place where it stands and those that the stages
    before gave it. It may rise above that by `places`. Where one of the leading `top` would rise further, it
    is shown once more, with some of those that it would pass: in another order, in other company, under
    another seed. It keeps its place if it stands before at least half of them; of those beyond half that it
    does not stand before, each sends it back by a share of the way to the place that it may have, all of them
    the whole way. (To ask for all of them would be too much: two honest judgements of a model differ, and
    that cost 2 % of nDCG@10 where this costs 1.) An answer that fails confirms nothing. Behind the
    leading `top` nothing is asked: who rises too far is held. Judges that see one document at a time have no
    second opinion to give, so there no rise is held, and `cautions` says so.

    **Suspects.** Who writes into a prompt can move everybody who is shown in it, so a suspect is in nobody
    else's slate: the algorithm orders the others, and each suspect whose rank is among the leading `top` is
    shown to some of those that stand at that rank or behind: nine, or at least four where slates are small.
    It takes the place that the answers give it, and never a better one than it came with: an attack gains
    nothing by the judge, and a document that was suspected wrongly loses its rise and no more. Those behind
    the leading `top` stay unasked. An algorithm that needs scores judges the suspects among themselves, by
    its own schedule. (Judging a suspect by the rest of its text was the alternative: what the detector
    overlooked would still be read, and a document suspected wrongly be judged by half of what it says.)

    All these further questions are one round. Until they are answered, and where a limit keeps them from
    being asked, the order is the one in which nothing is confirmed.

    Cost: that of the algorithm within, and one round more. With slates of m documents, those of its first
    round, it has at most `ceil(k / (m // 2)) ceil(4 / (m - m // 2))` slates for the k documents that may rise
    too far, `min(top, n - places - 1)` (`k ceil(4 / (m - 1))` where the judge names only the best), and for
    each suspect among the leading `top` one of ten documents, or `ceil(4 / (m - 1))` smaller ones. Only what
    really rises, or is suspected, is asked about.

    Source: this project's. That what survives reshuffling is worth more is Tang et al.'s (2023), arXiv
    2310.07712.

    Attributes:
        inner: What orders the documents.
        places: How far a document may rise by one judgement, 0 or more; None: any number.
        leave_out: Keep suspects out of the others' slates.
        seed: Of the order in which documents are shown again.

    Raises:
        ConfigError: A negative number of places.
    """

    inner: Algorithm
    places: int | None = 10
    leave_out: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.places is not None and self.places < 0:
            raise ConfigError(f"guard: places must be 0 or more, or None, got {self.places}")

    def plan(self, pool: Pool) -> Plan:
        """Yield the rounds of the algorithm within, then the one that asks again."""
        scored = self.needs is Detail.SCORES
        books = GuardBooks(pool, places=self.places, leave_out=self.leave_out)
        shares = [Share(self.inner, pool, books.clean)]
        if scored and books.suspects:
            shares.append(Share(self.inner, pool, books.suspects))
        share = shares[0]
        yield from rounds(lockstep([one.run() for one in shares]), lambda: books.order(share))
        if scored and books.suspects:
            books.rank_by_strength(share, shares[1].strengths)
        looks = books.looks(
            share,
            shown=self._shown(pool.size, pool.top),
            one_wins=self.needs is Detail.BEST,
            singly=not scored,
            seed=self.seed,
        )
        if looks:
            slates = tuple(look.slate for look in looks)
            verdicts = yield Round(slates=slates, order=books.order(share), again=True)
            books.hear(found(looks, verdicts), share)
        return books.order(share)

    def cost(self, n: int, top: int) -> Cost:
        """That of the algorithm within, and at most what asking again takes; without suspects in between."""
        once = self.inner.cost(n, top)
        top, shown = min(top, n), self._shown(n, top)
        rising = 0 if self.places is None or shown < 2 else max(0, min(top, n - self.places - 1))
        looks = looks_at_most(rising, most=shown, one_wins=self.needs is Detail.BEST) if rising else 0
        calls, documents = looks, looks * shown
        if self.leave_out and n > 1:
            # Apart from the others, those that are scored fill one batch more at most.
            few = min(shown, COMPANY)
            if self.needs is Detail.SCORES or few < 2:
                calls += int(shown > 1)
            else:
                singles = looks_at_most(top, most=few, one_wins=True)
                calls += singles
                documents += singles * few
        return Cost(
            calls=Span(once.calls.least, once.calls.most + calls),
            documents=Span(once.documents.least, once.documents.most + documents),
            rounds=Span(once.rounds.least, once.rounds.most + (calls > 0)),
        )

    def cautions(self, pool: Pool) -> tuple[str, ...]:
        """Those of the algorithm within; and where there is nobody to give a second judgement."""
        said = self.inner.cautions(pool)
        if self.places is None or pool.size <= self.places + 1 or self._shown(pool.size, pool.top) > 1:
            return said
        return (
            *said,
            f"rises of more than {self.places} places are not held: the judge sees one document at a time "
            "and would say the same again (places=None says that this is meant)",
        )

    def _shown(self, n: int, top: int) -> int:
        """Documents of the largest slate of the first round, as far as one is shown again."""
        step = advance(self.inner.plan(Pool(size=n, top=top)))
        return min(MOST, max(map(len, step.asked.slates))) if isinstance(step, Step) else 0
