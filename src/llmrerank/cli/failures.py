"""What went wrong, said in one sentence with one next step, and the exit code that belongs to it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from llmrerank.errors import (
    AnswerError,
    BudgetExceeded,
    CallError,
    ConfigError,
    ContentFiltered,
    DataError,
    MissingExtra,
    PermanentError,
    PromptError,
    RerankError,
    TransientError,
    UnknownName,
)
from llmrerank.harmless import harmless

from .exits import Exit

__all__ = ["Failure", "explain", "report", "say"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error for people.

    Attributes:
        code: How the command ends.
        sentence: What happened, to what.
        step: What to do next; empty where the sentence says it.
    """

    code: Exit
    sentence: str
    step: str = ""


def explain(error: BaseException) -> Failure:
    """Say what an error means for the person at the keyboard."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, KeyboardInterrupt):
        return Failure(
            code=Exit.INTERRUPTED,
            sentence="interrupted",
            step=str(error) or "with --cache the same command goes on from here",
        )
    if isinstance(error, RerankError):
        return _explain_ours(error)
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
        return Failure(
            code=Exit.USAGE, sentence=f"cannot use {error.filename or 'a file'}: {error.strerror or error}"
        )
    return Failure(
        code=Exit.FAILED,
        sentence=f"{type(error).__name__}: {_one_line(str(error)) or 'no message'}",
        step="this is a fault of llmrerank or of a package it uses; run again with --debug and report it",
    )


def _explain_ours(error: RerankError) -> Failure:
    match error:
        case BudgetExceeded():
            code, step = Exit.BUDGET, "raise the limit; --dry-run says what is needed"
        case CallError():
            code, step = Exit.PROVIDER, _after_call(error)
        case AnswerError():
            code, step = Exit.FAILED, "--on-error keep keeps the order of such documents and goes on"
        case _:
            code, step = Exit.USAGE, _after_config(error)
    return Failure(code=code, sentence=_one_line(str(error)), step=step)


def _after_call(error: CallError) -> str:
    match error:
        case ContentFiltered():
            return "--on-error keep keeps the order of such documents and goes on"
        case PermanentError() if error.status in (401, 403):
            return (
                "put the key into the environment (OPENAI_API_KEY, or the variable that --api-key-env names)"
            )
        case PermanentError() if error.status == 404:
            return "see what the endpoint serves: llmrerank doctor --base-url URL"
        case TransientError():
            return "see whether the endpoint answers: llmrerank doctor --base-url URL"
        case _:
            return "see what the endpoint can do: llmrerank doctor --base-url URL"


def _after_config(error: RerankError) -> str:
    match error:
        case UnknownName() if "measure" in str(error):
            return "measures are written as nDCG@10, RR(rel=2)@10 or R@100"
        case UnknownName(what="prompt"):
            return "see all prompts: llmrerank show prompts"
        case UnknownName() if _of_the_notation(error):
            return "see all names and options: llmrerank show strategies"
        case PromptError():
            return "compare with one that works: llmrerank show prompt listwise"
        case MissingExtra() | DataError() | ConfigError():
            return ""  # their sentences end with what to do
        case _:
            return ""


def _of_the_notation(error: UnknownName) -> bool:
    """Whether the name would stand in a strategy or pipeline: `show strategies` lists none of the others."""
    from llmrerank.registry import Kind

    return error.what in ("name", "option", "dialect") or not {*error.what.split(" or ")}.isdisjoint(Kind)


def report(error: BaseException, *, debug: bool = False) -> Exit:
    """Write an error to standard error and return the exit code. The traceback only with `debug`."""
    if debug:
        import traceback

        traceback.print_exception(error)
    failure = explain(error)
    say(failure.sentence, failure.step)
    return failure.code


def say(sentence: str, step: str = "") -> None:
    """Write an error's sentence and next step to standard error."""
    print(f"llmrerank: {harmless(sentence, newlines=True)}", file=sys.stderr)
    if step:
        print(f"  next: {harmless(step, newlines=True)}", file=sys.stderr)


def _one_line(text: str) -> str:
    return " ".join(text.split())
