"""How help is laid out: sections by subject, one line for each option, so that it fits a screen."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand, TyperGroup

__all__ = ["Command", "Group"]

_ORDER = {"Arguments": 0, "Options": 0, "Output": 2}
_SHARED = ("Model", "Work", "Limits")
"""Sections that many commands have; one that would not fit a screen names their options only."""
_CLAUSE = re.compile(r"[:;] | \(")
"""Where the main clause of a sentence ends."""
_EXPLAINED = "llmrerank config --help"
_MOST, _WIDEST = 34, 96
"""Options that fit a screen with the rest of the help, and letters of a line."""


class Command(TyperCommand):
    """A command whose options stand in sections by their panel."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """What it does, in a clause that is whole: for the list of commands."""
        said = " ".join((self.help or "").replace("\b", "").split("\n\n", 1)[0].split())
        said = said.split(". ", 1)[0].rstrip(".")
        if len(said) >= limit:
            said = _CLAUSE.split(said, maxsplit=1)[0]
        while len(said) >= limit and ", " in said:
            said = said.rpartition(", ")[0]
        return f"{said}."

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections in the order in which their first options are declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record is not None:
                # Defaults and ranges stand in the texts where they matter, in fewer words than typer's.
                text = getattr(option, "help", None) or ""
                text += "  [required]" if option.required else ""
                sections.setdefault(_panel(option), []).append((record[0], text))
        folded = {
            panel: sections.pop(panel)
            for panel in _SHARED
            if panel in sections and sum(map(len, sections.values())) > _MOST
        }
        width = max((len(head) for rows in sections.values() for head, _ in rows), default=0)
        formatter.write_paragraph()
        for panel in sorted(sections, key=lambda panel: _ORDER.get(panel, 1)):
            formatter.write(f"{panel}:\n")
            formatter.indent()
            formatter.write_dl([(head.ljust(width), text) for head, text in sections[panel]])
            formatter.dedent()
        _write_folded(folded, formatter)


def _write_folded(sections: dict[str, list[tuple[str, str]]], formatter: Any) -> None:
    """Write sections as the names of their options, and where they are explained."""
    if not sections:
        return
    formatter.write(f"As in {_EXPLAINED}:\n")
    for panel, rows in sections.items():
        line = f"  {panel}:".ljust(10)
        for head, _ in rows:
            name = head.split()[0].rstrip(",")
            if len(line) + len(name) + 2 > _WIDEST:
                formatter.write(f"{line}\n")
                line = " " * 10
            line += f"  {name}"
        formatter.write(f"{line}\n")


class Group(TyperGroup):
    """A group of commands, listed in the order in which they were added."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of their declaration."""
        return list(self.commands)


def _panel(option: Any) -> str:
    if option.param_type_name == "argument":
        return "Arguments"
    if option.name == "help":
        return "Output"
    return getattr(option, "rich_help_panel", None) or "Options"
