r"""What an instruction does: `pool >> pointwise` over the birco collections, with and without their cards.

    python benchmarks/instructions.py --queries 8
    python benchmarks/instructions.py --base-url http://127.0.0.1:8080/v1 --model NAME

Without an endpoint the packaged model is served on this machine: it is small, and what it shows of an
instruction is noise; it proves that the instruction arrives. The first queries of each collection are asked,
each with its own pool; `--examples` asks a third time with the card's worked judgements as well. Differences
are told by a paired randomisation test over these queries.

Beside it stand the stored runs that come with the collections, over all queries and over the same ones:
rankings of GPT-4, RankGPT, monoT5 and E5 that others made. `_O` in their names says that the task's objective
was given; where the same system ran without it, its run is what the difference is told from.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import mean

from llmrerank.endpoint import running
from llmrerank.evaluate import Dataset, Row, compare
from llmrerank.evaluate.noise import difference
from llmrerank.settings import Settings
from llmrerank.trace import Degraded

MEASURE = "nDCG@10"
ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
CARDS = {
    "birco-clinical-trial": "clinical-trials.toml",
    "birco-relic": "missing-quotation.toml",
    "birco-whatsthatbook": "forgotten-book.toml",
}
"""The card of each collection."""


def arms(dataset: Dataset, *, with_examples: bool) -> Iterator[tuple[str, Dataset]]:
    """The collection as it is asked about: by the query alone, with an instruction, with examples too."""
    yield "query alone", replace(dataset, instruction="", examples=())
    yield "with instruction", replace(dataset, examples=())
    if with_examples:
        yield "with instruction and examples", dataset


def asked(dataset: Dataset, strategy: str, settings: Settings, queries: int, *, with_examples: bool) -> int:
    """Print what the model makes of the pools in each arm; gives the number of queries that failed."""
    plain: Row | None = None
    failed = 0
    for name, arm in arms(dataset, with_examples=with_examples):
        begun = time.perf_counter()
        result = compare(arm, ["pool", strategy], settings=settings, measures=[MEASURE], limit=queries)
        unjudged, row = result.rows
        took = f"{row.trace.calls} calls, {row.trace.cached} cached, {time.perf_counter() - begun:.0f} s"
        if plain is None:
            _line("pool as it stands", unjudged.measures[MEASURE])
            _line(name, row.measures[MEASURE], more=took)
            plain = row
        else:
            _line(name, row.measures[MEASURE], versus=(_by_query(row), _by_query(plain)), more=took)
        for reason in {event.reason for event in row.trace.of(Degraded)} | set(row.failures.values()):
            print(f"    {reason}")
        failed += len(row.failures)
    return failed


def stored(dataset: Dataset, queries: int) -> None:
    """Print the figures of the runs that come with the collection."""
    files = sorted((dataset.folder / "runs").glob("*.trec"))
    if not files:
        return
    specs = {file.stem: f"run(path='runs/{file.name}')" for file in files}
    rows = dict(zip(specs, compare(dataset, list(specs.values()), measures=[MEASURE]).rows, strict=True))
    print(f"  stored runs: all {len(dataset.queries)} queries{'':18}the first {queries}")
    for name, row in sorted(rows.items(), key=lambda item: -item[1].measures[MEASURE]):
        few = mean(_by_query(row)[:queries])
        without = rows.get(name.removesuffix("_O")) if name.endswith("_O") else None
        versus = None if without is None else (_by_query(row), _by_query(without))
        _line(name, row.measures[MEASURE], versus=versus, more=f"{few:.4f}")


def _line(
    name: str,
    value: float,
    *,
    versus: tuple[Sequence[float], Sequence[float]] | None = None,
    more: str = "",
) -> None:
    told = ""
    if versus is not None:
        found = difference(*versus)
        told = f"{found.mean:+.4f}, p {found.p:.4f}"
    print(f"  {name:32} {value:.4f}  {told:18}  {more}".rstrip(), flush=True)


def _by_query(row: Row) -> list[float]:
    scores: Mapping[str, float] = row.per_query[MEASURE]
    return list(scores.values())


@contextmanager
def endpoint(base_url: str | None) -> Iterator[str]:
    """The endpoint that was named, else the packaged model on this machine."""
    if base_url is not None:
        yield base_url
        return
    with running() as url:
        yield url


def main() -> int:
    """Measure and print; 1 where a query failed, 2 where no collection is at hand."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of dataset folders")
    parser.add_argument("--collections", nargs="+", default=list(CARDS), metavar="NAME", choices=list(CARDS))
    parser.add_argument("--queries", type=int, default=8, help="queries asked of each collection")
    parser.add_argument("--examples", action="store_true", help="a third arm, with worked judgements")
    parser.add_argument("--passage-tokens", type=int, help="shown of a document; default: the judge's own")
    parser.add_argument("--base-url", help="default: the packaged model, served here")
    parser.add_argument("--model", help="its name; default: the one that is served")
    parser.add_argument("--cache", type=Path, help="keep answers there")
    options = parser.parse_args()
    folders = [options.data / name for name in options.collections if (options.data / name).is_dir()]
    if not folders:
        print(f"none of {', '.join(options.collections)} is in {options.data}")
        return 2
    room = f"(passage_tokens={options.passage_tokens})" if options.passage_tokens else ""
    strategy = f"pool >> pointwise{room}"
    failed = 0
    with endpoint(options.base_url) as base_url:
        settings = Settings(
            model=options.model,
            base_url=base_url,
            api_key=None if options.base_url else "none",
            cache=options.cache,
        )
        for folder in folders:
            dataset = Dataset.open(folder, card=ROOT / "examples" / "cards" / CARDS[folder.name])
            queries = min(options.queries, len(dataset.queries))
            pools = mean(len(dataset.qrels[query.id]) for query in dataset.queries[:queries])
            served = options.model or ("the packaged model" if options.base_url is None else "the endpoint")
            print(
                f"\n{folder.name}: {strategy}, {served}, {queries} queries, {pools:.0f} documents each",
                flush=True,
            )
            failed += asked(dataset, strategy, settings, queries, with_examples=options.examples)
            stored(dataset, queries)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
