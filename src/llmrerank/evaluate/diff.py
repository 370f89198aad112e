"""Two stored runs held against each other: in the measures, and query by query in the lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from llmrerank.counted import counted
from llmrerank.errors import ConfigError, DataError
from llmrerank.overlap import DEPTH, overlap, rbo
from llmrerank.retrieve.corpus import find_documents
from llmrerank.retrieve.stored import read_run, read_texts
from llmrerank.types import Document, Query

from .changes import QueryDiff, RunDiff, Shift
from .contrast import Contrast, contrasts
from .dataset import Dataset
from .measures import DEFAULT_MEASURES, Measures
from .runs import Run

__all__ = ["diff", "read_for", "texts_for"]


def diff(
    dataset: Dataset,
    before: Run,
    after: Run,
    *,
    measures: Sequence[str] = DEFAULT_MEASURES,
    depth: int = DEPTH,
) -> RunDiff:
    """Hold two runs against each other over the queries that both have.

    Args:
        dataset: Queries, and judgements where there are any; without them nothing is measured.
        before: Document ids by query id, best first, each once.
        after: The other run.
        measures: Names; the first decides which queries changed most.
        depth: Leading documents looked at.

    Raises:
        ConfigError: A measure that nobody knows, or `depth` below 1.
        DataError: The runs have no query of the dataset in common.
    """
    if depth < 1:
        raise ConfigError(f"the number of leading documents must be 1 or more, got {depth}")
    known = {query.id: query for query in dataset.measurable}
    both = [query for query in known if query in before and query in after]
    if not both:
        raise DataError(_nothing(dataset, before, after))
    qrels = {query: dataset.qrels[query] for query in both} if dataset.qrels else {}
    means: dict[str, tuple[float, float]] = {}
    scores: dict[str, tuple[Mapping[str, float], Mapping[str, float]]] = {}
    held: dict[str, Contrast] = {}
    if qrels:
        table = Measures(measures, relevance=dataset.relevance).over(qrels)
        first, second = table.evaluate(before), table.evaluate(after)
        for name in first.means:
            means[name] = first.means[name], second.means[name]
            scores[name] = first.per_query[name], second.per_query[name]
            [_, contrast] = contrasts(scores[name])
            if contrast is not None:
                held[name] = contrast
    found = [
        _of_query(
            known[query],
            before[query],
            after[query],
            {name: (one[query], other[query]) for name, (one, other) in scores.items()},
            dataset.qrels.get(query, {}),
            depth,
        )
        for query in both
    ]
    leading = next(iter(means), None)
    found.sort(
        key=lambda one: (-abs(one.change(leading)) if leading is not None else 0.0, one.overlap, one.rbo)
    )
    return RunDiff(
        dataset=dataset.name,
        relevance=dataset.relevance,
        depth=depth,
        queries=tuple(found),
        means=means,
        contrasts=held,
        only_before=tuple(query for query in known if query in before and query not in after),
        only_after=tuple(query for query in known if query in after and query not in before),
        warnings=tuple(_left_out(dataset, known, before, after)),
    )


def _of_query(
    query: Query,
    before: Sequence[str],
    after: Sequence[str],
    scores: Mapping[str, tuple[float, float]],
    grades: Mapping[str, int],
    depth: int,
) -> QueryDiff:
    was = {document: rank for rank, document in enumerate(before, start=1)}
    now = {document: rank for rank, document in enumerate(after, start=1)}

    def shift(document: str) -> Shift:
        return Shift(
            id=document, grade=grades.get(document), before=was.get(document), after=now.get(document)
        )

    first, second = before[:depth], after[:depth]
    leading = set(first), set(second)
    moved = [shift(document) for document, grade in grades.items() if grade > 0]
    return QueryDiff(
        query=query,
        scores=scores,
        overlap=overlap(before, after, depth=depth),
        rbo=rbo(before, after),
        entered=tuple(shift(document) for document in second if document not in leading[0]),
        left=tuple(shift(document) for document in first if document not in leading[1]),
        moved=tuple(sorted((one for one in moved if one.before != one.after), key=lambda one: -one.weight)),
    )


def _nothing(dataset: Dataset, before: Run, after: Run) -> str:
    what = "judged query" if dataset.qrels else "query"
    asked = f"(such as '{dataset.queries[0].id}')"
    runs = " and ".join(f"'{next(iter(run))}'" if run else "nothing" for run in (before, after))
    return (
        f"the runs have no {what} of the dataset '{dataset.name}' {asked} in common; they begin with {runs}"
    )


def _left_out(dataset: Dataset, known: Mapping[str, Query], before: Run, after: Run) -> Iterable[str]:
    foreign = list(dict.fromkeys(query for query in (*before, *after) if query not in known))
    if foreign:
        why = "without judgements or without text" if dataset.qrels else "that the dataset does not have"
        yield f"left out: {counted(len(foreign), 'query')} of the runs {why}, such as '{foreign[0]}'"
    asked = [query.id for query in dataset.queries]
    absent = [query for query in asked if query not in before and query not in after]
    if absent:
        yield f"{len(absent)} of {len(asked)} queries are in neither run, such as '{absent[0]}'"


def read_for(dataset: Dataset, path: Path) -> dict[str, list[str]]:
    """Read a stored run, TREC lines or candidates: document ids by query id, best first.

    Candidates without a query id are known by their text, as the dataset has it.

    Raises:
        DataError: As `retrieve.stored.read_run`.
    """
    by_text = {query.text.strip(): query.id for query in dataset.queries}
    return {
        stored.query_id or by_text.get(stored.query_text.strip(), stored.query_text): [
            row.docid for row in stored.rows
        ]
        for stored in read_run(path).lists
    }


def texts_for(dataset: Dataset, wanted: Iterable[str], *, files: Sequence[Path] = ()) -> dict[str, Document]:
    """Documents by id, as far as they have a text in the corpus, in these runs, or in the candidates.

    Args:
        dataset: Its corpus comes first.
        wanted: Ids.
        files: Stored runs, which may hold texts.

    Raises:
        DataError: A file cannot be read.
    """
    missing = set(wanted)
    found: dict[str, Document] = {}
    if dataset.corpus is not None:
        found = dict(find_documents(dataset.corpus, missing))
    for file in (*files, *dataset.candidate_files):
        missing -= found.keys()
        if not missing:
            break
        found |= {name: one for name, one in read_texts(file).items() if name in missing}
    return found
