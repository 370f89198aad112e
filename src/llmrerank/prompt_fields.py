"""Which fields the parts of a prompt may have, and which they must."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import did_you_mean
from .templates import Template

__all__ = ["MESSAGE_FIELDS", "PASSAGE_FIELDS", "QUESTION_FIELDS", "field_faults"]

MESSAGE_FIELDS = ("instruction", "query", "count", "labels", "passages", "examples", "fence")
PASSAGE_FIELDS = ("label", "text", "title", "id", "fence")
QUESTION_FIELDS = ("label", "query", "fence")


def field_faults(
    *,
    form: str,
    passage: Template,
    messages: Sequence[Template],
    question: Template | None,
    instruction: str,
) -> list[str]:
    """Every fault of the fields of a prompt, each with the part that has it.

    Args:
        form: How many documents are judged at once, and for what.
        passage: How one document is shown.
        messages: Contents in order; of the form `decide` the state alone.
        question: What is asked about each document, of the form `decide`; else None.
        instruction: What `{instruction}` is where none is given.
    """
    holder = "messages" if question is None else "state.text"
    faults = _template(passage, PASSAGE_FIELDS, "passage.text")
    for number, content in enumerate(messages, start=1):
        where = holder if question is not None else f"messages[{number}].content"
        faults += _template(content, MESSAGE_FIELDS, where)
    named = [name for content in messages for name in content.fields]
    if messages:
        faults += [
            f"{holder}: the field {{{name}}} is missing"
            for name in ("query", "passages")
            if name not in named
        ]
    if named.count("passages") > 1:
        faults.append(f"{holder}: {{passages}} stands twice")
    if "text" not in passage.fields:
        faults.append("passage.text: the field {text} is missing")
    if "label" not in passage.fields and form != "pointwise":
        faults.append("passage.text: the field {label} is missing; answers name documents by it")
    if messages and ("fence" in passage.fields) != ("fence" in named):
        here, there = ("passage.text", holder) if "fence" in passage.fields else (holder, "passage.text")
        faults.append(f"{there}: the field {{fence}} is missing, {here} has it")
    if instruction and "instruction" not in named:
        faults.append("defaults.instruction: no message has the field {instruction}")
    return faults if question is None else faults + _question(question, named)


def _question(question: Template, named: Sequence[str]) -> list[str]:
    faults = _template(question, QUESTION_FIELDS, "question.text")
    if "label" not in question.fields:
        faults.append("question.text: the field {label} is missing; it says which document is meant")
    if "fence" in question.fields and "fence" not in named:
        faults.append("question.text: has the field {fence}, and state.text does not")
    return faults


def _template(template: Template, allowed: Sequence[str], where: str) -> list[str]:
    told = template.faults
    unknown = [
        f"{where}: unknown field {{{name}}}{did_you_mean(name, allowed)}"
        for name in dict.fromkeys(template.fields)
        if name not in allowed
        and not (name.startswith("meta.") and "text" in allowed)
        and not any(f"{{{name}}}" in fault for fault in told)
    ]
    return [f"{where}: {fault}" for fault in told] + unknown
