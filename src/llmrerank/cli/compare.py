"""`llmrerank compare`: several strategies over the same queries, quality beside what it cost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from llmrerank.errors import ConfigError, RerankError

from .collection import Collection
from .comparing import Comparing, Written
from .dry_run import print_forecast
from .exits import Exit
from .options import Calling, configured, default_cache
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate import Comparison, Dataset
    from llmrerank.settings import Settings

__all__ = ["compare"]


def compare(
    *,
    experiment: Annotated[
        Path | None, Argument(metavar="EXPERIMENT", help="TOML file with a section [compare]")
    ] = None,
    strategies: Annotated[
        list[str] | None,
        Option("--strategies", metavar="SPEC...", help="One row each: bm25 'bm25 >> listwise'"),
    ] = None,
    collection: Collection,
    comparing: Comparing,
    written: Written,
    calling: Calling,
    talk: Talk,
) -> Exit:
    r"""Compare strategies over the same queries. Answers of LLMs are kept, so it can be stopped and go on.

    \b
      llmrerank compare --dataset examples/stdlib --strategies bm25 "bm25 % 100 >> bi-encoder"
      llmrerank compare --docs notes/ --queries questions.csv --strategies bm25 fast --report r.html
    """
    written.check(talk)
    if experiment is not None:
        if calling.config is not None:
            raise ConfigError("an experiment file and --config are the same thing twice; give one of them")
        if not experiment.exists():
            raise ConfigError(f"there is no experiment file {experiment}")
        calling = replace(calling, config=experiment)
    said = configured(calling.config).compare
    if experiment is not None and not said:
        raise ConfigError(f"{experiment} has no section [compare]; write dataset and strategies there")
    settings = calling.settings(cache=default_cache())
    chosen = comparing.said(said)
    specs = list(strategies or said.get("strategies") or [calling.strategy(None, "--strategies")])
    if strategies and strategies[-1].endswith(".toml"):
        raise ConfigError(f"{strategies[-1]} is no strategy; an experiment file stands before --strategies")
    title = written.title or said.get("title")
    datasets = collection.open(said)
    if calling.dry_run:
        _forecast(datasets, specs, chosen, settings, talk)
        return Exit.DONE
    try:
        comparisons, ended = _compared(datasets, specs, chosen, settings, written.out, talk)
    except KeyboardInterrupt as interrupt:
        if settings.cache is None:
            raise
        kept = f"the same command goes on from here; what was answered is kept in {settings.cache}"
        raise KeyboardInterrupt(kept) from interrupt
    text = _experiment({"title": title, **collection.said(said)}, specs, chosen, calling)
    comparisons = [replace(comparison, experiment=text) for comparison in comparisons]
    written.write(comparisons, talk, title=title)
    failure = ended or next((one.failure for one in comparisons if one.failure is not None), None)
    if failure is not None:
        raise failure
    if any(one.exhausted for one in comparisons):
        return Exit.BUDGET
    return Exit.DEGRADED if any(one.degraded for one in comparisons) else Exit.DONE


def _forecast(
    datasets: Sequence[Dataset], specs: Sequence[str], chosen: dict[str, Any], settings: Settings, talk: Talk
) -> None:
    from llmrerank import evaluate

    for dataset in datasets:
        for warning in dataset.warnings:
            talk.warn(f"{dataset.name}: {warning}")
        rows = evaluate.forecast(
            dataset,
            specs,
            settings=settings,
            limit=chosen.get("limit"),
            repeat=chosen.get("repeat", 1),
            shuffle=chosen.get("shuffle", False),
        )
        print_forecast(
            dataset.name,
            rows[0].queries,
            [(row.strategy, row.pipeline, row.estimate) for row in rows],
            settings,
            talk,
        )


def _compared(
    datasets: Sequence[Dataset],
    specs: Sequence[str],
    chosen: dict[str, Any],
    settings: Settings,
    out: Path | None,
    talk: Talk,
) -> tuple[list[Comparison], RerankError | None]:
    """The comparisons, and the error that ended them early: what was paid for is shown all the same."""
    from llmrerank import evaluate
    from llmrerank.purse import Purse

    from .compare_progress import comparing as watching

    purse = Purse(settings.limits, settings.prices)
    titles = [dataset.name for dataset in datasets]
    # An index belongs to one corpus, as runs do to one dataset.
    folders = zip(_folders(out, titles), _folders(chosen.get("index"), titles), strict=True)
    names = ("limit", "baseline", "repeat", "shuffle", "group_by")
    options = {name: chosen[name] for name in names if name in chosen}
    found: list[Comparison] = []
    with watching(talk, rows=len(specs)) as progress:
        for dataset, (folder, index) in zip(datasets, folders, strict=True):
            try:
                comparison = evaluate.compare(
                    dataset,
                    specs,
                    settings=settings,
                    measures=chosen.get("metrics") or evaluate.DEFAULT_MEASURES,
                    oracle=True,
                    out=folder,
                    index=index,
                    purse=purse,
                    progress=progress,
                    **options,
                )
            except RerankError as error:
                if not found:
                    raise
                return found, error
            found.append(comparison)
    return found, None


def _folders(out: Path | None, names: Sequence[str]) -> list[Path | None]:
    """What a folder is for each dataset: the folder itself, or one below it for each of several."""
    if out is None or len(names) < 2:
        return [out] * len(names)
    taken: dict[str, int] = {}
    folders: list[Path | None] = []
    for name in names:
        slug = re.sub(r"[^0-9A-Za-z]+", "-", name) or "dataset"
        taken[slug] = taken.get(slug, 0) + 1
        folders.append(out / (slug if taken[slug] == 1 else f"{slug}-{taken[slug]}"))
    return folders


def _experiment(
    collection: dict[str, Any], specs: Sequence[str], chosen: dict[str, Any], calling: Calling
) -> str:
    """The file that makes the same comparison again; a `run(path=...)` stays relative to where one works."""
    import datetime

    from llmrerank.config import anchored
    from llmrerank.experiment import experiment_text
    from llmrerank.forms import ELSEWHERE

    def absolute(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [absolute(one) for one in value]
        return value if str(value).startswith(ELSEWHERE) else str(Path(value).expanduser().resolve())

    named = configured(calling.config).strategies
    here = Path.cwd()
    paths = ("dataset", "docs", "queries", "qrels", "card")
    told = {name: absolute(value) if name in paths else value for name, value in collection.items()}
    if Path(str(told.get("candidates", ""))).is_file():
        told["candidates"] = absolute(told["candidates"])
    told |= {"strategies": [anchored(spec, here, named.keys()) for spec in specs]}
    told |= {name: value for name, value in chosen.items() if name != "index"}
    if told.get("baseline"):
        told["baseline"] = anchored(told["baseline"], here, named.keys())
    words = " ".join(specs)
    return experiment_text(
        told,
        calling.resolved(),
        strategies={name: spec for name, spec in named.items() if name in words},
        date=datetime.date.today(),
    )
