"""`llmrerank route`: one decision of a router, feature by feature; no LLM is asked."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from llmrerank.counted import dollars
from llmrerank.errors import ConfigError
from llmrerank.harmless import harmless

from .exits import Exit
from .explain import pipeline_over
from .options import Calling
from .talk import Talk
from .wrapping import WIDTH, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llmrerank.pipeline import Pipeline
    from llmrerank.router.preview import Preview
    from llmrerank.stage_cost import StageCost

__all__ = ["route"]

SCHEMA = 1
PIPELINE = "bm25 % 50 >> auto"


def route(
    *,
    query: Annotated[str, Option("--query", metavar="TEXT", help="What is asked")],
    corpus: Annotated[
        str | None, Option("--corpus", metavar="PATH", help="As search takes it: JSONL[.gz] or a folder")
    ] = None,
    docs: Annotated[
        str | None, Option("--docs", metavar="FILE", help="As rank takes it: JSONL or plain lines")
    ] = None,
    dataset: Annotated[Path | None, Option("--dataset", metavar="DIR", help="As compare takes it")] = None,
    pipeline: Annotated[
        str | None,
        Option("--pipeline", metavar="SPEC", help=f"With a route among its stages  [default: {PIPELINE}]"),
    ] = None,
    top: Annotated[
        int | None, Option("--top", metavar="K", min=1, help="Documents in the result  [default: all]")
    ] = None,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Show which arm of a route a query takes and why, and what each would take. No LLM is asked.

    \b
      llmrerank route --corpus docs.jsonl --query "train" --pipeline "bm25 >> route(keep, bi-encoder)"
    """
    settings = calling.settings()
    places = {"--corpus": corpus, "--docs": docs, "--dataset": dataset}
    given = [flag for flag, value in places.items() if value is not None]
    if len(given) != 1:
        raise ConfigError(
            f"{' and '.join(given) or 'no documents'} given; say where they are by one of --corpus, --docs "
            "and --dataset"
        )
    from llmrerank import portal
    from llmrerank.reranker import Reranker
    from llmrerank.retrieve.corpus import read_documents
    from llmrerank.router.preview import apreview
    from llmrerank.types import Query

    spec = pipeline or PIPELINE
    asked = Query(text=query)
    documents = None
    if docs is not None:
        door: Pipeline | Reranker = Reranker(spec, settings=settings)
        documents = read_documents(docs if docs == "-" else Path(docs))
    else:
        door, asked, _ = pipeline_over(
            spec, str(dataset or corpus), asked, settings, folder=dataset is not None
        )
    with door:
        shown = portal.run(lambda: apreview(door, asked, documents, top=top))
    if talk.json:
        talk.print_json({"schema": SCHEMA, **shown.to_dict()})
    else:
        print("\n".join(_lines(shown)))
    talk.say("no LLM was asked; the cheap arm ran")
    return Exit.DONE


def _lines(shown: Preview) -> Iterator[str]:
    yield from wrapped(f"query: {harmless(shown.query)}", hang=2)
    yield from wrapped(f"route: {shown.stage}", hang=2)
    yield from wrapped(f"taken: {shown.routed.strategy}", hang=2)
    yield from wrapped(f"because: {shown.routed.reason}", hang=2)
    choice = shown.decision.choice
    if choice.parts:
        fitted = any(part.arm for part in choice.parts)
        yield ""
        yield "shares of the predicted gain:" if fitted else "rules:"
        for part in choice.parts:
            mark = f"{part.weight:+.4f}" if part.arm else "fires" if part.weight else "rests"
            whose = f"{part.arm}, " if part.arm else ""
            yield from _hung(f"  {mark}  {whose}{part.name}: ", part.says)
    yield ""
    yield "features:"
    for one in shown.decision.features.to_list():
        value = "-" if one["value"] is None else f"{one['value']:.4g}"
        told = one["what"] if one["why"] is None else f"{one['what']}; none: {one['why']}"
        yield from _hung(f"  {one['name']:<15} {value:>7}  ", told)
    yield ""
    yield "what each arm takes, the dearer ones beyond the cheap one:"
    for arm, cost in shown.arms:
        yield from _hung(f"  {arm}: ", _cost(cost))


def _hung(head: str, text: str) -> list[str]:
    """A head and a text beside it, on lines that a screen shows."""
    return textwrap.wrap(
        harmless(text),
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * min(len(head), WIDTH // 3),
        break_on_hyphens=False,
    ) or [head.rstrip()]


def _cost(cost: StageCost) -> str:
    """Unknown is never 0."""
    parts = [
        f"{span} {word if span.most == 1 else word + 's'}"
        for span, word in (
            (cost.calls, "call"),
            (cost.pairs, "pair"),
            (cost.tokens_in, "prompt token"),
            (cost.tokens_out, "answer token"),
        )
        if span.most
    ]
    if cost.calls.most:
        parts.append("cost unknown" if cost.cost is None else dollars(*cost.cost))
    return ", ".join(parts) or "nothing"
