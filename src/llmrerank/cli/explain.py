"""`llmrerank explain`: why a document stands where it does."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from llmrerank.errors import ConfigError

from .dry_run import print_estimate
from .exits import Exit
from .explain_print import lines
from .notes import notes_on
from .options import Calling, default_cache
from .progress import watching
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.explain import Explanation
    from llmrerank.pipeline import Pipeline
    from llmrerank.settings import Settings
    from llmrerank.types import Query

__all__ = ["explain", "pipeline_over"]

SCHEMA = 1


def explain(
    *,
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    doc: Annotated[list[str], Option("--doc", metavar="ID...", help="Documents to explain, by their ids")],
    corpus: Annotated[
        str | None, Option("--corpus", metavar="PATH", help="As search takes it: JSONL[.gz] or a folder")
    ] = None,
    docs: Annotated[
        str | None,
        Option("--docs", metavar="FILE", help="As rank takes it: JSONL or plain lines"),
    ] = None,
    dataset: Annotated[
        Path | None, Option("--dataset", metavar="DIR", help="As compare takes it; judgements are told too")
    ] = None,
    pipeline: Annotated[
        str | None, Option("--pipeline", metavar="SPEC", help="Such as 'bm25 % 50 >> listwise % 5'")
    ] = None,
    strategy: Annotated[str | None, Option("--strategy", metavar="SPEC", help="The same")] = None,
    top: Annotated[
        int | None, Option("--top", metavar="K", min=1, help="Documents in the result  [default: all]")
    ] = None,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Rank once more and say why documents stand where they do (-v: whole passages and answers).

    \b
      llmrerank explain --corpus docs.jsonl --query "train" --doc d7 --pipeline "bm25 >> bi-encoder"
    """
    settings = calling.settings(cache=default_cache())
    places = {"--corpus": corpus, "--docs": docs, "--dataset": dataset}
    given = [flag for flag, value in places.items() if value is not None]
    if len(given) != 1:
        raise ConfigError(
            f"{' and '.join(given) or 'no documents'} given; say where they are by one of --corpus, --docs "
            "and --dataset"
        )
    if pipeline is not None and strategy is not None:
        raise ConfigError("--pipeline and --strategy are the same here; give one of them")
    spec = calling.strategy(pipeline or strategy, "--pipeline")
    from llmrerank import portal
    from llmrerank.explain import aexplain
    from llmrerank.reranker import Reranker
    from llmrerank.retrieve.corpus import read_documents
    from llmrerank.types import Query

    asked = Query(text=query)
    grades: dict[str, int] = {}
    door: Pipeline | Reranker
    documents = None
    if docs is not None:
        door = reranker = Reranker(spec, settings=settings)
        documents = read_documents(docs if docs == "-" else Path(docs))
        estimate = partial(reranker.estimate, asked, documents)
    else:
        place = str(dataset or corpus)
        door, asked, grades = pipeline_over(spec, place, asked, settings, folder=dataset is not None)
        estimate = partial(door.estimate, asked)
    with door:
        if calling.dry_run:
            print_estimate(str(door.spec), estimate(top=top), settings, talk)
            return Exit.DONE
        with watching(talk) as progress:
            explanation = portal.run(
                lambda: aexplain(door, asked, doc, documents, top=top, progress=progress)
            )
    _write(explanation, grades, talk)
    if explanation.trace.exhausted is not None:
        return Exit.BUDGET
    return Exit.DEGRADED if explanation.trace.degraded else Exit.DONE


def pipeline_over(
    spec: str, place: str, asked: Query, settings: Settings, *, folder: bool
) -> tuple[Pipeline, Query, dict[str, int]]:
    """The pipeline over a file or a dataset folder, the query as it is known there, and its judgements."""
    from llmrerank.expansion import expand
    from llmrerank.pipeline import Pipeline
    from llmrerank.spec import parse
    from llmrerank.stages import Course

    Course.of(spec, model=settings.stage_model, base_url=settings.stage_base_url)
    from llmrerank.retrieve.corpus import is_dataset_folder

    if not folder and not is_dataset_folder(Path(place)):
        from .search import source_of

        return Pipeline(spec, source=source_of(place, None), settings=settings), asked, {}
    from llmrerank.evaluate.dataset import Dataset

    opened = Dataset.open(place)
    spec = str(opened.complete(expand(parse(spec))))
    text = asked.text.strip()
    known = next((one for one in opened.queries if one.text.strip() == text), asked)
    grades = dict(opened.qrels.get(known.id, {}))
    return Pipeline(spec, source=opened.source(), settings=settings), known, grades


def _write(explanation: Explanation, grades: dict[str, int], talk: Talk) -> None:
    for note in notes_on(explanation.trace):
        talk.warn(note)
    if talk.json:
        report = explanation.to_dict()
        for one in report["documents"]:
            one["grade"] = grades.get(str(one["id"]))
        talk.print_json({"schema": SCHEMA, **report})
        return
    print("\n".join(lines(explanation, grades, whole=talk.verbose > 0)))
    trace = explanation.trace
    talk.say(f"{trace.calls} calls, {trace.cached} cached, {trace.pairs} pairs, {trace.seconds:.2f} s")
