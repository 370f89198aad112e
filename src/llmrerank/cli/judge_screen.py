"""What a person who judges sees, and the keys that come back: plain lines, no screen is taken over."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cached_property
from typing import IO, TYPE_CHECKING

from llmrerank.counted import counted
from llmrerank.harmless import harmless

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from llmrerank.evaluate.labels import Pair, Sitting
    from llmrerank.retrieve.analysis import Analyzer

__all__ = ["Screen"]

LINES = 20
"""Lines of a document that are shown at a time."""
WIDEST = 100

_GRADES = (
    "3 it gives the whole answer, 2 a part of it, 1 it is on the subject only, 0 it has nothing to do with it"
)
_BINARY = "y it is relevant, n it is not"


class Screen:
    """Pairs on a terminal, or in a pipe, where nothing is highlighted.

    Args:
        stream: Where to write.
        instruction: What makes a document relevant here; may be empty.
        binary: Whether the scale has two grades.
    """

    def __init__(self, stream: IO[str], *, instruction: str, binary: bool) -> None:
        self._stream = stream
        self._instruction = instruction
        self._binary = binary
        self._rest: list[Text] = []
        self._explained = False

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._stream, highlight=False, markup=False, emoji=False)

    @cached_property
    def _analyzer(self) -> Analyzer:
        from llmrerank.retrieve.analysis import Analyzer

        return Analyzer("en")

    def show(self, sitting: Sitting, pair: Pair) -> None:
        """Show a pair: how far one is, the query, what is wanted, and the beginning of the document."""
        self._console.rule(f"{sitting.number} of {len(sitting)}", align="left", characters="-", style="dim")
        if not self._explained:
            self.say(_BINARY if self._binary else _GRADES)
            self._explained = True
        terms = frozenset(self._analyzer.terms(pair.query.text))
        self._print(self._lines(f"query: {harmless(pair.query.text)}"))
        if self._instruction:
            self._print(self._lines(f"relevant: {harmless(self._instruction)}", style="dim"))
        self._console.print()
        title = harmless(pair.document.title)
        body = harmless(pair.document.text, newlines=True).strip()
        if body.partition("\n")[0].lstrip("# ").rstrip() == title:
            title = ""  # a text that begins with its title, as one of Markdown does
        self._rest = [*self._lines(title, terms, style="bold"), *self._lines(body or "(no text)", terms)]
        self.more()

    def more(self) -> None:
        """Show the next lines of the document."""
        if not self._rest:
            self.say("that is all of it")
        self._print(self._rest[:LINES])
        self._rest = self._rest[LINES:]

    def say(self, text: str) -> None:
        """Show a line that is no document's."""
        self._print(self._lines(text, style="dim"))

    def ask(self) -> str | None:
        """Read a key, in lower case; None where the input has ended."""
        more = f", m {counted(len(self._rest), 'more line')}" if self._rest else ""
        grades = "y n" if self._binary else "0 1 2 3"
        self._stream.write(f"[{grades}, s skip, u undo{more}, q quit] ")
        self._stream.flush()
        typed = sys.stdin.readline()
        if not sys.stdin.isatty():
            self._stream.write("\n")  # nobody's Return has ended the line
        return typed.strip().casefold() if typed else None

    def _print(self, lines: list[Text]) -> None:
        for one in lines:
            self._console.print(one, no_wrap=True, crop=False)

    def _lines(self, text: str, terms: frozenset[str] = frozenset(), *, style: str = "") -> list[Text]:
        from rich.text import Text

        if not text:
            return []
        made = Text(text, style=style)
        for start, end in self._found(text, terms):
            made.stylize("bold yellow", start, end)
        lines = list(made.wrap(self._console, min(self._console.width, WIDEST)))
        for one in lines:
            one.rstrip()
        return lines

    def _found(self, text: str, terms: frozenset[str]) -> Iterator[tuple[int, int]]:
        """Where words of the query stand, in whichever form; of scripts without blanks their bigrams."""
        if not terms:
            return
        for word in re.finditer(r"[\w'’]+", text):
            there = self._analyzer.terms(word.group())
            if len(there) == 1 and there[0] in terms:
                yield word.span()
            elif len(there) > 1:
                for term in terms.intersection(there):
                    for found in re.finditer(re.escape(term), word.group()):
                        yield word.start() + found.start(), word.start() + found.end()
