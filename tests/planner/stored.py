"""Measurements written down by hand, so that what follows from them can be worked out on paper."""

from __future__ import annotations

from llmrerank.planner.measurements import Asked, FirstStage, JudgedQuery, Measurements, Scorer
from llmrerank.planner.work import TimedList

QUERIES, FOUND, DOCUMENTS = 20, 100, 1000
TOKENS = 50


def search_seconds(query: int, size: int) -> float:
    """A search of `bm25`: 1 ms, and 1 microsecond for each document of the later queries."""
    return 0.001 + 1e-6 * size * (1 + query / QUERIES)


def measurements(
    *,
    per_token: float = 1e-4,
    asked: tuple[Asked, ...] = (),
    scorer_first: bool = True,
    stand_in: bool = False,
) -> Measurements:
    """One first stage and one local model.

    Every query has one relevant document. `bm25` has it at place `1 + 4 * query` (0 for the first query), and
    `bi-encoder` puts it first wherever it gets it. A list takes the model `per_token` seconds a token.
    """
    relevant = [min(FOUND - 1, 4 * query) for query in range(QUERIES)]
    return Measurements(
        dataset="paper",
        stand_in=stand_in,
        documents=DOCUMENTS,
        relevance=2,
        machine="2 cores",
        lengths=(TOKENS,) * (QUERIES * FOUND),
        queries=tuple(
            JudgedQuery(id=f"q{query}", grades={query * FOUND + place: 2}, ideal=(2,), relevant=1)
            for query, place in enumerate(relevant)
        ),
        first=(
            FirstStage(
                stage="bm25",
                sizes={
                    size: tuple(search_seconds(query, size) for query in range(QUERIES))
                    for size in (250, DOCUMENTS, 4000)
                },
                shallow=10,
                depths={
                    depth: tuple(
                        search_seconds(query, DOCUMENTS) + 1e-5 * (depth - 10) for query in range(QUERIES)
                    )
                    for depth in (10, 100, 1000)
                },
                size=DOCUMENTS,
                found=tuple(tuple(range(query * FOUND, (query + 1) * FOUND)) for query in range(QUERIES)),
            ),
        ),
        scorers=(
            Scorer(
                strategy="bi-encoder",
                remembers=True,
                room=256,
                lists=tuple(
                    TimedList(documents=n, tokens=float(n * length), seconds=0.002 + per_token * n * length)
                    for n, length in ((10, 40), (10, 60), (30, 50), (100, 45), (100, 55))
                ),
                scores=tuple(
                    {
                        query * FOUND + place: 1.0 if place == best else 0.5 - place / 1000
                        for place in range(FOUND)
                    }
                    for query, best in enumerate(relevant)
                ),
            ),
        )
        if scorer_first
        else (),
        asked=asked,
        seconds=1.0,
        notes=("dense was left out",),
    )


LISTWISE = Asked(
    strategy="listwise",
    model="small",
    call_tokens=100.0,
    document_tokens=50.0,
    answer_tokens=80.0,
    seconds=(1.0, 1.0, 1.0),
)
