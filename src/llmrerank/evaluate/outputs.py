"""What a comparison leaves in a folder: a run, the queries one by one, and the summary."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmrerank.errors import ConfigError
from llmrerank.trace_file import TracedQuery, TraceFile
from llmrerank.types import Document, Query

from .comparison import Comparison, Row
from .dataset import judged_id
from .kept import LOOKED_AT, Kept
from .on_demand import Corpus
from .runs import check_identifiers, run_file_name, write_run, write_whole

__all__ = ["Outputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """A folder that takes the results of one comparison, each as soon as it is there.

    Attributes:
        folder: Where they are written.
        dataset: Its name.
        queries: Those evaluated.
        earlier: Names of the runs that an earlier comparison left there.
    """

    folder: Path
    dataset: str
    queries: Sequence[Query]
    earlier: frozenset[str] = frozenset()

    @classmethod
    def into(
        cls,
        folder: Path,
        dataset: str,
        queries: Sequence[Query],
        qrels: Mapping[str, Mapping[str, int]],
    ) -> Outputs:
        """Make the folder.

        Raises:
            ConfigError: It cannot be made.
            DataError: An id that no run file can hold; before anything is asked.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from error
        check_identifiers(folder, qrels or {query.id: () for query in queries})
        return cls(folder=folder, dataset=dataset, queries=tuple(queries), earlier=_runs_of(folder))

    def check(self, corpus: Sequence[Document] | None, *, group_by: str | None) -> None:
        """Refuse documents whose ids no run file can hold, before anything is asked; see `judged_id`.

        A collection of ir_datasets, which may have millions of them, is not read for it.

        Raises:
            DataError: An id is empty or holds white space, such as the name of a file.
        """
        if corpus is not None and not (isinstance(corpus, Corpus) and corpus.collection):
            check_identifiers(self.folder, {self.queries[0].id: (judged_id(one, group_by) for one in corpus)})

    def write_row(self, number: int, row: Row) -> Row:
        """Write what a row found, as a run and query by query; gives the row with the name of its run."""
        name = run_file_name(number, row.strategy)
        found = {query: kept.documents for query, kept in row.kept.items()}
        write_run(self.folder / name, found, tag=row.strategy)
        with TraceFile((self.folder / name).with_suffix(".jsonl"), fresh=True) as file:
            for query in self.queries:
                if query.id in row.kept:
                    file.add(self._traced(number, row, query, row.kept[query.id]))
        return replace(row, run=name)

    def _traced(self, number: int, row: Row, query: Query, kept: Kept) -> TracedQuery:
        return TracedQuery(
            query=query,
            strategy=row.pipeline,
            hits=TracedQuery.hits_of(kept.documents[:LOOKED_AT], previous=kept.previous, scores=kept.scores),
            score_kind=kept.score_kind,
            events=kept.trace.events,
            seconds=kept.seconds,
            measures={name: scores[query.id] for name, scores in row.per_query.items()},
            dataset=self.dataset,
            row=number,
        )

    def write_summary(self, comparison: Comparison) -> None:
        """Write all that is known so far."""
        write_whole(self.folder / "compare.json", comparison.to_json())

    def finish(self, comparison: Comparison) -> None:
        """Write the summary of the whole, and take away the rows of an earlier comparison that has more."""
        self.write_summary(comparison)
        for name in self.earlier - {row.run for row in comparison.rows}:
            for path in (self.folder / name, (self.folder / name).with_suffix(".jsonl")):
                path.unlink(missing_ok=True)


def _runs_of(folder: Path) -> frozenset[str]:
    """The runs that a summary in a folder names, as far as they are names of runs in that folder."""
    try:
        rows = json.loads((folder / "compare.json").read_text(encoding="utf-8"))["rows"]
        names = [str(row["run"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
    return frozenset(name for name in names if name == Path(name).name and name.endswith(".trec"))
