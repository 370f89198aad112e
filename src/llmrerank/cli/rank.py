"""`llmrerank rank`: put given documents in order."""

from __future__ import annotations

from pathlib import Path
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

__all__ = ["rank"]


def rank(
    *,
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    docs: Annotated[str, Option("--docs", metavar="FILE", help="JSONL or plain lines; - is standard input")],
    strategy: Annotated[
        str | None, Option("--strategy", metavar="SPEC", help="Such as 'bm25 % 50 >> listwise'")
    ] = None,
    choosing: Choosing,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Put documents in order for a query.

    \b
      llmrerank rank --query "train a network" --docs docs.jsonl --strategy cross-encoder --top 5
    """
    settings = calling.settings()
    strategy = calling.strategy(strategy)
    from llmrerank.reranker import Reranker
    from llmrerank.retrieve.corpus import read_documents
    from llmrerank.types import Query

    asked = Query(text=query)
    top = choosing.top
    with Reranker(strategy, settings=settings, calibration=choosing.calibration) as reranker:
        documents = read_documents(docs if docs == "-" else Path(docs))
        tell_preset(strategy, reranker.course, talk, size=len(documents), top=top)
        if calling.dry_run:
            print_estimate(str(reranker.spec), reranker.estimate(asked, documents, top=top), settings, talk)
            return Exit.DONE
        with watching(talk) as progress:
            from llmrerank import portal

            wanted = choosing.wanted
            ranking = portal.run(lambda: reranker.arank(asked, documents, progress=progress, **wanted))
    print_ranking(ranking, talk)
    return exit_of(ranking)
