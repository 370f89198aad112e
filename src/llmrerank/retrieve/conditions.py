"""What a document's metadata must be to be searched: `2010 <= year < 2020 and lang in ('en', 'de')`.

Conditions are written as Python writes comparisons, and only these: `==` and `in` (a tuple, list or set of
values), `<`, `<=`, `>`, `>=`, chains of them, and `and` between them. A key that is no Python name is written
`meta['publication date']`. So a value is put in safely by its `repr`.

- A value in metadata is text, a number or a truth value; of a list any element may meet the condition. What
  is nested deeper, None, and text of more than 400 characters meet none.
- Whole and other numbers compare as numbers; a truth value equals only a truth value. Text stands in order
  of code points, so dates as `2020-01-31` have ranges too. Text is in no range of numbers, nor a number in
  one of texts.
- A document without the key does not meet the condition.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmrerank.errors import ConfigError

__all__ = ["Condition", "facts_of", "key_of", "parse_conditions"]

Value = str | int | float | bool

LONGEST = 400
"""Characters of a text that can still be met."""

_BITS = 1024
_EXAMPLE = "write it as \"2010 <= year < 2020 and lang in ('en', 'de')\""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What one key must be: one of some values, or within a range.

    Attributes:
        key: Of the metadata.
        values: Any of these will do; None: the range decides.
        low: Least value, or None for no lower end.
        high: Greatest value, or None for no upper end.
        above: `low` itself will not do.
        below: `high` itself will not do.
    """

    key: str
    values: tuple[Value, ...] | None = None
    low: str | float | None = None
    high: str | float | None = None
    above: bool = False
    below: bool = False

    def holds(self, metadata: Mapping[str, Any]) -> bool:
        """Whether a document with this metadata meets the condition."""
        return any(map(self.takes, _values_of(metadata.get(self.key))))

    def takes(self, value: Value) -> bool:
        """Whether one value meets the condition."""
        if self.values is not None:
            return any(_fact(value) == _fact(wanted) for wanted in self.values)
        if isinstance(value, bool):
            return False
        low, high = self.low, self.high
        if isinstance(low if low is not None else high, str) != isinstance(value, str):
            return False
        # Both are text or both are numbers, which mypy cannot know.
        here: Any = value
        return (low is None or low < here or (low == here and not self.above)) and (
            high is None or here < high or (here == high and not self.below)
        )

    @property
    def facts(self) -> tuple[str, ...] | None:
        """The facts of which a document must have one; None for a range."""
        return None if self.values is None else tuple(f"{self.prefix}{_fact(one)}" for one in self.values)

    @property
    def prefix(self) -> str:
        """What every fact of this key begins with, and no other."""
        return f"{json.dumps(self.key)}:"

    def met_by(self, fact: str) -> bool:
        """Whether a fact of this key meets the condition."""
        return self.takes(json.loads(fact.removeprefix(self.prefix)))


def facts_of(metadata: Mapping[str, Any]) -> Iterator[str]:
    """What an index keeps of metadata: `"year":2003` for each value, in ASCII, equal values alike."""
    for key, value in metadata.items():
        for one in _values_of(value):
            yield f"{json.dumps(str(key))}:{_fact(one)}"


def key_of(fact: str) -> str:
    """The key of a fact as `facts_of` writes it."""
    return str(json.JSONDecoder().raw_decode(fact)[0])


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Read conditions, all of which must hold.

    Raises:
        ConfigError: The text is not of the form above; the sentence says what is wrong.
    """
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise _fault(text, reason) from None
    parts = body.values if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And) else [body]
    return tuple(condition for part in parts for condition in _comparisons(part, text))


def _comparisons(part: ast.expr, text: str) -> Iterator[Condition]:
    if not isinstance(part, ast.Compare):
        raise _fault(text, "only comparisons joined by 'and' are known")
    sides = [part.left, *part.comparators]
    for left, operator, right in zip(sides, part.ops, sides[1:], strict=False):
        yield _comparison(left, operator, right, text)


_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
}
_KNOWN = frozenset({ast.In, *_MIRRORED})


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr, text: str) -> Condition:
    kind: type[ast.cmpop] | None = type(operator)
    key, other = _key(left), right
    if key is None:
        key, other, kind = _key(right), left, _MIRRORED.get(type(operator))
    if kind not in _KNOWN:
        raise _fault(text, "only == in < <= > >= are known")
    if key is None or _key(other) is not None:
        raise _fault(text, "a comparison has a key of the metadata on one side and a value on the other")
    try:
        value = ast.literal_eval(other)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise _fault(
            text, f"'{key}' must be compared with a number, a text in quotes, True or False"
        ) from None
    if kind is ast.In:
        if not isinstance(value, tuple | list | set) or not value:
            raise _fault(text, f"'{key} in' takes values in brackets, as ('en', 'de')")
        return Condition(key=key, values=tuple(_checked(one, key, text) for one in value))
    value = _checked(value, key, text)
    if kind is ast.Eq:
        return Condition(key=key, values=(value,))
    if isinstance(value, bool):
        raise _fault(text, f"'{key}' has no order between True and False")
    if kind in (ast.Gt, ast.GtE):
        return Condition(key=key, low=value, above=kind is ast.Gt)
    return Condition(key=key, high=value, below=kind is ast.Lt)


def _key(side: ast.expr) -> str | None:
    """The key that one side of a comparison names: `year`, or `meta['publication year']`."""
    if isinstance(side, ast.Name):
        return side.id
    if (
        isinstance(side, ast.Subscript)
        and isinstance(side.value, ast.Name)
        and side.value.id == "meta"
        and isinstance(side.slice, ast.Constant)
        and isinstance(side.slice.value, str)
    ):
        return side.slice.value
    return None


def _checked(value: object, key: str, text: str) -> Value:
    for one in _values_of(value) if not isinstance(value, tuple | list | set) else ():
        return one
    raise _fault(
        text, f"'{key}' must be compared with a number, a text of at most {LONGEST} characters, True or False"
    )


def _values_of(value: object) -> Iterator[Value]:
    for one in value if isinstance(value, list | tuple | set | frozenset) else (value,):
        if (
            isinstance(one, bool)
            or (isinstance(one, str) and len(one) <= LONGEST)
            or (isinstance(one, int) and one.bit_length() <= _BITS)
            or (isinstance(one, float) and one == one)
        ):
            yield one


def _fact(value: Value) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value)


def _fault(text: str, what: str) -> ConfigError:
    return ConfigError(f"cannot read the condition {text!r}: {what}; {_EXAMPLE}")
