"""How many tokens a text is: by tiktoken where its encoding is at hand, else by an estimate that errs high.

**Counting** never downloads: an encoding is used only if its file already lies, whole, in the folder where tiktoken
keeps them. **Truncation** always measures by the estimate, so that one question is the same bytes on every machine,
whatever lies in its folders: caches and recordings travel.

**The estimate**, per character class, in tokens:

| text | tokens |
| --- | --- |
| run of ASCII letters (a capital starts one) | 1 up to 7 letters, then a quarter for each letter beyond the fourth |
| run of digits | two for three digits |
| ASCII punctuation | 1 each |
| line break, tab | 1 each; pairs of blanks a quarter; single blanks nothing |
| Latin letter with accent | 1.25 each |
| Cyrillic | one for two letters |
| Han, kana, Hangul, full-width forms | 1.25 each |
| Indic and South-East Asian scripts | 1.25 each |
| Greek, Arabic, Hebrew and other alphabets | 1 each |
| emoji and the rest | 2 each |

Estimate divided by the true count over whole texts (cl100k / o200k / SmolLM2): English abstracts 1.2 / 1.2 / 1.2, web
passages 1.1 / 1.1 / 1.1, Python 1.3 / 1.3 / 1.1, Chinese 1.1 / 1.7 / 0.7, Japanese 1.1 / 1.7 / 0.7, Russian
1.1 / 2.4 / 0.6, German 0.9 / 1.2 / 0.7. So it errs high for English, for code and for newer vocabularies, and low for
languages that a small vocabulary spells letter by letter. `usage` in a reply is the truth.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .calls import ChatCall

if TYPE_CHECKING:
    import tiktoken

__all__ = ["count", "count_messages", "estimate", "source", "truncate"]

MESSAGE_TOKENS = 4
"""Tokens that the frame of one chat message takes, about."""
REPLY_TOKENS = 3
"""Tokens that open the reply, about."""

# Where tiktoken fetches an encoding from is what it names its file by; the digest tells a whole file from a torn one.
_ENCODINGS = "https://openaipublic.blob.core.windows.net/encodings/"
_FILES = {
    "o200k_base": ("o200k_base.tiktoken", "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"),
    "o200k_harmony": (
        "o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
_PREFERRED = ("o200k_base", "cl100k_base")
# tiktoken takes time quadratic in the length of one unbroken run, which a hostile document would use.
_CHUNK = 20_000


def count(text: str, model: str | None = None) -> int:
    """Count the tokens of a text, for a model where it is known; 0 for the empty text.

    A model that tiktoken does not know is counted with the newest encoding at hand. Linear in the text; never waits.
    """
    name = _encoding_at_hand(model)
    if name is None:
        return estimate(text)
    encoder = _encoder(name)
    parts = (text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK))
    return sum(len(encoder.encode_ordinary(part)) for part in parts)


def count_messages(call: ChatCall, model: str | None = None) -> int:
    """Count the input tokens of a chat call as it is sent: contents, fence, frames of the messages, schema."""
    contents = sum(count(message.content, model) + MESSAGE_TOKENS for message in call.fenced())
    return contents + REPLY_TOKENS + (count(call.schema, model) if call.schema else 0)


def source(model: str | None = None) -> str:
    """Say how `count` counts for a model: `tiktoken o200k_base`, or `estimate`."""
    name = _encoding_at_hand(model)
    return "estimate" if name is None else f"tiktoken {name}"


def estimate(text: str) -> int:
    """Estimate the tokens of a text by the table above; the same on every machine. About 30 us per 1,000 characters."""
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
    room, end = 4 * max(0, limit), 0
    for word in re.finditer(r"\S+", text):
        cost = _gap(text[end : word.start()]) + _QUARTERS[word.group()]
        if cost > room:
            room -= _gap(text[end : word.start()])
            if _QUARTERS[word.group()] > _LONG_WORD and room > 0:
                end = word.start() + _fitting(word.group(), room)
            break
        room -= cost
        end = word.end()
    kept = text[:end].rstrip()
    return kept, whole - estimate(kept)


# Tokens are counted in quarters, so that sums are exact and truncation never disagrees with the estimate.
_LONG_WORD = 4 * 8
_PIECE = re.compile(
    r"(?P<word>[A-Z]?[a-z]+|[A-Z]+)|(?P<digits>[0-9]+)|(?P<mark>[!-/:-@\[-`{-~]+)|(?P<cyrillic>[\u0400-\u052f]+)"
    r"|(?P<wide>[\xaa-\u024f\u0900-\u0dff\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]+)"
    r"|(?P<letter>[\u0250-\u03ff\u0530-\u08ff\u0e00-\u10ff\u1200-\u1fff]+)|(?P<rest>.)",
    re.DOTALL,
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


def _fitting(word: str, room: int) -> int:
    """How many leading characters of an unbroken run fit into `room` quarters."""
    end = 0
    for piece in _PIECE.finditer(word):
        cost = _piece(piece.lastgroup, piece.end() - end)
        if cost > room:
            # One piece may itself be endless; within it no character costs more than this.
            return end + room // _EACH.get(piece.lastgroup or "rest", 4)
        room -= cost
        end = piece.end()
    return end


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


def _encoding_at_hand(model: str | None) -> str | None:
    """The name of the encoding to count with, if the file of any lies in tiktoken's folder."""
    folder = _folder()
    if folder is None:
        return None
    wanted = _encoding_of(model) if model else None
    names = [wanted, *_PREFERRED] if wanted in _FILES else [*_PREFERRED]
    return next((name for name in names if name and _is_whole(folder, name)), None)


def _folder() -> str | None:
    """Where tiktoken keeps its files; None where that is switched off."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if variable in os.environ:
            return os.environ[variable] or None
    import tempfile

    return os.path.join(tempfile.gettempdir(), "data-gym-cache")


@functools.cache
def _is_whole(folder: str, name: str) -> bool:
    """Whether the file of an encoding lies there unharmed; otherwise tiktoken would remove it and download."""
    address, digest = _FILES[name]
    path = Path(folder, hashlib.sha1((_ENCODINGS + address).encode()).hexdigest())
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


@functools.cache
def _encoding_of(model: str) -> str | None:
    import tiktoken.model

    try:
        return tiktoken.model.encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return None


@functools.cache
def _encoder(name: str) -> tiktoken.Encoding:
    import tiktoken

    return tiktoken.get_encoding(name)
