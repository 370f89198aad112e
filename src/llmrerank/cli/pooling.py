"""The options that say what is judged, and where judgements go: those of `label` and `judge`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from llmrerank.errors import ConfigError

from .collection import Collection
from .options import Calling

if TYPE_CHECKING:
    from llmrerank.evaluate import Dataset

__all__ = ["Pooling", "only_dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooling:
    """What is pooled for judgement."""

    strategies: Annotated[
        list[str] | None,
        Option("--strategies", metavar="SPEC...", help="Judge what these find: bm25 dense"),
    ] = None
    pool: Annotated[
        Path | None,
        Option("--pool", metavar="PATH", help="Judge what a run file, or a folder of them, found"),
    ] = None
    depth: Annotated[
        int, Option("--depth", metavar="N", min=1, help="Documents of each for a query  [default: 20]")
    ] = 20
    limit: Annotated[int | None, Option("--limit", metavar="N", min=1, help="Only the first N queries")] = (
        None
    )
    index: Annotated[
        Path | None, Option("--index", metavar="DIR", help="Keep indexes there between runs")
    ] = None
    out: Annotated[
        Path,
        Option("--out", metavar="FILE", help="Judgements .tsv .txt .qrels  [default: qrels.tsv]"),
    ] = Path("qrels.tsv")
    all_queries: Annotated[bool, Option("--all-queries", help="Queries without any judgement too")] = False
    again: Annotated[bool, Option("--again", help="Judge anew what is judged, or was left ungraded")] = False

    def specs(self, calling: Calling) -> list[str]:
        """The strategies that are pooled, stored runs among them.

        Raises:
            ConfigError: Nothing is named, or there is no run where one is named.
        """
        from llmrerank.evaluate.labels import stored_runs

        stored = [] if self.pool is None else stored_runs(self.pool)
        if self.strategies or stored:
            return [*(self.strategies or []), *stored]
        return [calling.strategy(None, "--strategies")]


def only_dataset(collection: Collection, *, all_queries: bool = False) -> Dataset:
    """The one dataset that is named; `all_queries` as in `Dataset.open`.

    Raises:
        ConfigError: None is, or several are.
    """
    opened = collection.open(all_queries=all_queries)
    if len(opened) > 1:
        raise ConfigError("this is about one dataset; give --dataset once")
    return opened[0]
