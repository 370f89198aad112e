"""What a TREC run leaves open about its order is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmrerank.retrieve.retriever import Source
from llmrerank.retrieve.run import Run, RunRetriever
from llmrerank.types import Document, Query

CORPUS = [Document(id=name, text=f"text {name}") for name in "abcd"]


def opened(tmp_path: Path, *lines: str) -> RunRetriever:
    (tmp_path / "r.trec").write_text("".join(f"{line} t\n" for line in lines))
    return Run(path="r.trec").open(Source(corpus=CORPUS, folder=tmp_path))


@pytest.mark.parametrize(
    ("lines", "order", "parts"),
    [
        (("q Q0 a 1 3", "q Q0 b 2 2", "q Q0 c 3 1"), "abc", ()),
        (("q Q0 a 0 3", "q Q0 b 0 2"), "ab", ()),
        (("q Q0 c 3 1", "q Q0 a 1 3"), "ac", ("is not sorted by score for 1 of 2 queries, such as 'q'",)),
        # Distances: the nearest has rank 1 and the lowest number.
        (
            ("q Q0 a 1 0.1", "q Q0 b 2 0.5"),
            "ba",
            ("ranks contradict scores for 1 of 2 queries, such as 'q'",),
        ),
        (("q Q0 b 2 1", "q Q0 a 1 1", "q Q0 c 3 0"), "abc", ("2 of 4 scores in the run", "are tied")),
    ],
)
def test_unsorted_and_tied_runs(
    tmp_path: Path, lines: tuple[str, ...], order: str, parts: tuple[str, ...]
) -> None:
    retriever = opened(tmp_path, "p Q0 d 1 7", *lines)
    [ranking] = retriever.search([Query(id="q", text="what")], k=9)
    assert "".join(str(hit.document.id) for hit in ranking) == order
    assert len(retriever.warnings) == (1 if parts else 0)
    for part in parts:
        assert part in retriever.warnings[0]
