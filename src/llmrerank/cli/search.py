"""`llmrerank search`: find documents in a corpus and put them in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from llmrerank.errors import ConfigError

from .dry_run import print_estimate
from .exits import Exit, exit_of
from .options import Calling
from .progress import watching
from .table import print_ranking
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.retrieve.retriever import Source
    from llmrerank.types import Query

__all__ = ["search"]


def search(
    corpus: Annotated[str, Option("--corpus", metavar="PATH", help="JSONL[.gz] file or dataset folder")],
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    pipeline: Annotated[
        str, Option("--pipeline", metavar="SPEC", help="Such as 'bm25 % 100 >> cross-encoder % 10'")
    ],
    calling: Calling,
    talk: Talk,
    top: Annotated[
        int | None, Option("--top", metavar="K", min=1, help="Documents to print  [default: all]")
    ] = None,
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes there between runs")
    ] = None,
) -> Exit:
    r"""Find documents in a corpus and put them in order.

    \b
      llmrerank search --corpus docs.jsonl --query "train a model" --pipeline "bm25 >> bi-encoder % 5"
    """
    settings = calling.settings()
    from llmrerank import portal
    from llmrerank.pipeline import Pipeline
    from llmrerank.stages import Course
    from llmrerank.types import Query

    asked = Query(text=query)
    Course.of(pipeline, model=settings.model)  # a wrong name shows before a large corpus is read
    if Path(corpus).is_dir():
        asked, source = _of_dataset(Path(corpus), asked, index)
    else:
        source = _of_file(corpus, index)
    with Pipeline(pipeline, source=source, settings=settings) as made:
        if calling.dry_run:
            print_estimate(str(made.spec), made.estimate(asked, top=top), settings, talk)
            return Exit.DONE
        with watching(talk) as progress:
            ranking = portal.run(lambda: made.asearch(asked, top=top, progress=progress))
    print_ranking(ranking, talk)
    return exit_of(ranking)


def _of_dataset(folder: Path, asked: Query, index: Path | None) -> tuple[Query, Source]:
    """Everything that the dataset has; a query of its own is known by its id, for stored runs and pools."""
    from llmrerank.evaluate.dataset import Dataset

    dataset = Dataset.open(folder)
    known = next((query for query in dataset.queries if query.text.strip() == asked.text.strip()), asked)
    return known, dataset.source(index=index)


def _of_file(corpus: str, index: Path | None) -> Source:
    from llmrerank.retrieve.corpus import read_documents, refuse_duplicates
    from llmrerank.retrieve.retriever import Source

    path = Path(corpus)
    if corpus != "-" and not path.exists():
        raise ConfigError(f"there is no corpus {corpus}")
    documents = read_documents(corpus if corpus == "-" else path)
    refuse_duplicates(documents, corpus)
    return Source(corpus=documents, folder=path.parent, index=index, name=f"the corpus {corpus}")
