"""`llmrerank search`: find documents in a corpus and put them in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from llmrerank.errors import ConfigError

from .choosing import Choosing
from .dry_run import print_estimate
from .exits import Exit, exit_of
from .options import Calling
from .presets import tell_preset
from .progress import watching
from .table import print_ranking
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.retrieve.retriever import Source
    from llmrerank.types import Query

__all__ = ["search", "source_of"]


def search(
    *,
    corpus: Annotated[str, Option("--corpus", metavar="PATH", help="JSONL[.gz] file or dataset folder")],
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    pipeline: Annotated[
        str | None, Option("--pipeline", metavar="SPEC", help="Such as 'bm25 % 100 >> cross-encoder % 10'")
    ] = None,
    choosing: Choosing,
    calling: Calling,
    talk: Talk,
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes there between runs")
    ] = None,
) -> Exit:
    r"""Find documents in a corpus and put them in order.

    \b
      llmrerank search --corpus docs.jsonl --query "train a model" --pipeline "bm25 >> bi-encoder % 5"
    """
    settings = calling.settings()
    pipeline = calling.strategy(pipeline, "--pipeline")
    from llmrerank import portal
    from llmrerank.pipeline import DEPTH, Pipeline
    from llmrerank.stages import Course
    from llmrerank.types import Query

    asked = Query(text=query)
    # A wrong name shows before a large corpus is read.
    Course.of(pipeline, model=settings.stage_model, base_url=settings.stage_base_url)
    source, asked = source_of(corpus, index), _known(corpus, asked)
    top = choosing.top
    with Pipeline(pipeline, source=source, settings=settings, calibration=choosing.calibration) as made:
        tell_preset(pipeline, made.course, talk, size=DEPTH, top=top)
        if calling.dry_run:
            print_estimate(str(made.spec), made.estimate(asked, top=top), settings, talk)
            return Exit.DONE
        with watching(talk) as progress:
            ranking = portal.run(lambda: made.asearch(asked, progress=progress, **choosing.wanted))
    print_ranking(ranking, talk)
    return exit_of(ranking)


def source_of(corpus: str, index: Path | None) -> Source:
    """What a first stage can draw on: everything that a dataset folder has, or the documents of a file.

    Raises:
        ConfigError: There is no such file or folder.
        DataError: It cannot be read, or two documents have one id.
    """
    if Path(corpus).is_dir():
        from llmrerank.evaluate.dataset import Dataset

        return Dataset.open(Path(corpus)).source(index=index)
    return _of_file(corpus, index)


def _known(corpus: str, asked: Query) -> Query:
    """The dataset's own query of this text, whose id stored runs and pools know; else the query as it is."""
    if not Path(corpus).is_dir():
        return asked
    from llmrerank.evaluate.dataset import Dataset

    queries = Dataset.open(Path(corpus)).queries
    return next((query for query in queries if query.text.strip() == asked.text.strip()), asked)


def _of_file(corpus: str, index: Path | None) -> Source:
    from llmrerank.retrieve.corpus import read_documents, refuse_duplicates
    from llmrerank.retrieve.retriever import Source

    path = Path(corpus)
    if corpus != "-" and not path.exists():
        raise ConfigError(f"there is no corpus {corpus}")
    documents = read_documents(corpus if corpus == "-" else path)
    refuse_duplicates(documents, corpus)
    return Source(corpus=documents, folder=path.parent, index=index, name=f"the corpus {corpus}")
