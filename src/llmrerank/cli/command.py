"""Turns a function into a command: shared options spread out, every error told, every end a number."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any, get_type_hints

import typer

from .exits import Exit
from .failures import report
from .talk import Talk

__all__ = ["command"]


def command(function: Callable[..., Exit | None]) -> Callable[..., None]:
    """Let typer see a function whose parameters include dataclasses of options.

    A parameter annotated with a dataclass (`Calling`, `Talk`) is replaced by the fields of it. The function
    returns how it ended; None is done.
    """
    hints = get_type_hints(function, include_extras=True)
    parameters: list[inspect.Parameter] = []
    bundles: dict[str, type] = {}
    for parameter in inspect.signature(function).parameters.values():
        kind = hints[parameter.name]
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            bundles[parameter.name] = kind
            parameters += _spread(kind)
        else:
            parameters.append(parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=kind))

    @functools.wraps(function)
    def body(**values: Any) -> None:
        for name, bundle in bundles.items():
            values[name] = bundle(
                **{field.name: values.pop(field.name) for field in dataclasses.fields(bundle)}
            )
        talk = next((value for value in values.values() if isinstance(value, Talk)), Talk())
        with talk.listening():
            code = _ended(lambda: function(**values), debug=talk.debug)
        raise typer.Exit(code)

    del body.__wrapped__
    # Docstrings are raw; this mark, alone on a line, keeps the lines of its paragraph as they are.
    body.__doc__ = (function.__doc__ or "").replace("\\b\n", "\b\n")
    body.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    body.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return body


def _spread(bundle: type) -> list[inspect.Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in dataclasses.fields(bundle)
    ]


def _ended(work: Callable[[], Exit | None], *, debug: bool) -> Exit:
    try:
        code = work() or Exit.DONE
        sys.stdout.flush()
    except BrokenPipeError:
        _close_quietly()
        return Exit.DONE
    except (Exception, KeyboardInterrupt) as error:
        return report(error, debug=debug)
    return code


def _close_quietly() -> None:
    """Whoever read our output has enough; nothing more may be written, not even by the interpreter's end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
