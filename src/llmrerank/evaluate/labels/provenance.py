"""Where judgements come from: a side file beside them, and a warning where their maker is a contestant."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llmrerank.carriers import SHARED
from llmrerank.errors import ConfigError
from llmrerank.evaluate.runs import write_whole
from llmrerank.pipeline import Pipeline
from llmrerank.toml_text import section
from llmrerank.trace import Called, Trace

from .judgement import PERSON

__all__ = ["Provenance", "contestant_warning", "labelled_by", "provenance_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a file of judgements was made; readers of judgements never see it.

    Attributes:
        judge: Name of the model, or `PERSON`.
        prompt: Name of the prompt; empty for a person.
        instruction: What the judge was told makes a document relevant; may be empty.
        dataset: Its name.
        strategies: What was pooled.
        depth: Documents of each strategy for a query, at most.
        seed: Of order and sampling.
        grades: The scale.
        date: The day on which the file was last written, as ISO 8601, UTC.
        counts: Judgements in the file: all, those by this judge, those that were given before.
    """

    judge: str
    prompt: str
    instruction: str
    dataset: str
    strategies: tuple[str, ...]
    depth: int
    seed: int
    grades: tuple[int, ...]
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    counts: Mapping[str, int] = field(default_factory=dict)

    def write(self, labels: Path) -> None:
        """Write the side file of a file of judgements, whole or not at all.

        Raises:
            OSError: The folder cannot be written.
        """
        values: dict[str, Any] = {
            "judge": self.judge,
            "prompt": self.prompt,
            "instruction": self.instruction,
            "date": self.date,
            "dataset": self.dataset,
            "strategies": list(self.strategies),
            "depth": self.depth,
            "seed": self.seed,
            "grades": list(self.grades),
        }
        lines = [*section("", values), *section("counts", self.counts)]
        write_whole(provenance_of(labels), "\n".join(lines) + "\n")


def provenance_of(labels: Path) -> Path:
    """The side file of a file of judgements: beside it, `<name>.toml`."""
    return labels.with_name(f"{labels.name}.toml")


def labelled_by(labels: Path) -> str | None:
    """The model that made a file of judgements; None where a person did, or where nobody says who.

    Raises:
        ConfigError: There is a side file and it cannot be read.
    """
    path = provenance_of(labels)
    try:
        judge = tomllib.loads(path.read_text(encoding="utf-8")).get("judge")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"cannot read {path}, which says who made the judgements {labels.name}: {error}"
        ) from error
    if not isinstance(judge, str) or not judge:
        raise ConfigError(
            f"{path} does not say who made the judgements {labels.name}: it has no judge = '...'"
        )
    return None if judge == PERSON else judge


def contestant_warning(
    labels_model: str | None, pipelines: Iterable[Pipeline], traces: Iterable[Trace] = ()
) -> str | None:
    """A warning where the model that made the judgements also ranks what they judge, else None.

    A model agrees with itself, mistakes included, so that its own ranking looks better than it is.
    Source: Clarke and Dietz 2024, arXiv 2412.17156.

    Args:
        labels_model: As `labelled_by`.
        pipelines: The contestants.
        traces: What they did, if they have run: names a model that nobody named before.
    """
    if labels_model is None:
        return None
    guilty = dict.fromkeys(
        str(pipeline.spec)
        for pipeline in pipelines
        for strategy in pipeline.course.strategies
        if strategy.carrier in SHARED and _same(strategy.model or pipeline.settings.model or "", labels_model)
    )
    guilty = guilty or dict.fromkeys(
        call.stage for trace in traces for call in trace.of(Called) if _same(call.model, labels_model)
    )
    if not guilty:
        return None
    return (
        f"the judgements were made by {labels_model}, which is a contestant too ({', '.join(guilty)}): a "
        "model agrees with itself, so its rows look better than they are; let another model or a person judge"
    )


def _same(model: str, other: str) -> bool:
    """Whether two names are of one model: a router puts the vendor in front (`openai/gpt-5-mini`)."""
    return bool(model) and model.casefold().rpartition("/")[2] == other.casefold().rpartition("/")[2]
