"""Preparing documents that nobody vouches for: made harmless, cut fairly, fenced by a nonce.

**Neutralising.** A document may say anything, so no text of it may look like a part of the prompt: not like
a label (`[3]`, `[B]`, `【3】` and the like become `(3)`, `(B)`), a token of a chat template (`<|im_start|>`,
`<s>`, `<think>`, `[INST]`: their brackets become round), the name of a role or of a part of the prompt that
opens a line (`Assistant:` becomes `Assistant –`), or a fence. Characters that are not seen (controls,
zero-width and bidirectional marks, lone surrogates) and the private sentinel of the fence are removed first,
so that nothing hides behind them. Every later step replaces characters and joins none, hence a second pass
changes nothing.

**Cutting.** A slate has `passage_tokens` for each text, added up: short texts leave their rest to long ones,
and no text is cut below `FLOOR` tokens. Of a text that is too long an excerpt is shown that speaks of the
query (`excerpts`), made of the neutralised text and neutralised again, since what stood in the middle of a
line may now open one; without a query its beginning.

**The nonce** is an HMAC of a secret over query and slate: the same question has the same bytes, and no text
can hold the nonce of a slate that contains it. The secret is the environment variable `LLMRERANK_SECRET`,
else the seed of the run. The latter is no secret, yet whoever wants a document to hold its own slate's nonce
must know the query and all other documents and try about 2^64 texts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from .errors import ConfigError
from .excerpts import excerpt
from .tokens import estimate, truncate

__all__ = [
    "FIELD_TOKENS",
    "FLOOR",
    "READ",
    "Prepared",
    "disarm",
    "field",
    "fit",
    "level",
    "neutralise",
    "nonce",
    "secret",
]

FLOOR = 32
"""Tokens of each text that are always kept; the least that `passage_tokens` may be."""
FIELD_TOKENS = 64
"""Most tokens of a title, an identifier or a metadata field in a prompt."""

READ = 1_000_000
"""Characters of a text that a prompt reads: what follows them is left out, and said to be."""

_Made = TypeVar("_Made")
_MOST_MADE = 4096

# Most texts are of these characters alone: nothing unseen, no angle bracket, no square one.
_PLAIN = re.compile(r"[\n !-;=-Z\\^-~]*")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
# Persian and Indic spelling needs the joiners between letters; elsewhere they only split what they stand in.
_JOINERS = re.compile("(?<![\u0600-\u1fff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u1fff])")
_BLANK_ENDS = re.compile(r"(?<![ \t])[ \t]++\n")
_EMPTY_LINES = re.compile(r"\n{3,}")

_OPENING, _CLOSING = "[［【〔⟦❲〖〚⁅", "]］】〕⟧❳〗〛⁆"
_ROUND = str.maketrans(dict.fromkeys(_OPENING + "<＜", "(") | dict.fromkeys(_CLOSING + ">＞", ")"))
_OPEN, _CLOSE = re.escape(_OPENING), re.escape(_CLOSING)
# What opens a special token of any model; nothing in prose or mark-up begins so.
_TOKEN_START = re.compile(r"[<＜](?=[/\s]{0,4}[|｜\[［])|[\]］](?=[~～])")
_TAG = re.compile(r"[<＜][/\s]{0,4}((?:\w{1,20}:)?\w{1,40})[/\s]{0,4}[>＞]")
_TAG_NAME = re.compile(
    r".*_.*|.+:.*|unused\d+|0x[0-9a-f]{2}|s|sys|bos|eos|pad|unk|cls|sep|mask|sop|eop|eod|system|user|assistant"
    r"|human|bot|model|tool|function|think|thinking|thoughts?|reasoning|reflection|scratchpad|answer|instruct"
    r"|instruction|query|document|passage|text",
    re.IGNORECASE,
)
_BRACKETED = re.compile(f"[{_OPEN}]([^{_OPEN}{_CLOSE}]{{1,80}})[{_CLOSE}]")
_BETWEEN = re.compile(
    "[\\s*_`\"'#№:.,;=<>&/|+~\u2010-\u2015\u2190-\u21ff\u0300-\u036f\u200c\u200d\u20d0-\u20ff-]+"
)
_NAME = re.compile(
    r"(?:passage|document|doc|text|candidate|item|option|id|no)?"
    r"(?:\d+|[^\W\d_]|[\xb2\xb3\xb9\u2070-\u2089\u2460-\u24ff\u2776-\u2793])?",
    re.IGNORECASE,
)
_NOUN = re.compile(r"passage|document|doc|text|candidate|item|option|id|no", re.IGNORECASE)
_TEMPLATE_WORD = re.compile(
    r"/?(?:[A-Z][A-Z_]+|[a-z]MASK|(?i:inst|sys|cls|sep|mask|pad|unk|bos|eos)|[|｜].*)"
)
_SPEAKER = re.compile(
    r"^([^\w\n]{0,40}(?:system|user|assistant|human|instruct|instruction|response|query|document|passage))"
    r"(?=[^\w\n]{0,8}[:：])([^\w\n]{1,9})",
    re.IGNORECASE | re.MULTILINE,
)
_COLONS = str.maketrans(dict.fromkeys(":：", " –"))
_FENCE_LIKE = re.compile(r"(?<![-=])[-=]{2,}+(?=\s{0,8}[0-9a-fA-F]{8})")


def neutralise(text: str) -> str:
    """Rewrite a document's text so that nothing in it looks like a part of a prompt; idempotent, readable."""
    plain = _PLAIN.fullmatch(text) is not None
    text = (text if plain else _seen(text)).strip()
    if "\n" in text:
        text = _EMPTY_LINES.sub("\n\n", _BLANK_ENDS.sub("\n", text))
    if not plain:
        text = _BRACKETED.sub(_rounded, _tokens_apart(text))
    # Where there is one line alone, only its beginning can name a speaker.
    if (":" in text or "：" in text) and ("\n" in text or _SPEAKER.match(text)):
        text = _SPEAKER.sub(lambda found: found[1] + found[2].translate(_COLONS), text)
    if "--" not in text and "==" not in text:
        return text
    return _FENCE_LIKE.sub(lambda found: "~" * len(found.group()), text)


