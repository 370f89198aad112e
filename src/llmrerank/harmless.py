"""Texts that nobody vouches for, made fit to be shown: no character of them moves, hides or turns another.

A terminal obeys control characters (an escape sequence clears the screen or forges a line), and a terminal
and a browser alike obey bidirectional controls, which make a line read other than it is written (Boucher and
Anderson 2021, arXiv 2111.00169). Here each of them is a sign that is seen and does nothing. Mark-up is
another matter: whoever writes HTML or LaTeX escapes what this function returns.
"""

from __future__ import annotations

import re

__all__ = ["harmless"]

_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Invisible and without any effect on others: soft hyphen, zero-width space, word joiner, byte order mark.
_NOTHING = re.compile("[\u00ad\u200b\u2060\ufeff]+")
# Controls, all format characters of Unicode but those that are seen (Arabic and Kaithi number signs) and the
# joiners, which Persian, Indic scripts and emoji are spelt with; and lone surrogates, which no file can hold.
_HARMFUL = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\u061c\u070f\u180e\u200e\u200f\u202a-\u202e\u2061-\u206f\ud800-\udfff"
    "\ufff9-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
_PICTURES = 0x2400


def harmless(text: str, *, newlines: bool = False) -> str:
    r"""The text with visible stand-ins for what would be obeyed instead of shown; doing it twice is once.

    An ASCII control becomes its picture (`␛` for an escape), any other such character its number: `<U+202E>`.

    Args:
        text: Anything, lone surrogates included.
        newlines: Keep line breaks, all as `\n`, and blanks; else the text comes on one line, every run of
            white space one blank.
    """
    text = _BREAKS.sub("\n", text).expandtabs(4) if newlines else " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    return _HARMFUL.sub(_stand_in, _NOTHING.sub("", text))


def _stand_in(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(_PICTURES + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"
