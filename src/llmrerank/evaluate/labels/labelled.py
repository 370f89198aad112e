"""What became of a pool: which judgements there are now, where each comes from, and what they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmrerank.errors import CallError
from llmrerank.evaluate.dataset import Dataset

from .agreement import Agreement
from .journal import Journal
from .judgement import Judgement, Pair
from .pool import Pooled
from .provenance import Provenance
from .written import write_labels

__all__ = ["Labelled", "Spent", "agreement_of", "qrels_of"]

SCHEMA = 1


@dataclass(slots=True, kw_only=True)
class Spent:
    """What judgements took; as in a trace."""

    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0

    def enter(self, judgement: Judgement) -> None:
        """Add one judgement."""
        self.calls += judgement.calls
        self.cached += judgement.cached
        self.tokens_in += judgement.tokens_in
        self.tokens_out += judgement.tokens_out
        known = self.cost is not None and judgement.cost is not None
        self.cost = self.cost + judgement.cost if known else None  # type: ignore[operator]  # both are known


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What became of a pool.

    Attributes:
        dataset: Its name.
        queries, pairs: What the pool holds.
        given: Pairs of the pool that were judged elsewhere before, and kept so.
        before: Pairs that this judge had judged before.
        now: Pairs that it graded now.
        ungraded: Pairs that it looked at and did not grade, or not so that it could be read.
        failed: Pairs about which the provider failed.
        left: Pairs that are open yet: a limit was reached, the provider failed too often, a person stopped.
        qrels: Grades by query id and document id: those given before, and all of this judge.
        agreement: Of the grades given before (first) with those of this judge (second), or None.
        provenance: For the side file.
        spent: What judging took now.
        pooling: What the strategies took, as in a trace.
        warnings: What the reader should know, in sentences.
        exhausted: The limit that was reached, in a sentence, or None.
        failure: The provider's first failure, or None.
    """

    dataset: str
    queries: int
    pairs: int
    given: int
    before: int
    now: int
    ungraded: int
    failed: int
    left: int
    qrels: Mapping[str, Mapping[str, int]]
    agreement: Agreement | None
    provenance: Provenance
    spent: Spent
    pooling: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    exhausted: str | None = None
    failure: CallError | None = None

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        pooled: Pooled,
        pairs: Sequence[Pair],
        journal: Journal,
        *,
        again: bool,
        now: int,
        provenance: Provenance,
        spent: Spent | None = None,
        failed: int = 0,
        warnings: tuple[str, ...] = (),
        exhausted: str | None = None,
        failure: CallError | None = None,
    ) -> Labelled:
        """Sum up what stands in the journal.

        Args:
            dataset: Whose judgements were there before.
            pooled: The pool.
            pairs: What was to be judged: of the pool, and to be checked.
            journal: What was said.
            again: Where a pair was judged before, the journal's grade is taken.
            now: Pairs that were graded now.
            provenance: For the side file, its counts yet to be made.
            spent: What that took.
            failed: Pairs about which the provider failed.
            warnings: Further ones than the pool's.
            exhausted: The limit that was reached.
            failure: The provider's first failure.
        """
        made = tuple(journal)
        known = [one for pair in pairs if (one := journal.of(pair)) is not None]
        graded = sum(one.grade is not None for one in known)
        qrels = qrels_of(dataset.qrels, made, pooled.pairs, again=again)
        total = sum(map(len, qrels.values()))
        own = sum(
            qrels.get(one.query, {}).get(one.document) == one.grade for one in made if _counts(one, again)
        )
        return cls(
            dataset=dataset.name,
            queries=len({pair.query.id for pair in pooled.pairs}),
            pairs=len(pooled.pairs),
            given=0 if again else sum(pair.given is not None for pair in pooled.pairs),
            before=graded - now,
            now=now,
            ungraded=len(known) - graded,
            failed=failed,
            left=max(0, len(pairs) - len(known) - failed),
            qrels=qrels,
            agreement=agreement_of(made),
            provenance=replace(
                provenance, counts={"judgements": total, "by_this_judge": own, "given": total - own}
            ),
            spent=spent or Spent(),
            pooling=pooled.trace.to_dict(),
            warnings=(*pooled.warnings, *warnings, *_mixed(qrels, made, provenance.grades, again=again)),
            exhausted=exhausted,
            failure=failure,
        )

    def write(self, path: Path) -> None:
        """Write the judgements and their side file, each whole or not at all; nothing where there is none.

        Raises:
            OSError: The folder cannot be written.
        """
        if self.qrels:
            write_labels(path, self.qrels)
            self.provenance.write(path)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        counts = ("queries", "pairs", "given", "before", "now", "ungraded", "failed", "left")
        return {
            "schema": SCHEMA,
            "dataset": self.dataset,
            "judge": self.provenance.judge,
            "prompt": self.provenance.prompt,
            **{name: getattr(self, name) for name in counts},
            "agreement": self.agreement.to_dict() if self.agreement else None,
            **{
                name: getattr(self.spent, name)
                for name in ("calls", "cached", "tokens_in", "tokens_out", "cost")
            },
            "pooling": dict(self.pooling),
            "warnings": list(self.warnings),
            "exhausted": self.exhausted,
        }


def qrels_of(
    given: Mapping[str, Mapping[str, int]],
    made: Sequence[Judgement],
    pairs: Sequence[Pair],
    *,
    again: bool,
) -> dict[str, dict[str, int]]:
    """All grades there are: those given before, then those made; queries in the order in which they come.

    Args:
        given: Before, elsewhere.
        made: By this judge.
        pairs: The pool, for the order.
        again: Where both have graded a pair, the grade made is taken, not the one given.
    """
    qrels = {query: dict(grades) for query, grades in given.items()}
    grades = {one.key: one.grade for one in made if one.grade is not None and _counts(one, again)}
    for query, document in dict.fromkeys([*(pair.key for pair in pairs), *grades]):
        if (query, document) in grades:
            qrels.setdefault(query, {})[document] = grades[query, document]
    return qrels


def _counts(judgement: Judgement, again: bool) -> bool:
    """Whether the grade goes to the file: of a pair that was judged before only where it was asked anew."""
    return judgement.grade is not None and (again or judgement.given is None)


def _mixed(
    qrels: Mapping[str, Mapping[str, int]],
    made: Sequence[Judgement],
    scale: Sequence[int],
    *,
    again: bool,
) -> tuple[str, ...]:
    """A warning where the file holds grades of two scales."""
    own = {one.key for one in made if _counts(one, again)}
    given = {
        grade
        for query, grades in qrels.items()
        for document, grade in grades.items()
        if (query, document) not in own
    }
    if not own or not given or not (max(given) > max(scale) or max(given) <= 1 < max(scale)):
        return ()
    return (
        f"the judgements given before go up to {max(given)} and the new ones up to {max(scale)}: the file "
        "mixes two scales; judge all on one of them (--again), or keep the two apart",
    )


def agreement_of(made: Sequence[Judgement]) -> Agreement | None:
    """How far this judge agrees with those who judged the same pairs before."""
    return Agreement.of(
        (one.given, one.grade) for one in made if one.given is not None and one.grade is not None
    )
