"""Texts that nobody vouches for, rewritten so that nothing in them looks like a part of a prompt.

A document may say anything, so no text of it may look like a part of the prompt: not like
a label (`[3]`, `[B]`, `【3】` and the like become `(3)`, `(B)`), a token of a chat template (`<|im_start|>`,
`<s>`, `<think>`, `[INST]`: their brackets become round), the name of a role or of a part of the prompt that
opens a line (`Assistant:` becomes `Assistant –`), or a fence. Characters that are not seen (controls,
zero-width and bidirectional marks, lone surrogates) and the private sentinel of the fence are removed first,
so that nothing hides behind them. Every later step replaces characters and joins none, hence a second pass
changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .lookalikes import ANGLE, BARS, CLOSING, COLONS, DASHES, OPENING, ROUND, UNANGLE, UNDERLINES, folded

__all__ = ["disarm", "neutralise"]

# Most texts are of these characters alone: nothing unseen, no angle bracket, no square one.
_PLAIN = re.compile(r"[\n !-;=-Z\\^-~]*")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\xad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
# Persian and Indic spelling needs the joiners between letters; elsewhere they only split what they stand in.
_JOINERS = re.compile("(?<![\u0600-\u1fff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u1fff])")
_BLANK_ENDS = re.compile(r"(?<![ \t])[ \t]++\n")
_EMPTY_LINES = re.compile(r"\n{3,}")

_OPEN, _CLOSE, _BARS = re.escape(OPENING), re.escape(CLOSING), re.escape(BARS)
# Runs of blanks and marks have no bound, lest a text hide behind a longer one; each is read once, in one go.
# What opens a special token of any model; nothing in prose or mark-up begins so.
_TOKEN_START = re.compile(
    rf"[{ANGLE}](?=[/／\s]*+[{_BARS}{_OPEN}])|[{_CLOSE}](?=[~～]!?\w[{_OPEN}{_CLOSE}])|[{_OPEN}](?=\w[~～][{_OPEN}])"
)
_TAG = re.compile(
    rf"[{ANGLE}][/／\s]*+((?:\w{{1,20}}[{COLONS}])?[\w{UNDERLINES}]{{1,40}})[/／\s]*+[{UNANGLE}]"
)
_TAG_NAME = re.compile(
    r".*_.*|.+\W.*|unused\d+|0x[0-9a-f]{2}|s|sys|[be]os|pad|unk|cls|sep|mask|[se]o[a-z]|system|user|assistant"
    r"|human|bot|model|tool|function|think|thinking|thoughts?|reasoning|reflection|scratchpad|answer|instruct"
    r"|instruction|query|document|passage|text|image|audio|video|end|turn",
    re.IGNORECASE,
)
_BRACKETED = re.compile(f"[{_OPEN}]([^{_OPEN}{_CLOSE}]++)[{_CLOSE}]")
_BETWEEN = re.compile(
    "[\\s*_`\"'#№:.,;=<>&/|+~\u2010-\u2015\u2190-\u21ff\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\u2800"
    "\ufe20-\ufe2f-]+"
)
_NAME = re.compile(
    r"(?:passage|document|doc|text|candidate|item|option|id|no)?"
    r"(?:\d+|[^\W\d_]|[\xb2\xb3\xb9\u2070-\u2089\u2460-\u24ff\u2776-\u2793])?",
    re.IGNORECASE,
)
_NOUN = re.compile(r"passage|document|doc|text|candidate|item|option|id|no", re.IGNORECASE)
_TEMPLATE_WORD = re.compile(
    r"/?(?:[A-Z][A-Z_]+|[a-z]MASK|(?i:inst|sys|cls|sep|mask|pad|unk|bos|eos)|unused\d+|[|｜].*)"
)
_MARKS = r"(?:[^\w\n]|_)*+"
_SPEAKS = re.compile(
    rf"^({_MARKS}([^\W_]{{4,12}}))(?=(?:[^\w\n{COLONS}]|_)*+[{COLONS}])({_MARKS})", re.MULTILINE
)
_ROLES = frozenset({"system", "developer", "user", "assistant", "human"})
_SPEAKERS = _ROLES | {"instruct", "instruction", "response", "query", "document", "passage"}
_DASHED = str.maketrans(dict.fromkeys(COLONS, " –"))
_COLON = re.compile(f"[{COLONS}]")
_FENCE_LIKE = re.compile(rf"(?<![{DASHES}])(?:[{DASHES}]{{2,}}+|[⸺⸻])(?=\s*+([^\W_]{{8}}))")
_DIGITS = re.compile(r"[0-9a-fA-F]{8}.*")
_LABEL_LINE = re.compile(rf"(\n(?:[^\w\n{_OPEN}]|_)*+)[{_OPEN}]([^{_OPEN}{_CLOSE}]++)[{_CLOSE}]")


def neutralise(text: str) -> str:
    """Rewrite a document's text so that nothing in it looks like a part of a prompt; idempotent, readable."""
    plain = _PLAIN.fullmatch(text) is not None
    text = (text if plain else _seen(text)).strip()
    if "\n" in text:
        text = _EMPTY_LINES.sub("\n\n", _BLANK_ENDS.sub("\n", text))
    if not plain:
        text = _BRACKETED.sub(_rounded, _tokens_apart(text))
    # Where there is one line alone, only its beginning can name a speaker.
    if (":" in text or (not plain and _COLON.search(text))) and ("\n" in text or _SPEAKS.match(text)):
        text = _unspoken(text, _SPEAKERS)
    if plain and "--" not in text and "==" not in text:
        return text
    return _FENCE_LIKE.sub(_unfenced, text)


