"""How many tokens a text is: by tiktoken where its encoding is at hand, else by an estimate that errs high.

**Counting** never downloads: an encoding is used only if its file already lies, whole, in the folder where
tiktoken keeps them. **Truncation** always measures by the estimate, so that one question is the same bytes on
every machine, whatever lies in its folders: caches and recordings travel.

**The estimate**, per kind of character, in tokens:

| text | tokens |
| --- | --- |
| run of ASCII letters (a capital starts one) | 1 up to 7 letters; longer: a quarter for each letter |
| run of digits | two for three digits |
| ASCII punctuation | 1 each |
| line break, tab | 1 each; two blanks a quarter, single blanks nothing |
| Latin letter with accent | 1.25 each |
| Cyrillic | one for two letters |
| Han, kana, Hangul, full-width forms; Indic scripts | 1.25 each |
| Greek, Arabic, Hebrew, Thai and other alphabets | 1 each |
| emoji and the rest | 2 each |

The estimate divided by the true count, cl100k / o200k / MiniLM (`benchmarks/token_estimate.py`): English
abstracts 1.2 / 1.2 / 1.1, web passages 1.2 / 1.2 / 1.1, Python 1.4 / 1.4 / 1.1, German 0.9 / 1.1 / 0.7,
Russian 1.1 / 1.8 / 0.6, Chinese 1.0 / 2.0 / 1.3, Japanese 1.0 / 1.5 / 1.3. It errs high for English, for code
and for newer vocabularies, and low for languages that a small vocabulary spells letter by letter. `usage` in
a reply is the truth.
"""

from __future__ import annotations

import re

from .calls import Call, ChatCall, DecisionCall, ListCall
from .encodings import at_hand, encoder
from .types import Usage

__all__ = ["beginning", "count", "count_messages", "estimate", "expected", "source", "truncate"]

MESSAGE_TOKENS = 4
"""Tokens that the frame of one chat message takes, about."""
REPLY_TOKENS = 3
"""Tokens that open the reply, about."""

# tiktoken takes time quadratic in the length of one unbroken run, which a hostile document would use.
_CHUNK = 20_000


def count(text: str, model: str | None = None) -> int:
    """Count the tokens of a text, for a model where it is known; 0 for the empty text.

    A model that tiktoken does not know is counted with the newest encoding at hand. Linear; never waits.
    """
    name = at_hand(model)
    if name is None:
        return estimate(text)
    encode = encoder(name).encode_ordinary
    return sum(len(encode(text[start : start + _CHUNK])) for start in range(0, len(text), _CHUNK))


def count_messages(call: ChatCall, model: str | None = None) -> int:
    """Count the input tokens of a chat call as it is sent: contents, fence, message frames, schema."""
    contents = sum(count(message.content, model) + MESSAGE_TOKENS for message in call.fenced())
    return contents + REPLY_TOKENS + (count(call.schema, model) if call.schema else 0)


def expected(call: Call) -> Usage:
    """Tokens that a call is expected to use: its texts, and the most that its answer may take."""
    match call:
        case ChatCall():
            return Usage(input=count_messages(call), output=call.max_tokens)
        case ListCall():
            each = count(call.query) + count(call.instruction)
            return Usage(input=sum(each + count(document) for document in call.documents))
        case DecisionCall():
            asked = [call.state, *(text for q in call.questions for text in (q.text, *q.levels))]
            return Usage(input=sum(map(count, asked)))
        case _:
            return Usage()


def source(model: str | None = None) -> str:
    """Say how `count` counts for a model: `tiktoken o200k_base`, or `estimate`."""
    name = at_hand(model)
    return "estimate" if name is None else f"tiktoken {name}"


def estimate(text: str) -> int:
    """Estimate the tokens of a text by the table above; the same on every machine, linear in the text."""
    return -(-(sum(map(_QUARTERS.__getitem__, text.split())) + _gap(text)) // 4)


def truncate(text: str, limit: int) -> tuple[str, int]:
    """Cut a text to at most `limit` estimated tokens, at a word boundary where its script has them.

    Returns:
        The beginning of the text, without white space at the cut, and how many estimated tokens were left out
        (0: nothing was cut, and the text is as it came).
    """
    if len(text) <= limit // 2:
        return text, 0
    whole = estimate(text)
    if whole <= limit:
        return text, 0
    kept = beginning(text, limit)
    return kept, whole - estimate(kept)


def beginning(text: str, limit: int) -> str:
    """What `truncate` keeps, without a look at the rest of the text and without white space at its end."""
    room, end = 4 * max(0, limit), 0
    for found in re.finditer(r"\S+", text):
        word = found.group()
        room -= _gap(text[end : found.start()])
        if len(word) <= _SURELY_LONG:
            cost = _QUARTERS[word]
            if cost <= room:
                room -= cost
                end = found.end()
                continue
            if cost <= _LONG_WORD:
                break
        if room <= 0:
            break
        fitting, room = _fitting(word, room)
        end = found.start() + fitting
        if fitting < len(word):
            break
    return text[:end].rstrip()


# Tokens are counted in quarters, so that sums are exact and truncation never disagrees with the estimate.
_LONG_WORD = 4 * 8
_SURELY_LONG = 64
"""Characters of a word; whatever has more is a long word."""
# The last kind takes whole runs too: a match for each character would let dashes and emoji take seconds.
_WIDE = r"\xaa-\u024f\u0900-\u0dff\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef"
_LETTER = r"\u0250-\u03ff\u0530-\u08ff\u0e00-\u10ff\u1200-\u1fff"
_PIECE = re.compile(
    r"(?P<word>[A-Z]?[a-z]+|[A-Z]+)|(?P<digits>[0-9]+)|(?P<mark>[!-/:-@\[-`{-~]+)|(?P<cyrillic>[\u0400-\u052f]+)"
    rf"|(?P<wide>[{_WIDE}]+)|(?P<letter>[{_LETTER}]+)|(?P<rest>[^!-~\u0400-\u052f{_WIDE}{_LETTER}]+)"
)
_EACH = {"mark": 4, "letter": 4, "wide": 5, "rest": 8}


def _piece(kind: str | None, length: int) -> int:
    """Quarters of a token for one piece of `length` characters, never more than 8 for each."""
    match kind:
        case "word":
            return 4 if length <= 7 else length
        case "digits":
            return 4 * ((2 * length + 2) // 3)
        case "cyrillic":
            return 4 * ((length + 1) // 2)
        case _:
            return _EACH[kind or "rest"] * length


def _gap(text: str) -> int:
    """Quarters of a token for the white space of a text."""
    return 4 * (text.count("\n") + text.count("\t")) + text.count("  ")


def _fitting(word: str, room: int) -> tuple[int, int]:
    """How many leading characters of an unbroken run fit into `room` quarters, and what room they leave."""
    end = 0
    for piece in _PIECE.finditer(word):
        cost = _piece(piece.lastgroup, piece.end() - end)
        if cost > room:
            # One piece may itself be endless; within it no character costs more than this.
            return end + room // _EACH.get(piece.lastgroup or "rest", 4), 0
        room -= cost
        end = piece.end()
    return end, room


class _Quarters(dict[str, int]):
    """Quarters of a token by word, remembered: texts repeat their words."""

    def __missing__(self, word: str) -> int:
        quarters = sum(
            _piece(piece.lastgroup, piece.end() - piece.start()) for piece in _PIECE.finditer(word)
        )
        if len(word) <= 40:
            if len(self) >= 100_000:
                self.clear()
            self[word] = quarters
        return quarters


_QUARTERS = _Quarters()
