"""Whether words that would be an attack are only spoken of: quoted, in a sentence about attacks.

This lets a page about prompt injection stay quiet that quotes what it warns of. It is no more than a sign: an
attack may put itself in quotes and speak of attacks, and a page may show an attack without quotes; the former
is then missed, the latter told.
"""

from __future__ import annotations

import re

__all__ = ["is_mention"]

_ABOUT = re.compile(
    r"\b(?:prompt.injections?|injection attacks?|injected|injecting|attacks?|attackers?|adversar(?:y|ies|ial)"
    r"|jailbreak(?:s|ing)?|malicious|vulnerabilit(?:y|ies)|red.team(?:ing|s)?|exploits?|hostile|threats?"
    r"|security|payloads?|phrases? (?:such as|like)|strings? (?:such as|like))\b"
)
_QUOTES = '"“”„«»`‘’「」『』'
_REACH = 160


def is_mention(text: str, start: int) -> bool:
    """Whether what begins here in a folded text stands in quotes, and the words around speak of attacks."""
    before = text[max(0, start - _REACH) : start]
    after = text[start : start + _REACH]
    opened = max(before.rfind(quote) for quote in _QUOTES)
    closed = min((place for quote in _QUOTES if (place := after.find(quote)) >= 0), default=-1)
    # Quotes that pair up before are those of something else.
    if opened < 0 or closed < 0 or sum(map(before.count, _QUOTES)) % 2 == 0:
        return False
    return _ABOUT.search(before[:opened]) is not None or _ABOUT.search(after[closed:]) is not None
