"""Which token is the first of the answer: reasoning, white space and special tokens may come before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

__all__ = ["answer_index"]

_SPECIAL = re.compile(r"<\|[^<>|]*\|>|</?s>|<[be]os>|<(start|end)_of_turn>")
_REASONING_END = re.compile(r"</(?:think|thinking|thought|reasoning)>|\[/THINK\]", re.IGNORECASE)
_REASONING_START = re.compile(r"\s*(?:<(?:think|thinking|thought|reasoning)>|\[THINK\])", re.IGNORECASE)


def answer_index(tokens: Sequence[str], answer: str, *, reasoned: bool) -> int | None:
    """The place of the token with which the answer begins, or None where it cannot be known.

    The answer's text is looked for at the end of the generated text. Servers differ in whether that text
    holds the reasoning, and split what is not ASCII, so without a match the first token that is neither
    reasoning nor blank nor special is taken.

    Args:
        tokens: Texts of all generated tokens that log-probabilities were sent for.
        answer: The answer as the server sent it; may still hold a reasoning block.
        reasoned: The server sent reasoning apart from the answer.
    """
    kept = ["" if _SPECIAL.fullmatch(token.strip()) else token for token in tokens]
    whole = "".join(kept)
    starts = list(accumulate((len(token) for token in kept), initial=0))
    visible = _after_reasoning(answer).strip()
    if _REASONING_START.match(visible):
        return None
    begin = -1
    if visible and len(whole.rstrip()) >= len(visible) and whole.rstrip().endswith(visible):
        begin = len(whole.rstrip()) - len(visible)
    if begin < 0:
        closed = [match.end() for match in _REASONING_END.finditer(whole)]
        if not closed and (reasoned or _REASONING_START.match(whole)):
            return None
        begin = closed[-1] if closed else 0
    for index, token in enumerate(kept):
        if starts[index + 1] > begin and token[max(0, begin - starts[index]) :].strip():
            return index
    return None


def _after_reasoning(text: str) -> str:
    closed = [match.end() for match in _REASONING_END.finditer(text)]
    return text[closed[-1] :] if closed else text
