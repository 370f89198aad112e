"""`llmrerank rank`: put given documents in order."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from .choosing import Choosing
from .dry_run import print_estimate
from .exits import Exit, exit_of
from .options import Calling
from .presets import tell_preset
from .progress import watching
from .table import print_ranking
from .talk import Talk
from .tracing import Tracing

__all__ = ["rank"]


def rank(
    *,
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    docs: Annotated[
        str,
        Option(
            "--docs", metavar="PATH", help="JSONL, lines, CSV, TSV, Parquet, folder of texts, irds:NAME, -"
        ),
    ],
    strategy: Annotated[
        str | None, Option("--strategy", metavar="SPEC", help="Such as 'bm25 % 50 >> listwise'")
    ] = None,
    choosing: Choosing,
    calling: Calling,
    talk: Talk,
    tracing: Tracing,
    doc_columns: Annotated[
        str | None, Option("--doc-columns", metavar="A=B,...", help="Such as id=No,text=Body,title=Name")
    ] = None,
) -> Exit:
    r"""Put documents in order for a query.

    \b
      llmrerank rank --query "train a network" --docs docs.jsonl --strategy cross-encoder --top 5
    """
    settings = calling.settings()
    strategy = calling.strategy(strategy)
    from llmrerank.reranker import Reranker
    from llmrerank.retrieve.corpus import left_out, read_documents
    from llmrerank.types import Query

    asked = Query(text=query)
    top = choosing.top
    with Reranker(strategy, settings=settings, calibration=choosing.calibration) as reranker:
        documents = read_documents(docs, doc_columns)
        for note in left_out(docs):
            talk.warn(note)
        tell_preset(strategy, reranker.course, talk, size=len(documents), top=top)
        if calling.dry_run:
            print_estimate(str(reranker.spec), reranker.estimate(asked, documents, top=top), settings, talk)
            return Exit.DONE
        with tracing.told(asked) as told:
            with watching(talk) as progress:
                from llmrerank import portal

                wanted = {**choosing.wanted, "progress": progress, "witness": told.witness}
                ranking = portal.run(lambda: reranker.arank(asked, documents, **wanted))
                told.end(ranking)
            print_ranking(ranking, talk, min_score=choosing.min_score)
    return exit_of(ranking)
