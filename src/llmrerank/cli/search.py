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
from .tracing import Tracing

if TYPE_CHECKING:
    from llmrerank.retrieve.retriever import Source
    from llmrerank.types import Query

__all__ = ["search", "source_of"]


def search(
    *,
    corpus: Annotated[
        str,
        Option(
            "--corpus", metavar="PATH", help="Dataset folder, JSONL, CSV, Parquet, texts, irds:NAME, index"
        ),
    ],
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    pipeline: Annotated[
        str | None, Option("--pipeline", metavar="SPEC", help="Such as 'bm25 % 100 >> cross-encoder % 10'")
    ] = None,
    choosing: Choosing,
    calling: Calling,
    talk: Talk,
    tracing: Tracing,
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes there between runs")
    ] = None,
    doc_columns: Annotated[
        str | None, Option("--doc-columns", metavar="A=B,...", help="Such as id=No,text=Body,title=Name")
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
    from llmrerank.retrieve.corpus import left_out
    from llmrerank.stages import Course
    from llmrerank.types import Query

    asked = Query(text=query)
    # A wrong name shows before a large corpus is read.
    Course.of(pipeline, model=settings.stage_model, base_url=settings.stage_base_url)
    source, asked = source_of(corpus, index, doc_columns), _known(corpus, asked)
    for note in left_out(corpus) if source.corpus is not None else ():
        talk.warn(note)
    top = choosing.top
    with Pipeline(pipeline, source=source, settings=settings, calibration=choosing.calibration) as made:
        tell_preset(pipeline, made.course, talk, size=DEPTH, top=top)
        if calling.dry_run:
            print_estimate(str(made.spec), made.estimate(asked, top=top), settings, talk)
            return Exit.DONE
        with tracing.told(asked) as told:
            with watching(talk) as progress:
                wanted = {**choosing.wanted, "progress": progress, "witness": told.witness}
                ranking = portal.run(lambda: made.asearch(asked, **wanted))
                told.end(ranking)
            print_ranking(ranking, talk, min_score=choosing.min_score)
    return exit_of(ranking)


def source_of(corpus: str, index: Path | None, columns: str | None = None) -> Source:
    """What a first stage can draw on: everything that a dataset folder has, documents alone, or an index.

    Raises:
        ConfigError: There is no such file, folder or collection.
        DataError: It cannot be read, or two documents have one id.
    """
    from llmrerank.retrieve.corpus import is_dataset_folder

    if is_dataset_folder(Path(corpus)):
        from llmrerank.evaluate.dataset import Dataset

        return Dataset.open(corpus, document_columns=columns).source(index=index)
    from llmrerank.retrieve.retriever import Source
    from llmrerank.retrieve.tantivy_manifest import is_index

    if is_index(Path(corpus)):
        return Source(folder=Path(corpus), name=f"the index {corpus}")
    return _of_documents(corpus, index, columns)


def _known(corpus: str, asked: Query) -> Query:
    """The dataset's own query of this text, whose id stored runs and pools know; else the query as it is."""
    from llmrerank.retrieve.corpus import is_dataset_folder

    if not is_dataset_folder(Path(corpus)):
        return asked
    from llmrerank.evaluate.dataset import Dataset

    queries = Dataset.open(corpus).queries
    return next((query for query in queries if query.text.strip() == asked.text.strip()), asked)


def _of_documents(corpus: str, index: Path | None, columns: str | None) -> Source:
    from llmrerank.retrieve.corpus import read_documents, refuse_duplicates
    from llmrerank.retrieve.irds import irds_name
    from llmrerank.retrieve.retriever import Source

    path, alone = Path(corpus), corpus == "-" or irds_name(corpus) is not None
    if not alone and not path.exists():
        raise ConfigError(f"there is no corpus {corpus}")
    documents = read_documents(corpus, columns)
    refuse_duplicates(documents, corpus)
    folder = None if irds_name(corpus) is not None else path if path.is_dir() else path.parent
    return Source(corpus=documents, folder=folder, index=index, name=f"the corpus {corpus}")
