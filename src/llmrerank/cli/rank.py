"""`llmrerank rank`: put given documents in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from .dry_run import print_estimate
from .exits import Exit, exit_of
from .options import Calling
from .progress import watching
from .table import print_ranking
from .talk import Talk

__all__ = ["rank"]


def rank(
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    docs: Annotated[str, Option("--docs", metavar="FILE", help="JSONL or plain lines; - is standard input")],
    strategy: Annotated[str, Option("--strategy", metavar="SPEC", help="Such as 'bm25 % 50 >> listwise'")],
    calling: Calling,
    talk: Talk,
    top: Annotated[
        int | None, Option("--top", metavar="K", min=1, help="Documents to print  [default: all]")
    ] = None,
) -> Exit:
    r"""Put documents in order for a query.

    \b
      llmrerank rank --query "train a network" --docs docs.jsonl --strategy cross-encoder --top 5
    """
    settings = calling.settings()
    from llmrerank.reranker import Reranker
    from llmrerank.retrieve.corpus import read_documents
    from llmrerank.types import Query

    asked = Query(text=query)
    with Reranker(strategy, settings=settings) as reranker:
        documents = read_documents(docs if docs == "-" else Path(docs))
        if calling.dry_run:
            print_estimate(str(reranker.spec), reranker.estimate(asked, documents, top=top), settings, talk)
            return Exit.DONE
        with watching(talk) as progress:
            from llmrerank import portal

            ranking = portal.run(lambda: reranker.arank(asked, documents, top=top, progress=progress))
    print_ranking(ranking, talk)
    return exit_of(ranking)
