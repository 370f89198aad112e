"""What a guard knows of one pool: how high each document may stand, and what a second look said of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from llmrerank.moves import Move, moved
from llmrerank.rounds import Pool, ScoredOrder

from .holding import inserted, settled
from .second_look import Finding, Look, again, alone
from .share import Share

__all__ = ["GuardBooks"]


class GuardBooks:
    """The state of one pool that is guarded; `share` is what the algorithm within makes of the clean part.

    Attributes:
        clean: Positions that the algorithm within orders, in the order of the pool.
        suspects: Those that are kept apart.
    """

    def __init__(self, pool: Pool, *, places: int | None, leave_out: bool) -> None:
        apart = pool.suspects if leave_out else frozenset()
        self.suspects = sorted(apart, key=pool.ranks.__getitem__)
        self.clean = [position for position in range(pool.size) if position not in apart]
        self._pool = pool
        # Places from 0: of the clean ones among themselves, of suspects among all.
        self._may: dict[int, int] = {}
        if places is not None:
            ranks = pool.part(self.clean).ranks if apart else pool.ranks
            pairs = zip(self.clean, ranks, strict=True)
            self._may = {position: rank - 1 - places for position, rank in pairs if rank - 1 > places}
        self._slots = {position: pool.ranks[position] - 1 for position in self.suspects}
        self._confirmed: dict[int, int] = {}
        self._said: dict[int, str] = {}

    def order(self, share: Share) -> Sequence[int]:
        """The order as it stands: who rose too far is held unless that was confirmed, suspects are put in."""
        if not share.told:
            # Nothing is known: everybody stands where they stood.
            return moved(range(self._pool.size), [self._placed(one, one + 1) for one in self.suspects])
        rising = [one for _, one in self._rising(share)]
        held = settled(share.order, {**self._may, **self._confirmed}) if rising else share.order
        positions = inserted(held, self._slots)
        would = inserted(share.order, self._slots) if rising else positions
        ranks, before = ({one: rank for rank, one in enumerate(o, start=1)} for o in (positions, would))
        moves = [
            *share.moves,
            *(self._move(one, before[one], ranks[one]) for one in rising),
            *(self._placed(one, ranks[one]) for one in self.suspects),
        ]
        if share.scores is None:
            return moved(positions, moves)
        # Who was moved has no number that explains its place.
        known = set(self.clean).difference(one for one in rising if ranks[one] > before[one])
        scores, deviations = (
            tuple(values.get(one) if one in known else None for one in range(self._pool.size))
            for values in (share.scores, share.deviations)
        )
        return moved(ScoredOrder(positions=tuple(positions), scores=scores, deviations=deviations), moves)

    def looks(self, share: Share, *, shown: int, one_wins: bool, singly: bool, seed: int) -> list[Look]:
        """Slates that ask again: about those of the leading places that rose too far, and about suspects.

        Args:
            share: When all its rounds are done.
            shown: Documents of a slate at most, as many as the judge sees where nobody is apart.
            one_wins: The judge names only the best of a slate.
            singly: Suspects are asked about, each by itself.
            seed: Of the order within slates.
        """
        top = self._pool.top
        passing = {
            one: share.order[place + 1 : self._may[one] + 1]
            for place, one in self._rising(share)
            if place < top
        }
        asked = again(passing, most=shown, one_wins=one_wins, seed=seed) if passing else []
        for one in self.suspects[:top] if singly and shown > 1 else ():
            behind = share.order[self._before(one) :]
            if behind and self._slots[one] < top:
                asked += alone(one, behind, most=shown, seed=seed)
        return asked

    def hear(self, findings: Mapping[int, Finding], share: Share) -> None:
        """Take what was said about those who were asked about."""
        for one, finding in findings.items():
            if one in self._slots:
                self._hear_of_suspect(one, finding)
            else:
                self._said[one] = (
                    f"shown again with {finding.met} of those it passes, {_stood(finding.met, finding)}"
                )
                # Half of them confirm it all, none of them nothing, and what lies between in proportion.
                place = share.order.index(one)
                beyond = max(0, 2 * finding.lost - finding.met)
                self._confirmed[one] = place - (-beyond * (self._may[one] - place) // finding.met)

    def _hear_of_suspect(self, one: int, finding: Finding) -> None:
        """Put a suspect behind those that it lost to, by the answers that came; where none came it stays."""
        met = finding.met - finding.silent
        self._said[one] = f"shown with {met} of those at its place or behind, {_stood(met, finding)}"
        if met:
            behind = len(self.clean) - self._before(one)
            # Half of a tie is lost, and the distance goes by shares: its rivals are an even sample.
            lost = 2 * (finding.lost - finding.silent) - finding.tied
            self._slots[one] += -(-lost * behind // (2 * met))

    def rank_by_strength(self, share: Share, strengths: Mapping[int, float]) -> None:
        """Put suspects where their strengths belong, and no higher than they came."""
        order = sorted((-value, one) for one, value in share.strengths.items())
        above = {
            one: bisect_left(order, (-strengths[one], one)) if one in strengths else len(order)
            for one in self.suspects
        }
        for number, one in enumerate(sorted(self.suspects, key=lambda one: (above[one], one))):
            self._slots[one] = max(self._slots[one], above[one] + number)
            self._said[one] = "judged among suspects alone"

    def _rising(self, share: Share) -> Iterator[tuple[int, int]]:
        """Those who stand higher than they may, with places; none where documents never meet."""
        if share.most < 2 or not self._may:
            return
        for place, one in enumerate(share.order):
            if place < self._may.get(one, 0):
                yield place, one

    def _before(self, suspect: int) -> int:
        """Clean documents that came before a suspect."""
        rank = self._pool.ranks[suspect]
        return rank - 1 - sum(self._pool.ranks[other] < rank for other in self.suspects)

    def _move(self, one: int, would: int, rank: int) -> Move:
        came, top = self._pool.ranks[one], self._pool.top
        asked = "no second judgement was made"
        said = self._said.get(one, asked if would <= top else f"behind place {top} nobody is asked again")
        end = "it stays" if rank <= would else f"set back to {rank}"
        reason = f"would have risen from {came} to {would}; {said}; {end}"
        return Move(position=one, before=came, would=would, rank=rank, reason=reason)

    def _placed(self, one: int, rank: int) -> Move:
        came = self._pool.ranks[one]
        said = self._said.get(one, "shown to nobody")
        reason = f"is suspicious and was kept apart; {said}; it came at {came} and was put at {rank}"
        return Move(position=one, before=came, would=came, rank=rank, reason=reason)


def _stood(met: int, finding: Finding) -> str:
    """How a document came out of its further answers, and whether some of these failed."""
    failed = "; answers failed" if finding.silent else ""
    return f"it stood before {finding.met - finding.lost}{failed}" if met else "no answer came"