def disarm(text: str) -> str:
    """Make a query or an instruction safe to place in a message; idempotent.

    Its brackets stay, but for those of special tokens and of labels that open a line of it.
    """
    text = _BRACKETED.sub(_untemplated, _tokens_apart(_seen(text))).strip()
    if "\n" in text:
        text = _LABEL_LINE.sub(
            lambda found: f"{found[1]}({found[2]})" if _labels(found[2]) else found[0], text
        )
    return _FENCE_LIKE.sub(_unfenced, _unspoken(text, _ROLES))


def _seen(text: str) -> str:
    """The text without what is not seen, its line breaks all of one kind."""
    text = _UNSEEN.sub("", _BREAKS.sub("\n", text))
    return text if text.isascii() else _JOINERS.sub("", text)


def _tokens_apart(text: str) -> str:
    """The text with the brackets of special tokens made round."""
    text = _TOKEN_START.sub(lambda found: found.group().translate(ROUND), text)
    return _TAG.sub(
        lambda found: found[0].translate(ROUND) if _TAG_NAME.fullmatch(folded(found[1])) else found[0], text
    )


def _unspoken(text: str, speakers: frozenset[str]) -> str:
    """The text with no line that opens with the name of one of these and a colon."""
    return _SPEAKS.sub(
        lambda found: (
            found[1] + found[3].translate(_DASHED) if folded(found[2]).casefold() in speakers else found[0]
        ),
        text,
    )


def _unfenced(found: re.Match[str]) -> str:
    return "~" * len(found[0]) if _DIGITS.fullmatch(folded(found[1])) else found[0]


def _untemplated(found: re.Match[str]) -> str:
    return f"({found[1]})" if _TEMPLATE_WORD.fullmatch(folded(found[1].strip())) else found[0]


def _rounded(found: re.Match[str]) -> str:
    return f"({found[1]})" if _labels(found[1]) else _untemplated(found)


def _labels(inside: str) -> bool:
    return _names_only(_BETWEEN.split(folded(inside)))


def _names_only(words: Sequence[str]) -> bool:
    """Whether these words are labels ("3", "B", "Doc 3"), at least one of them more than a noun."""
    words = [word for word in words if word]
    return all(map(_NAME.fullmatch, words)) and not all(map(_NOUN.fullmatch, words))
