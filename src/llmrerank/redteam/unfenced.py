"""A judge whose prompt has no fence: what the fence, and the sentence that names it, are measured against.

It is no option of any strategy, since nobody should want it.
"""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass, replace

from llmrerank.judges import Judge
from llmrerank.prompts import Prompt
from llmrerank.templates import Template

__all__ = ["has_fence", "unfenced"]

_FENCE = "{fence}"


def has_fence(judge: Judge) -> bool:
    """Whether a judge has a prompt with a fence."""
    return bool(_fenced(judge))


def unfenced(judge: Judge) -> Judge:
    """A copy of a judge but for its prompts: every line that names the fence is gone from them.

    The warning that a passage is data stands on such a line, so it goes too. Neutralising stays, which no
    prompt decides.

    Args:
        judge: With the room for answers that it is to have.
    """
    bare: Judge = copy.copy(judge)
    for name, prompt in _fenced(judge).items():
        object.__setattr__(bare, name, _without_fence(prompt))
    return bare


def _fenced(judge: Judge) -> dict[str, Prompt]:
    """The prompts of a judge that have a fence, by field."""
    if not is_dataclass(judge):
        return {}
    held = {one.name: getattr(judge, one.name) for one in fields(judge)}
    return {
        name: value
        for name, value in held.items()
        if isinstance(value, Prompt) and "fence" in value.contents.fields
    }


def _without_fence(prompt: Prompt) -> Prompt:
    contents = prompt.contents
    messages = tuple((role, _stripped(content)) for role, content in contents.messages)
    return replace(prompt, contents=replace(contents, passage=_stripped(contents.passage), messages=messages))


def _stripped(template: Template) -> Template:
    """The template without the lines that name the fence; of one that holds other fields the fence alone."""
    kept = []
    for line in template.text.split("\n"):
        if _FENCE not in line:
            kept.append(line)
        elif set(Template(line).fields) != {"fence"}:
            kept.append(line.replace(_FENCE, ""))
    return Template("\n".join(kept))
