"""Finds everything that is wrong with the options of a command at once, before typer stops at the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import typer

__all__ = ["faults_of"]

UsageError: Any = typer.BadParameter.__mro__[1]
"""The root of what typer raises for options; it exports only this one kind of it."""


def faults_of(command: Any, words: Sequence[str], context: Any) -> list[str]:
    """Say what is wrong with these words: unknown options, missing values, wrong values, missing options.

    Args:
        command: A typer command.
        words: What follows its name, normalised.
        context: A context of that command.
    """
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts)}
    if any(word in context.help_option_names for word in words):
        return []
    faults: list[str] = []
    meant: set[str] = set()
    given: dict[str, list[str]] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            continue
        name, attached, value = word.partition("=")
        option = options.get(name)
        if option is None:
            faults += _unknown(name, options)
            meant |= {options[close].name for close in _close(name, options)}
            # What follows an unknown option is its value, more likely than an argument.
            if rest and not attached and not rest[0].startswith("-") and word.startswith("--"):
                rest.pop(0)
            continue
        seen = given.setdefault(option.name, [])
        if option.is_flag or option.count:
            seen.append("")
        elif attached:
            seen.append(value)
        elif not rest or rest[0].partition("=")[0] in options:
            faults.append(f"{name} needs a value")
        else:
            seen.append(rest.pop(0))
    for option in command.params:
        if option.param_type_name != "option" or option.is_flag or option.count:
            continue
        if (
            option.name not in given
            and option.name not in meant
            and option.required
            and not option.value_from_envvar(context)
        ):
            faults.append(f"{option.opts[0]} is missing")
        elif given.get(option.name):
            faults += _wrong(option, given[option.name], context)
    return faults


def _unknown(name: str, options: dict[str, Any]) -> list[str]:
    if not name.startswith("--") and all(f"-{letter}" in options for letter in name[1:]):
        return []  # short flags written together, as -vq
    hint = f"; did you mean {' or '.join(close)}?" if (close := _close(name, options)) else ""
    return [f"unknown option {name}{hint}"]


def _close(name: str, options: Iterable[str]) -> list[str]:
    bare = {option.lstrip("-"): option for option in options if option.startswith("--")}
    return [bare[found] for found in get_close_matches(name.lstrip("-"), bare, n=2)]


def _wrong(option: Any, values: list[str], context: Any) -> list[str]:
    try:
        option.process_value(context, values if option.multiple else values[-1])
    except UsageError as error:
        return [f"{option.opts[0]} {_plainly(error.message)}, got '{values[-1]}'"]
    return []


def _plainly(message: str) -> str:
    """What typer says about a value, in plain words where it speaks of types."""
    if "valid integer" in message:
        return "must be a whole number"
    if "valid number" in message:
        return "must be a number"
    if bound := re.search(r"greater than or equal to (\S+)", message):
        return f"must be {bound.group(1).rstrip('.')} or more"
    return f"cannot be read ({message.rstrip('.')})"
