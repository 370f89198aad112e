"""Topics in the form of the early TRECs: `<top>`, `<num>`, `<title>`, `<desc>`, `<narr>`, rarely closed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmrerank.errors import DataError
from llmrerank.jsonl import Line
from llmrerank.retrieve.tables import Row, Table

__all__ = ["read_trec_topics"]

_OPEN = re.compile(r"<top>", re.IGNORECASE)
_TAG = re.compile(r"^\s*<([a-z]+)>", re.IGNORECASE | re.MULTILINE)
_CLOSED = re.compile(r"</[a-z]+>\s*$", re.IGNORECASE)
_LABELS = {"num": "number", "title": "topic|title", "desc": "description", "narr": "narrative"}


def read_trec_topics(lines: Iterable[Line], name: str) -> Table:
    """Read the topics of a file, one row each, a column for each tag that one of them has.

    Labels such as `Number:` and `Description:` are left out, line ends within a part become blanks.

    Raises:
        DataError: A topic has no `<num>`.
    """
    blocks: list[tuple[int, list[str]]] = []
    for line in lines:
        if _OPEN.match(line.text.strip()):
            blocks.append((line.number, [line.text.strip()[len("<top>") :]]))
        elif blocks:
            blocks[-1][1].append(line.text)
    topics = []
    for number, texts in blocks:
        parts = _parts("\n".join(texts))
        place = f"{name}, line {number}"
        if not parts.get("num"):
            raise DataError(f"{place}: the topic has no number, <num>")
        topics.append((place, parts))
    columns = tuple(dict.fromkeys(tag for _, parts in topics for tag in parts))
    rows = (Row(place, {tag: parts.get(tag, "") for tag in columns}) for place, parts in topics)
    return Table(name=name, columns=columns, rows=rows)


def _parts(text: str) -> dict[str, str]:
    text = re.sub(r"</top>.*", "", text, flags=re.IGNORECASE | re.DOTALL)
    pieces = _TAG.split(text)[1:]
    return {
        tag.lower(): _bare(tag.lower(), part) for tag, part in zip(pieces[::2], pieces[1::2], strict=True)
    }


def _bare(tag: str, part: str) -> str:
    label = rf"^\s*(?:{_LABELS.get(tag, tag)})\s*:"
    return " ".join(_CLOSED.sub("", re.sub(label, "", part, flags=re.IGNORECASE)).split())
