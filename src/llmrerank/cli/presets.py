"""What a preset stands for and takes, told before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.stages import Course

__all__ = ["tell_preset"]


def tell_preset(typed: str, course: Course, talk: Talk, *, size: int, top: int | None) -> None:
    """Say what a preset is and what one query takes; nothing where the pipeline was written out.

    Args:
        typed: The strategy as it was typed.
        course: What it stands for.
        talk: Where to say it.
        size: Documents that are there.
        top: Documents that are wanted.
    """
    from llmrerank import registry
    from llmrerank.prediction import predicted
    from llmrerank.registry import Kind
    from llmrerank.spec import parse

    names = {entry.name for entry in registry.entries(Kind.PRESET)}
    used = [stage.call.name for stage in parse(typed).stages if stage.call.name in names]
    if used:
        talk.say(f"{typed} = {course.spec}: {predicted(course, size, top=top)} a query")
