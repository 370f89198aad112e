"""Texts as tokens, in batches of like length: what padding would cost is what sorting saves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Tokens", "padded", "readable", "room_of", "sorted_batches", "tokenise"]

_LARGEST_ROOM = 1_000_000
_USUAL_ROOM = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokenised texts or pairs, cut to the model's room and not padded.

    Attributes:
        columns: By name of the model's input, one list of whole numbers for each row.
        lengths: Tokens of each row.
        cut: Tokens of each row's text (of a pair: of its second text) that found no room.
    """

    columns: Mapping[str, Sequence[Sequence[int]]]
    lengths: Sequence[int]
    cut: Sequence[int]


def room_of(declared: int | None, config: Any) -> int:
    """Most tokens of one row, special ones included: the lesser of what tokenizer and model declare."""
    limits = (declared, getattr(config, "max_position_embeddings", None))
    return min((int(n) for n in limits if n is not None and 0 < n < _LARGEST_ROOM), default=_USUAL_ROOM)


def readable(text: str) -> str:
    """The text with lone surrogates (of broken JSON escapes, say) replaced: tokenizers fail at them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def tokenise(
    tokenizer: Any,
    texts: Sequence[str],
    pairs: Sequence[str] | None = None,
    *,
    room: int,
    marks: bool = False,
) -> Tokens:
    """Tokenise all rows at once; of a pair the longer is cut, so a query under half the room stays whole.

    Args:
        tokenizer: A tokenizer of transformers, best a fast one.
        texts: One for each row.
        pairs: Second texts of the rows, or None.
        room: Most tokens of a row, special ones included.
        marks: Whether `[SEP]` and the like mean what they mean to the model. Otherwise they are plain text,
            so that no document can pretend to end.
    """
    options = {"max_length": room, "padding": False, "verbose": False, "split_special_tokens": not marks}
    first = [readable(text) for text in texts]
    if pairs is None:
        encoded = tokenizer(first, truncation=True, **options)
    else:
        # Cutting both texts of a pair yields every combination of their pieces: a query is cut before.
        short = {text: _within(tokenizer, text, options) for text in set(first) if len(text) > room}
        first = [short.get(text, text) for text in first]
        encoded = tokenizer(first, [readable(text) for text in pairs], truncation="longest_first", **options)
    columns = {name: encoded[name] for name in encoded}
    lengths = [len(row) for row in columns["input_ids"]]
    rows = encoded.encodings or [None] * len(lengths)
    return Tokens(columns=columns, lengths=lengths, cut=[_cut(row, int(pairs is not None)) for row in rows])


def _within(tokenizer: Any, text: str, options: Mapping[str, Any]) -> str:
    encoded = tokenizer([text], truncation=True, **options)
    if not encoded.encodings or not encoded.encodings[0].overflowing:
        return text
    return text[: max(end for _, end in encoded.encodings[0].offsets)]


def _cut(row: Any, sequence: int) -> int:
    """Tokens of one of a row's texts that stand in its overflow; a piece that is there twice counts once."""
    if row is None or not row.overflowing:
        return 0
    kept = _span(row, sequence)
    pieces = {_span(piece, sequence) for piece in row.overflowing}
    return sum(count for _, count in pieces - {kept})


def _span(row: Any, sequence: int) -> tuple[int, int]:
    """Where a row's piece of a text begins, in characters, and how many tokens it has."""
    places = [place for place, owner in enumerate(row.sequence_ids) if owner == sequence]
    return (row.offsets[places[0]][0], len(places)) if places else (0, 0)


def sorted_batches(lengths: Sequence[int], rows: int) -> Iterator[list[int]]:
    """Positions in batches of at most so many rows, the longest first; equal lengths keep their order.

    The longest first: what will not fit into memory then fails at once.
    """
    order = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    for start in range(0, len(order), rows):
        yield order[start : start + rows]


def padded(tokenizer: Any, tokens: Tokens, positions: Sequence[int], device: Any) -> dict[str, Any]:
    """Some rows as tensors of shape (rows, longest of them), padded on the tokenizer's side."""
    import torch

    longest = max(tokens.lengths[position] for position in positions)
    fillings = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id or 0}
    left = tokenizer.padding_side == "left"
    features = {}
    for name, rows in tokens.columns.items():
        filling = fillings.get(name, 0)
        grid = []
        for position in positions:
            row = list(rows[position])
            padding = [filling] * (longest - len(row))
            grid.append(padding + row if left else row + padding)
        features[name] = torch.tensor(grid, dtype=torch.long, device=device)
    return features
