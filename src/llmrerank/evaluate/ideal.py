"""The best that any reranker could do: the candidates of a first stage in the order of their grades."""

from __future__ import annotations

from .evaluator import Qrels
from .runs import Run

__all__ = ["ideal_run"]


def ideal_run(qrels: Qrels, candidates: Run) -> dict[str, list[str]]:
    """Order candidates by what the judgements say of them; ceiling of every measure that grades decide.

    A document that nobody judged counts as grade 0. Equal grades keep the order of the candidates.

    Args:
        qrels: Grades by query id and document id.
        candidates: Document ids by query id; what the first stage did not find stays out.

    Returns:
        Every query of the candidates, each of its documents once.
    """
    run = {}
    for query, documents in candidates.items():
        grades = qrels.get(query, {})
        run[query] = sorted(dict.fromkeys(documents), key=lambda document: -grades.get(document, 0))
    return run
