"""A person at a pool: which pair is next, and what becomes of it. Nothing is shown or read here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmrerank.evaluate.dataset import Dataset

from .journal import Journal
from .judgement import PERSON, Judgement, Pair, digest_of
from .labelled import Labelled
from .pool import Pooled
from .provenance import Provenance
from .written import check_label_ids, journal_of, refuse_foreign

__all__ = ["BINARY", "GRADES", "Sitting", "sitting_at"]

GRADES, BINARY = (0, 1, 2, 3), (0, 1)
"""The scales that a person may use."""


@contextmanager
def sitting_at(
    dataset: Dataset,
    pooled: Pooled,
    *,
    out: Path,
    grades: tuple[int, ...] = GRADES,
    instruction: str = "",
    seed: int = 0,
    again: bool = False,
) -> Iterator[Sitting]:
    """Open the journal beside a file of judgements for a person; the file is written however this ends.

    Args:
        dataset: What was pooled; pairs that it has judgements of are not asked about.
        pooled: The pool.
        out: As in `alabel`.
        grades: The scale.
        instruction: What makes a document relevant here.
        seed: Of the pool, for the side file.
        again: Ask as well about what is judged already, and about what was skipped before.

    Raises:
        ConfigError: The file or the journal is somebody else's, or is on another scale.
        DataError: The file could not hold an id.
    """
    refuse_foreign(out)
    check_label_ids(out, (pair.key for pair in pooled.pairs))
    with Journal(journal_of(out), run=digest_of(PERSON, grades), judge=PERSON) as journal:
        sitting = Sitting(dataset, pooled, journal, instruction=instruction, again=again)
        try:
            yield sitting
        finally:
            sitting.labelled(grades=grades, seed=seed).write(out)


class Sitting:
    """Pairs one after another; each answer is in the journal before the next pair is shown.

    Args:
        dataset: What was pooled.
        pooled: What is to be judged, in order.
        journal: What was said before, in this sitting or another, and where answers go.
        instruction: As in `sitting_at`.
        again: As in `sitting_at`.
    """

    def __init__(
        self, dataset: Dataset, pooled: Pooled, journal: Journal, *, instruction: str, again: bool
    ) -> None:
        self._dataset = dataset
        self._pooled = pooled
        self._journal = journal
        self._instruction = instruction
        self._again = again
        self._pairs = tuple(pair for pair in pooled.pairs if again or pair.given is None)
        self._before = self.graded
        self._reopened = {
            pair.key for pair in self._pairs if again and (one := journal.of(pair)) and one.grade is None
        }
        places = {pair.key: place for place, pair in enumerate(self._pairs)}
        self._history = [places[one.key] for one in journal if one.key in places]
        self._place = 0
        self._onward()

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def current(self) -> Pair | None:
        """The pair that is to be judged now; None when there is none left."""
        return self._pairs[self._place] if self._place < len(self._pairs) else None

    @property
    def number(self) -> int:
        """Its place among all pairs, from 1."""
        return self._place + 1

    @property
    def graded(self) -> int:
        """Pairs that have a grade, from this sitting or earlier ones."""
        return sum(one is not None and one.grade is not None for one in map(self._journal.of, self._pairs))

    @property
    def skipped(self) -> int:
        """Pairs that were looked at and not graded."""
        return sum(one is not None and one.grade is None for one in map(self._journal.of, self._pairs))

    def grade(self, grade: int | None, *, seconds: float) -> None:
        """Answer for the current pair and go on to the next one; None skips it.

        Args:
            grade: The grade.
            seconds: From showing the pair to the answer.
        """
        pair = self.current
        if pair is None:
            return
        query, document = pair.key
        self._journal.add(
            Judgement(
                query=query,
                document=document,
                digest=pair.digest,
                grade=grade,
                given=pair.given,
                judge=PERSON,
                instruction=digest_of(self._instruction) if self._instruction else "",
                seconds=round(seconds, 3),
                flags=() if grade is not None else ("skipped",),
            )
        )
        self._reopened.discard(pair.key)
        self._history.append(self._place)
        self._onward()

    def undo(self) -> bool:
        """Take the last answer back, also one of an earlier sitting, and show its pair again.

        Returns:
            Whether there was one.
        """
        while self._history:
            place = self._history.pop()
            last = self._journal.of(self._pairs[place])
            if last is not None:
                self._journal.undo(last)
                self._place = place
                return True
        return False

    def labelled(self, *, grades: tuple[int, ...], seed: int) -> Labelled:
        """What there is now, on this scale, the pool having been made with this seed."""
        return Labelled.of(
            self._dataset,
            self._pooled,
            self._pairs,
            self._journal,
            again=self._again,
            now=max(0, self.graded - self._before),
            provenance=Provenance(
                judge=PERSON,
                prompt="",
                instruction=self._instruction,
                dataset=self._dataset.name,
                strategies=self._pooled.strategies,
                depth=self._pooled.depth,
                seed=seed,
                grades=grades,
            ),
        )

    def _onward(self) -> None:
        """Go to the first pair that is open."""
        self._place = next(
            (
                place
                for place, pair in enumerate(self._pairs)
                if self._journal.of(pair) is None or pair.key in self._reopened
            ),
            len(self._pairs),
        )
