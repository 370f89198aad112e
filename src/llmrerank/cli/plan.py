"""`llmrerank plan`: which pipeline, with how many candidates, for a collection and a latency."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from llmrerank.errors import ConfigError

from .exits import Exit
from .options import ConfigPath, configured
from .progress import line
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate import Dataset
    from llmrerank.planner import Measurements
    from llmrerank.settings import Settings

__all__ = ["plan"]

SCHEMA = 1


def _option(panel: str, *names: str, metavar: str, help: str, **more: Any) -> Any:
    return Option(*names, rich_help_panel=panel, metavar=metavar, help=help, show_default=False, **more)


_bound = partial(_option, "Bounds")
_measuring = partial(_option, "Measuring")
_asking = partial(_option, "Model")


def plan(
    *,
    docs: Annotated[
        str,
        _bound(
            "--docs",
            metavar="N",
            help="Documents to search: 10000000, 10_000_000 or 10M",
        ),
    ],
    latency: Annotated[
        str,
        _bound(
            "--latency",
            metavar="TIME",
            help="95 of 100 queries end within: 1s, 300ms, 2min",
        ),
    ],
    cost: Annotated[
        float | None,
        _bound(
            "--cost",
            metavar="USD",
            min=0,
            help="A query takes at most; needs --prices",
        ),
    ] = None,
    pipeline: Annotated[
        list[str] | None,
        _bound(
            "--pipeline",
            metavar="SPEC...",
            help="Weigh these alone; cuts left out are chosen  [default: all at hand]",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        _measuring(
            "--dataset",
            metavar="DIR",
            help="Yours, with judgements  [default: the stdlib collection]",
        ),
    ] = None,
    split: Annotated[
        str | None,
        _measuring(
            "--split",
            metavar="NAME",
            help="Judgements qrels/NAME.tsv  [default: test]",
        ),
    ] = None,
    within: Annotated[
        str,
        _measuring("--within", metavar="TIME", help="Aim to measure for that long; no bound  [default: 50s]"),
    ] = "50s",
    calls: Annotated[
        int,
        _measuring(
            "--calls",
            metavar="N",
            min=0,
            help="LLM calls to time for each strategy  [default: 0]",
        ),
    ] = 0,
    index: Annotated[
        Path | None,
        _measuring("--index", metavar="DIR", help="Keep indexes of the dataset there"),
    ] = None,
    measurements: Annotated[
        Path | None,
        _measuring(
            "--measurements",
            metavar="FILE",
            help="Plan from these; measure nothing",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        _measuring("--save", metavar="FILE", help="Keep what was measured (JSON)"),
    ] = None,
    model: Annotated[str | None, _asking("--model", metavar="NAME", help="LLM that would be asked")] = None,
    base_url: Annotated[
        str | None,
        _asking("--base-url", metavar="URL", help="Where  [env: OPENAI_BASE_URL]"),
    ] = None,
    parallel: Annotated[
        int | None,
        _asking("--parallel", metavar="N", min=1, help="Calls at once  [default: 8]"),
    ] = None,
    prices: Annotated[
        Path | None,
        _asking(
            "--prices",
            metavar="FILE",
            help="US dollars by model  [env: LLMRERANK_PRICES]",
        ),
    ] = None,
    seed: Annotated[int, _asking("--seed", metavar="N", help="Of all draws  [default: 0]")] = 0,
    config: ConfigPath = None,
    talk: Talk,
) -> Exit:
    r"""Choose a pipeline for a collection and a latency: measured here, asking no LLM but by --calls.

    \b
      llmrerank plan --docs 10M --latency 1s
      llmrerank plan --docs 10M --latency 2s --cost 0.001 --model gpt-5-mini --prices prices.toml
      llmrerank plan --docs 50000 --latency 300ms --dataset data --pipeline "bm25 >> bi-encoder"
    """
    faults: list[str] = []
    wanted = _documents(docs, faults)
    seconds = _seconds(latency, "--latency", faults)
    patience = _seconds(within, "--within", faults)
    if measurements is not None:
        given = {"--dataset": dataset, "--split": split, "--index": index, "--save": save, "--calls": calls}
        faults += [
            f"{flag} has no use beside --measurements, which says what was measured"
            for flag, value in given.items()
            if value
        ]
    if faults:
        raise ConfigError("; ".join(faults))
    said: dict[str, Any] = {"model": model, "base_url": base_url, "parallel": parallel, "prices": prices}
    settings = configured(config).settings(
        **{name: value for name, value in said.items() if value is not None}, seed=seed
    )
    from llmrerank import planner
    from llmrerank.whole_file import refuse_unwritable

    from .plan_print import print_plan

    if save is not None:
        refuse_unwritable(save)
    if measurements is not None:
        measured = planner.Measurements.load(measurements)
    else:
        measured = _measured(
            _opened(dataset, split),
            stand_in=dataset is None,
            docs=wanted,
            pipelines=pipeline or (),
            within=patience,
            calls=calls,
            index=index,
            settings=settings,
            talk=talk,
        )
    if save is not None:
        measured.save(save)
        talk.say(f"wrote {save}; --measurements {save} plans from it")
    made = planner.plan(
        measured,
        docs=wanted,
        latency=seconds,
        cost=cost,
        pipelines=pipeline or (),
        settings=settings,
        seed=seed,
    )
    if talk.json:
        talk.print_json({"schema": SCHEMA, **made.to_dict()})
    else:
        print_plan(made)
    return Exit.DONE


def _measured(
    dataset: Dataset,
    *,
    stand_in: bool,
    docs: int,
    pipelines: list[str] | tuple[()],
    within: float,
    calls: int,
    index: Path | None,
    settings: Settings,
    talk: Talk,
) -> Measurements:
    from llmrerank import planner

    with line(talk) as show:
        measured = planner.measure(
            dataset,
            docs=docs,
            pipelines=pipelines,
            within=within,
            settings=settings,
            calls=calls,
            index=index,
            stand_in=stand_in,
            progress=show,
        )
    talk.say(f"measured for {measured.seconds:.0f} s on {measured.machine}, with {measured.dataset}")
    return measured


def _opened(dataset: str | None, split: str | None) -> Dataset:
    if dataset is not None:
        from llmrerank.evaluate import Dataset

        return Dataset.open(dataset, split=split)
    from llmrerank.evaluate.stdlib import stdlib_collection

    from .doctor_quality import collection_folder

    return stdlib_collection(collection_folder())


def _documents(text: str, faults: list[str]) -> int:
    """A number of documents as people write it."""
    try:
        if text[-1:].isalpha():
            number = float(text[:-1]) * _THOUSANDS[text[-1:].lower()]
        else:
            number = float(text) if "e" in text.lower() else int(text)
    except (ValueError, KeyError):
        number = 0
    if not 1 <= number < math.inf:
        faults.append(f"--docs must be a number of 1 or more, such as 10000000 or 10M, got '{text}'")
        return 1
    return round(number)


def _seconds(text: str, flag: str, faults: list[str]) -> float:
    """A time as people write it."""
    from llmrerank.quantities import seconds_of

    try:
        seconds = seconds_of(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        faults.append(f"{flag} must be a time above 0, such as 1s, 300ms or 2min, got '{text}'")
        return 1.0
    return seconds


_THOUSANDS = {"k": 10**3, "m": 10**6, "b": 10**9}
