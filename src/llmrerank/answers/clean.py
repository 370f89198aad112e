"""From a raw reply to the text that holds the answer: no reasoning, no wrapping tags, one spelling of signs.

Every step is one pass over the text, so that a reply of any size costs time in proportion to its length.
"""

from __future__ import annotations

import html
import re
from itertools import pairwise

from llmrerank.answers.characters import plain

_REASONING_TAG = re.compile(
    r"<[ \t]*+(/?)[ \t]*+(?:think|thinking|thought|reasoning)\b[^<>]{0,80}>|\[(/?)THINK\]", re.IGNORECASE
)
_ANSWER_TAG = re.compile(r"<[ \t]*+(/?)[ \t]*+answer[ \t]*+>", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*+(?:```+|~~~+)[^\n`]{0,40}$", re.MULTILINE)
# With no long runs of white space left, no rule can spend more than a constant on one.
_SPACES = re.compile(r"[ \t]{9,}")
_LINES = re.compile(r"(?:[ \t]*+\n){4,}+")
# The length limits keep numbers of thousands of digits away from int().
_ENTITY = re.compile(r"&(?:amp;)?(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def clean(raw: str) -> str:
    """The part of a reply that is its answer, in plain signs; empty if there is none.

    >>> clean("<think>[1] or [2]?</think>&#91;２&#93; &gt; [1]")
    '[2] > [1]'
    """
    text = plain(_ENTITY.sub(_entity, raw)).replace("\\boxed", "")
    text = _LINES.sub("\n\n", _SPACES.sub(" ", text))
    return _answer(_without_reasoning(text))


def without_fences(text: str) -> str:
    """The text without the marker lines of Markdown code fences, their content kept."""
    return _FENCE.sub("", text)


def with_ascii_quotes(text: str) -> str:
    """The text with typographic and escaped double quotes made ASCII: a second try for JSON that has them."""
    return re.sub("[“”„‟＂]|&(?:quot|#34|#x22);", '"', text)


def _entity(match: re.Match[str]) -> str:
    """One HTML entity, even encoded twice, as its character; quotes stay, for the sake of JSON strings."""
    sign = html.unescape(html.unescape(match[0]))
    return match[0] if sign in ('"', "\\") else sign


def _without_reasoning(text: str) -> str:
    """What is left of a reply when its reasoning is taken out; a block that never closes leaves nothing."""
    tags = list(_REASONING_TAG.finditer(text))
    if not tags:
        return text
    closing = [tag for tag in tags if _closes(tag)]
    tail_start = closing[-1].end() if closing else 0
    if text[tail_start:].strip():
        opened_again = any(tag.start() >= tail_start and not _closes(tag) for tag in tags)
        return "" if opened_again else text[tail_start:]
    return _outside_blocks(text, tags)


def _outside_blocks(text: str, tags: list[re.Match[str]]) -> str:
    """The text outside all reasoning blocks, nested ones included, without the tags themselves."""
    depth = 0
    kept = [text[: tags[0].start()]]
    ends = [tag.start() for tag in tags[1:]] + [len(text)]
    for tag, end in zip(tags, ends, strict=True):
        depth = max(0, depth - 1) if _closes(tag) else depth + 1
        if depth == 0:
            kept.append(text[tag.end() : end])
    return "".join(kept)


def _closes(tag: re.Match[str]) -> bool:
    """Whether a reasoning tag is a closing one."""
    return bool(tag[1] or tag[2])


def _answer(text: str) -> str:
    """The content of the last answer element that has any; one left open by a stop word counts last."""
    tags = list(_ANSWER_TAG.finditer(text))
    if not tags:
        return text
    last = None
    for here, after in pairwise(tags):
        inside = text[here.end() : after.start()]
        if not here[1] and after[1] and inside.strip():
            last = inside
    if last is not None:
        return last
    if not tags[-1][1] and text[tags[-1].end() :].strip():
        return text[tags[-1].end() :]
    return _ANSWER_TAG.sub(" ", text)