def disarm(text: str) -> str:
    """Make a query or an instruction safe to place in a message; its brackets and lines stay as they are."""
    return _tokens_apart(_seen(text)).strip()


def field(text: str) -> str:
    """Neutralise a title, an identifier or a metadata value: one line, at most `FIELD_TOKENS` tokens.

    All its square and angle brackets become round, since what it opens the text beside it might close.
    """
    if not text:
        return ""
    line = " ".join(neutralise(text).split()).translate(_ROUND)
    return truncate(line, FIELD_TOKENS)[0]


def fit(
    texts: Sequence[str],
    *,
    passage_tokens: int,
    query: str = "",
    spans: Sequence[Sequence[tuple[int, int]]] = (),
    prepared: Prepared | None = None,
) -> tuple[tuple[str, ...], int]:
    """Neutralise the texts of a slate and cut them fairly to `passage_tokens` each on average.

    Args:
        texts: As they came.
        passage_tokens: `FLOOR` or more.
        query: What the excerpts of long texts are chosen by; empty: their beginnings are shown.
        spans: By place, ranges of the text as it came that were found best, best first; may be empty.
        prepared: What was done for other slates of the same ranking.

    Returns:
        The texts in order, and how many (estimated) tokens were left out altogether.

    Raises:
        ConfigError: `passage_tokens` is below `FLOOR`.
    """
    if passage_tokens < FLOOR:
        raise ConfigError(f"passage_tokens must be {FLOOR} or more, got {passage_tokens}")
    prepared = prepared or Prepared()
    measured = [prepared.measured(text) for text in texts]
    most = level([length for _, length in measured], passage_tokens * len(texts))
    cuts = [
        prepared.cut(text, most=most, query=query, spans=tuple(found)) if length > most else (clean, 0)
        for text, (clean, length), found in zip(texts, measured, spans or [()] * len(texts), strict=True)
    ]
    unread = sum(-(-max(0, len(text) - READ) // 4) for text in texts)
    return tuple(text for text, _ in cuts), sum(cut for _, cut in cuts) + unread


class Prepared:
    """What was made of the texts of one ranking: each is prepared once, however many slates show it.

    Goes with the ranking, and starts anew where it holds more than a ranking can be expected to need.
    """

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[object, Any] = {}

    def measured(self, text: str) -> tuple[str, int]:
        """A text made harmless, and its estimated tokens."""
        found: tuple[str, int] | None = self._made.get(text)
        if found is None:
            clean = neutralise(text[:READ])
            found = self._keep(text, (clean, estimate(clean)))
        return found

    def cut(self, text: str, *, most: int, query: str, spans: tuple[tuple[int, int], ...]) -> tuple[str, int]:
        """What is shown of a text that has more than `most` tokens, and how many are left out."""
        key = (text, most, query, spans)
        found: tuple[str, int] | None = self._made.get(key)
        if found is None:
            clean, _ = self.measured(text)
            if query.strip():
                found = self._keep(key, _shown(clean, text[:READ], most=most, query=query, spans=spans))
            else:
                found = self._keep(key, truncate(clean, most))
        return found

    def field(self, text: str) -> str:
        """A title, an identifier or a metadata value, as `field` makes it."""
        found: str | None = self._made.get((text,))
        return self._keep((text,), field(text)) if found is None else found

    def _keep(self, key: object, made: _Made) -> _Made:
        if len(self._made) >= _MOST_MADE:
            self._made.clear()
        self._made[key] = made
        return made


def level(lengths: Sequence[int], budget: int) -> int:
    """Find the limit at which texts of these lengths, each cut to it, just fit into a budget.

    Never below the budget's mean share; the largest length where everything fits (0 for no texts).
    """
    remaining = len(lengths)
    for length in sorted(lengths):
        share = budget // remaining
        if length > share:
            return share
        budget -= length
        remaining -= 1
    return max(lengths, default=0)


def secret(seed: int) -> str:
    """The key of the nonce: `LLMRERANK_SECRET`, else made of the run's seed."""
    return os.environ.get("LLMRERANK_SECRET") or f"seed:{seed}"


def nonce(secret: str, query: str, texts: Iterable[str]) -> str:
    """Derive the fence of one slate: 16 hexadecimal digits, equal for the same query and texts in order."""
    parts = [part.encode("utf-8", "surrogatepass") for part in (query, *texts)]
    message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:16]


def _shown(
    clean: str, before: str, *, most: int, query: str, spans: Sequence[tuple[int, int]]
) -> tuple[str, int]:
    """An excerpt of a neutralised text that is too long, and the tokens left out."""
    if spans and clean != before:
        # What is removed moves the ranges; that a character more or less is counted loses no sentence.
        spans = [(len(neutralise(before[:start])), len(neutralise(before[:end]))) for start, end in spans]
    text, cut = excerpt(clean, query=query, tokens=most, spans=spans)
    safe = neutralise(text)
    if safe == text:
        return text, cut
    safe, more = truncate(safe, most)
    return safe, cut + more


def _seen(text: str) -> str:
    """The text without what is not seen, its line breaks all of one kind."""
    text = _UNSEEN.sub("", _BREAKS.sub("\n", text))
    return text if text.isascii() else _JOINERS.sub("", text)


def _tokens_apart(text: str) -> str:
    """The text with the brackets of special tokens made round."""
    text = _TOKEN_START.sub(lambda found: found.group().translate(_ROUND), text)
    return _TAG.sub(
        lambda found: found.group().translate(_ROUND) if _TAG_NAME.fullmatch(found[1]) else found.group(),
        text,
    )


def _rounded(found: re.Match[str]) -> str:
    inside = found[1]
    if _TEMPLATE_WORD.fullmatch(inside.strip()) or _names_only(_BETWEEN.split(inside)):
        return f"({inside})"
    return found.group()


def _names_only(words: Sequence[str]) -> bool:
    """Whether these words are labels ("3", "B", "Doc 3"), at least one of them more than a noun."""
    words = [word for word in words if word]
    return all(map(_NAME.fullmatch, words)) and not all(map(_NOUN.fullmatch, words))
