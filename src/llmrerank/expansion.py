"""Presets: names that stand for whole pipelines, written out before anything else looks at them."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import ConfigError
from .registry import Kind, find
from .spec import PipelineSpec, Stage, parse

__all__ = ["expand"]


def expand(
    spec: PipelineSpec, *, own: Mapping[str, str] | None = None, within: tuple[str, ...] = ()
) -> PipelineSpec:
    """Write out every preset of a pipeline: `fast % 5` becomes `hybrid % 50 >> cross-encoder % 5`.

    The cut-off of a preset is that of its last stage, or the tighter one where that has its own.

    Args:
        spec: As it was parsed.
        own: Presets that nobody has registered yet: pipelines by name; they win.
        within: Presets that are being written out, to find one that stands for itself.

    Raises:
        UnknownName: Nobody registered a stage's name.
        ConfigError: A preset was given options, or stands for itself.
    """
    stages: list[Stage] = []
    for stage in spec.stages:
        name = stage.call.name
        pipeline = own[name] if own and name in own else _registered(name)
        if pipeline is None:
            stages.append(stage)
            continue
        if stage.call.args:
            raise ConfigError(
                f"'{name}' stands for '{pipeline}' and takes no options; write that out to change it"
            )
        if name in within:
            raise ConfigError(f"the preset '{name}' stands for itself: {' -> '.join((*within, name))}")
        inner = expand(parse(pipeline), own=own, within=(*within, name)).stages
        last = inner[-1]
        cuts = [cut for cut in (last.cut, stage.cut) if cut is not None]
        stages += [*inner[:-1], Stage(last.call, min(cuts, default=None))]
    return PipelineSpec(tuple(stages))


def _registered(name: str) -> str | None:
    """The pipeline that a registered preset stands for; None for a name that is no preset."""
    entry = find(name)
    return str(entry.target) if entry.kind is Kind.PRESET else None
