"""Everything that a plan needs, measured on this machine in bounded time."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from llmrerank import portal
from llmrerank.clients.models import at_hand
from llmrerank.errors import ConfigError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.settings import Settings
from llmrerank.spec import Call

from .collected import Collected
from .course import Part, parts_of
from .measurements import Measurements, Scorer
from .timed_asking import timed_asking
from .timed_first import timed_first
from .timed_scorer import timed_scorer

__all__ = ["WITHIN", "ameasure", "measure"]

WITHIN = 50.0
"""Seconds that measuring takes, about, unless it is given other ones."""
_FIRST = 0.3
"""Share of them for first stages in collections that are made."""
_LATE = 1.25
"""Times the seconds that were wanted, beyond which it is said where they went."""
_ASKED = ("listwise", "adaptive")


async def ameasure(
    dataset: Dataset,
    *,
    docs: int,
    pipelines: Sequence[str] = (),
    within: float = WITHIN,
    settings: Settings | None = None,
    calls: int = 0,
    index: Path | None = None,
    stand_in: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Measurements:
    """Time every stage on this machine, and keep what orders are worth by the judgements of a dataset.

    First stages are timed in the dataset and in larger collections made from it; local models on lists of
    several lengths, one query at a time, as `compare` would. Nothing is sent to a model elsewhere unless
    `calls` says so: its tokens are counted from prompts.

    Args:
        dataset: With documents and judgements.
        docs: Size of the collection that will be planned for, 1 or more.
        pipelines: Whose stages to measure; none: bm25, the local models at hand and, where a chat model is
            configured, listwise and adaptive.
        within: Seconds to aim at, no bound: never less than indexing and searching the dataset, loading
            models and some short lists take. Where it took a quarter longer, the notes say what took it.
        settings: Model, endpoint and prices.
        calls: Calls to send and time for each strategy that asks.
        index: Folder in which indexes of the dataset are kept between runs.
        stand_in: Whether the dataset stands in for one of the user's own.
        progress: Told what is being measured.

    Raises:
        ConfigError: No documents, or a stage that cannot work or be planned with.
        DataError: No judgements.
        MissingExtra: A named stage needs a package.
        CallError: `calls` were to be made and cannot.

    Cost: about `within` seconds; `calls` calls for each strategy that asks.
    """
    for name, value in (("docs", docs), ("within", within)):
        if not value > 0:
            raise ConfigError(f"{name} must be above 0, got {value:g}")
    if calls < 0:
        raise ConfigError(f"calls must be 0 or more, got {calls}")
    begun = time.monotonic()
    settings = settings or Settings()
    named = [parts_of(one) for one in pipelines]
    collected = Collected.of(
        dataset,
        settings=settings,
        index=index,
        within=within,
        tell=progress or (lambda _: None),
    )
    first, local, asked = _wanted(named, settings, collected.notes)
    took = {"reading the dataset": time.monotonic() - begun}
    firsts = []
    for stage in first:
        started = time.monotonic()
        firsts.append(await timed_first(collected, stage, docs=docs, share=_FIRST * within / len(first)))
        took[stage] = time.monotonic() - started
    scorers: list[Scorer] = []
    for place, part in enumerate(local):
        started = time.monotonic()
        share = collected.left / (len(local) - place)
        deepest = max((_given(parts, part) for parts in named), default=0) or None
        scorers.append(await timed_scorer(collected, part, first, scorers, share=share, deepest=deepest))
        took[part.name] = time.monotonic() - started
    started = time.monotonic()
    askings = [await timed_asking(collected, part, first[0], calls=calls) for part in asked]
    if asked:
        took["prompts and calls"] = time.monotonic() - started
    seconds = time.monotonic() - begun
    if seconds > _LATE * within:
        collected.notes.append(_late(took, seconds=seconds, within=within))
    return Measurements(
        dataset=dataset.name,
        stand_in=stand_in,
        documents=len(collected.documents),
        relevance=max(1, dataset.relevance),
        machine=f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}",
        lengths=tuple(collected.lengths),
        queries=collected.judged(),
        first=tuple(firsts),
        scorers=tuple(scorers),
        asked=tuple(askings),
        seconds=seconds,
        notes=tuple(collected.notes),
    )


def _late(took: Mapping[str, float], *, seconds: float, within: float) -> str:
    """Where the time went that was not to be taken."""
    told = ", ".join(f"{name} {one:.0f} s" for name, one in took.items() if one >= 0.05 * seconds)
    return (
        f"measuring took {seconds:.0f} s where {within:.3g} s were wanted (--within): {told}; the dataset is "
        "searched and indexed, models are loaded and some lists scored whatever the time, and on a busy "
        "machine all of that takes longer"
    )


measure = portal.door(ameasure, name="measure")


def _wanted(
    named: Sequence[Sequence[Part]], settings: Settings, notes: list[str]
) -> tuple[list[str], list[Part], list[Part]]:
    """First stages, local models and strategies that ask: those that are named, else those at hand."""
    if named:
        first = dict.fromkeys(parts[0].name for parts in named)
        steps = [part for parts in named for part in parts[1:]]
    else:
        first = dict.fromkeys(["bm25"])
        steps = [Part(name=name, local=True) for name in _local(notes)]
        if settings.chat_configured:
            steps += [Part(name=name, asks=True) for name in _ASKED]
        else:
            notes.append(
                "no strategy that asks an LLM is weighed: no model is configured (--model, --base-url)"
            )
        notes.append(
            "dense and hybrid are weighed where --pipeline names them: their documents must be encoded"
        )
    unique = {part.name: part for part in steps}.values()
    return (
        list(first),
        [part for part in unique if part.local],
        [part for part in unique if part.asks],
    )


def _local(notes: list[str]) -> list[str]:
    """The local models at hand, as stages: the defaults, and the reference in place of the cross-encoder."""
    from llmrerank.train import reference

    if find_spec("sentence_transformers") is None:
        notes.append('no local model is weighed: pip install "llmrerank[local]"')
        return []
    found = []
    if at_hand("bi-encoder") is None:
        notes.append('bi-encoder is not weighed: its model is not here; pip install "llmrerank[offline]"')
    else:
        found.append("bi-encoder")
    trained = reference.at_hand()
    if at_hand("cross-encoder") is not None:
        found.append("cross-encoder")
    elif trained is not None:
        found.append(str(Call("cross-encoder", (("model", str(trained)),))))
    else:
        notes.append(
            "cross-encoder is not weighed: no model is here; name one by "
            "--pipeline \"bm25 >> cross-encoder(model='FOLDER')\""
        )
    return found


def _given(parts: Sequence[Part], part: Part) -> int:
    """Documents among which a pipeline looks for those that it hands a stage, where that is fixed."""
    return parts[0].cut or 0 if part.name in [one.name for one in parts[1:]] else 0
