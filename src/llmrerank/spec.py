"""One notation for code, command line, configuration, tables and logs: parse it, print it.

```
pipeline := stage ('>>' stage)*
stage    := call ['%' INT]
call     := NAME ['(' [arg (',' arg)*] ')']
arg      := [NAME '='] value
value    := Python literal (string, number, tuple, list, True, False, None) | call
```

This room knows the grammar only. Which names and options exist is the registry's business.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from .errors import ConfigError

__all__ = ["Call", "PipelineSpec", "Stage", "parse", "parse_call"]


@dataclass(frozen=True, slots=True)
class Call:
    """A name with its options: `listwise(window=20)`.

    Attributes:
        name: Kebab-case name of a registered thing.
        args: `(option or None, value)` in the order written; None is a positional value. Values are Python
            literals or nested calls; lists are kept as tuples, so that a call can be hashed.
    """

    name: str
    args: tuple[tuple[str | None, Any], ...] = ()

    def __str__(self) -> str:
        if not self.args:
            return self.name
        inside = ", ".join(
            f"{option}={_print(value)}" if option else _print(value) for option, value in self.args
        )
        return f"{self.name}({inside})"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a pipeline: a call, and how many documents it passes on (None: all)."""

    call: Call
    cut: int | None = None

    def __str__(self) -> str:
        return str(self.call) if self.cut is None else f"{self.call} % {self.cut}"


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """Stages in the order they run: `bm25 % 100 >> cross-encoder % 10`."""

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        if not self.stages:
            raise ConfigError("a pipeline needs at least one stage")

    def __str__(self) -> str:
        return " >> ".join(str(stage) for stage in self.stages)


def parse(text: str) -> PipelineSpec:
    """Read a pipeline, e.g. `bm25 % 100 >> listwise(window=10) % 5`.

    Raises:
        ConfigError: The text breaks the grammar; the sentence points at the place.
    """
    reader = _Reader(text)
    stages = [reader.stage()]
    while reader.take(">>"):
        stages.append(reader.stage())
    reader.end()
    return PipelineSpec(tuple(stages))


def parse_call(text: str) -> Call:
    """Read a single call without cut-off, e.g. `listwise(window=10)`; raises ConfigError as `parse` does."""
    reader = _Reader(text)
    call = reader.call()
    reader.end()
    return call


def _print(value: Any) -> str:
    if isinstance(value, tuple):
        inside = ", ".join(_print(item) for item in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return str(value) if isinstance(value, Call) else repr(value)


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>[rRuU]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
      | (?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d+)?))
      | (?P<name>[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)
      | (?P<arrow>>>)
      | (?P<mark>[%(),=\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_CONSTANTS = {"True": True, "False": False, "None": None}
_DEEPEST = 20


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ConfigError(f"cannot read {text!r}: unexpected {text[at]!r} at character {at + 1}")
        if found.lastgroup != "space":
            yield _Token(found.lastgroup or "", found.group(), at)
        at = found.end()
    yield _Token("end", "", len(text))


class _Reader:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        if not isinstance(text, str):
            raise ConfigError(f"a strategy is written as a string, got {type(text).__name__}")
        if not text.strip():
            raise ConfigError("the strategy is empty; write e.g. 'bm25 % 100 >> cross-encoder % 10'")
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self, text: str) -> bool:
        if self.token.text == text and self.token.kind in ("arrow", "mark"):
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise self.fault(f"expected '{text}'")

    def fault(self, what: str) -> ConfigError:
        token = self.token
        found = f"found {token.text!r}" if token.kind != "end" else "the text ends"
        return ConfigError(f"cannot read {self.text!r}: {what}, {found} at character {token.start + 1}")

    def end(self) -> None:
        if self.token.kind != "end":
            raise self.fault("expected '>>', '%' or the end")

    def stage(self) -> Stage:
        call = self.call()
        if not self.take("%"):
            return Stage(call)
        token = self.token
        if token.kind != "number" or not re.fullmatch(r"\d[\d_]*", token.text):
            raise self.fault("'%' takes a whole number")
        self.at += 1
        cut = int(token.text)
        if cut < 1:
            raise ConfigError(f"cannot read {self.text!r}: '%' takes a number of 1 or more, got {cut}")
        return Stage(call, cut)

    def call(self) -> Call:
        token = self.token
        if token.kind != "name":
            raise self.fault("expected a name")
        self.at += 1
        args: list[tuple[str | None, Any]] = []
        if self.take("("):
            while not self.take(")"):
                args.append(self.arg())
                if not self.take(","):
                    self.need(")")
                    break
        seen = [option for option, _ in args if option]
        for option in seen:
            if seen.count(option) > 1:
                raise ConfigError(f"cannot read {self.text!r}: option '{option}' is given twice")
        return Call(token.text, tuple(args))

    def arg(self) -> tuple[str | None, Any]:
        token, after = self.token, self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if token.kind == "name" and after.text == "=" and after.kind == "mark":
            self.at += 2
            return token.text, self.value()
        return None, self.value()

    def value(self) -> Any:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.fault("nested too deeply")
        try:
            token = self.token
            if token.kind in ("string", "number"):
                self.at += 1
                return self.literal(token)
            if token.kind == "name" and token.text in _CONSTANTS:
                self.at += 1
                return _CONSTANTS[token.text]
            if token.kind == "name":
                return self.call()
            for opening, closing in (("(", ")"), ("[", "]")):
                if self.take(opening):
                    return self.items(closing)
            raise self.fault("expected a value")
        finally:
            self.depth -= 1

    def items(self, closing: str) -> Any:
        items: list[Any] = []
        comma = closing == "]"
        while not self.take(closing):
            items.append(self.value())
            if not self.take(","):
                self.need(closing)
                break
            comma = True
        if len(items) == 1 and not comma:
            return items[0]
        return tuple(items)

    def literal(self, token: _Token) -> Any:
        try:
            return ast.literal_eval(token.text)
        except (ValueError, SyntaxError):
            self.at -= 1
            raise self.fault("this is no Python literal") from None
