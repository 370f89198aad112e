"""Whether a reply declines the task in words: "I cannot help with that" does, "I cannot tell" does not."""

from __future__ import annotations

import re

_TASK = (
    r"(?:help|assist|comply|fulfil?l|provide|rank|re-?rank|complete|engage|support|process|do|generate"
    r"|respond|perform"
    r"|discuss|create|evaluate|judge|rate|score|sort|order|participate|continue|proceed|fulfill|answer|carry)"
)
_UNWILLING = (
    r"(?:can't|cannot|can not|could not|couldn't|won't|will not|am unable to|'m unable to|am not able to"
    r"|'m not able to|am not going to|'m not going to|refuse to|am not comfortable|'m not comfortable"
    r"|do not feel comfortable|don't feel comfortable|am not allowed to|'m not allowed to)"
)
_SAYINGS = tuple(
    re.compile(saying, re.IGNORECASE)
    for saying in (
        rf"\b(?:I|we)[ ]?{_UNWILLING}\s+(?:\w+\s+){{0,2}}?{_TASK}(?:ing)?\b",
        r"\b(?:I|we) (?:must|have to|will have to|need to) (?:respectfully )?(?:decline|refuse)\b",
        r"\b(?:request|prompt|response|content) (?:was|has been|is) (?:refused|declined|blocked|filtered)\b",
        r"\bagainst (?:my|our|the) (?:\w+ ){0,2}(?:polic(?:y|ies)|guidelines|programming)\b",
        r"\bviolates? (?:my|our|the) (?:\w+ ){0,3}(?:polic(?:y|ies)|guidelines)\b",
        r"抱歉|无法(?:提供|协助|回答|满足)|申し訳(?:ありません|ございません)|お手伝いできません|お答えできません",
        r"\bje ne peux pas (?:vous )?(?:aider|répondre)",
        r"\bkann (?:ich )?(?:dabei )?nicht (?:helfen|weiterhelfen)",
        r"\bno puedo (?:ayudar|ayudarte|cumplir)|\bnão posso (?:ajudar|ajudá-lo)",
    )
)
# A refusal comes at once or after a short excuse; further down it is more likely a quotation.
_LOOKED_AT = 600


def declines(text: str) -> bool:
    """Whether the opening of a text declines to do the task.

    >>> declines("I’m sorry, I can’t assist with ranking this content.")
    True
    >>> declines("I cannot tell.")
    False
    """
    opening = text[:_LOOKED_AT].replace("’", "'")
    return any(saying.search(opening) for saying in _SAYINGS)
