"""Yes, no and grades: how one is spelled, and how a reply about a single document states one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from llmrerank.answers.clean import without_fences
from llmrerank.errors import ConfigError

_CUE = (
    r"(?:score|grade|rating|rated|rate|relevance|relevancy|relevant|label|level|answer|verdict|judge?ment"
    r"|output|result)s?"
)
_FILLER = (
    r"(?:(?:score|grade|rating|label|level|value|judge?ment|category|is|was|as|of|at|a|an|the|this|it"
    r"|passage|document|would|be)\b)"
)
_OPENERS = r"[\s*_`\"'\[({<#>$\\]{0,12}"
_OPENERS_ON_LINE = r"[ \t*_`\"'\[({]{0,8}"
_CLOSERS = r"[\s*_`\"'\])}>$.!]*+"
_CLOSERS_ON_LINE = r"[ \t*_`\"'\])}.!]*+"
_OUT_OF = r"(?:\s*/\s*[0-9]+(?:\.[0-9]+)?|\s+out\s+of\s+[0-9]+)?"
_NUMBER = r"[-+]?[0-9]++(?:\.[0-9]++)?(?![\w%]|[.,][0-9]|\s?[-–]\s?[0-9]|\s+to\s+[0-9])"
_ECHO = re.compile(
    r"\([^()\n]{0,30}[0-9]\s?(?:[-–]|to)\s?[0-9][^()\n]{0,30}\)"
    r"|\b(?:yes\s?/\s?no|yes or no|true\s?/\s?false|true or false)\b",
    re.IGNORECASE,
)
_NUMERAL = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
_LONGEST_NUMBER = 18
# A number above this that only opens a sentence is a status code or a year ("429: too many requests").
_LARGEST_OPENING = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """The spellings of a verdict and what each is worth.

    Attributes:
        pattern: a regular expression without groups for one verdict, matched without regard to case.
        worth: verdicts that are words, in lower case, with their values; empty for free numbers.
        numeric: whether numerals are verdicts; off the scale they are read and refused.
        after: what must follow a verdict that opens a reply.
    """

    pattern: str
    worth: Mapping[str, float]
    numeric: bool
    after: str

    def value(self, spelling: str) -> float | None:
        """The value of a spelling that matches `pattern`; None for a number that is no verdict."""
        spelling = " ".join(spelling.lower().split())
        if spelling in self.worth:
            return self.worth[spelling]
        number = _as_number(spelling)
        if number is None or not self.numeric or not self.worth:
            return number if self.numeric else None
        return next((worth for label, worth in self.worth.items() if _as_number(label) == number), None)

    def could_continue(self, spelling: str) -> bool:
        """Whether a numeral cut off here may be the start of a longer one; on a scale, of a longer label."""
        if not self.worth:
            return spelling.isdigit()
        return any(label.startswith(spelling.lower()) and label != spelling.lower() for label in self.worth)


def yes_no() -> Verdicts:
    """Yes is 1.0 and no is 0.0. "No doubt" and "No-one" open with other words than the verdict no."""
    no = r"no(?=\s*(?:\Z|[^\w\s'’-]|\n|[-–—]\s)|\s+(?:it|this|the|that|because|since|as|there|i|they)\b)"
    return Verdicts(
        pattern=rf"(?:yes|true|false|{no})(?![\w'’])",
        worth={"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0},
        numeric=False,
        after="",
    )


def grades(scale: Mapping[str, float] | None) -> Verdicts:
    """A number, or the labels of a scale (any case), each worth its value.

    Raises:
        ConfigError: if the scale is empty, two labels differ only in case or spaces, or a value is not
            finite.
    """
    after = r"(?=\s*(?:\Z|\n|[,;:)!*_\"'\]|}]|[-–—]\s|\.(?:\s|\Z)|(?:because|since|as|points?|stars?)\b))"
    if scale is None:
        return Verdicts(pattern=_NUMBER, worth={}, numeric=True, after=after)
    worth = {" ".join(label.lower().split()): float(value) for label, value in scale.items()}
    if not worth or len(worth) < len(scale) or "" in worth:
        raise ConfigError(f"a scale needs labels that differ in more than case and spaces, got {list(scale)}")
    if not all(math.isfinite(value) for value in worth.values()):
        raise ConfigError(f"the values of a scale must be finite, got {dict(scale)}")
    words = sorted((label for label in worth if _as_number(label) is None), key=len, reverse=True)
    spelled = [r"\s+".join(map(re.escape, label.split())) + r"(?!\w)" for label in words]
    # "Not relevant" must not be read as "relevant" where the scale has no label for it.
    negated = r"(?<!not )(?<!n't )(?<!non-)(?<!never )"
    pattern = "(?:" + "|".join([*(negated + word for word in spelled), _NUMBER]) + ")"
    return Verdicts(pattern=pattern, worth=worth, numeric=True, after=rf"(?:(?<![0-9])|{after})")


def single(text: str, verdicts: Verdicts) -> str | None:
    """The spelling of the one verdict in a reply about one document; None if there is no clear one.

    The rules, in order: the reply is a verdict; it concludes with one ("final score: 2"); it opens with one,
    states one ("Relevance: 2") or has one as a line, all the same; it has a single word of the scale.
    """
    text = _ECHO.sub(" ", without_fences(text)).strip(" \t\n:=?")
    verdict = rf"(?<![\w.])({verdicts.pattern})"
    if match := re.fullmatch(rf"{_OPENERS}{verdict}{_OUT_OF}{_CLOSERS}", text, re.IGNORECASE):
        return match[1]
    stated = rf"[\s:=?*_\"'`\[(-]{{1,6}}(?:{_FILLER}[\s:=*_\"'`\[(]{{1,6}}){{0,6}}?{verdict}"
    final = re.findall(rf"\b(?:final|overall)\s+{_CUE}{stated}", text, re.IGNORECASE)
    if final:
        return str(final[-1])
    found = _opening(text, verdicts) + re.findall(rf"\b{_CUE}\b{stated}", text, re.IGNORECASE)
    line = rf"^{_OPENERS_ON_LINE}{verdict}{_OUT_OF}{_CLOSERS_ON_LINE}$"
    found += re.findall(line, text, re.IGNORECASE | re.MULTILINE)
    if not found and verdicts.numeric:
        mentions = re.findall(rf"(?<!\w)({verdicts.pattern})", text, re.IGNORECASE)
        found = [mention for mention in mentions if mention.strip("+-")[:1].isalpha()]
    worths = {verdicts.value(spelling) for spelling in found}
    return str(found[0]) if len(worths) == 1 else None


def _opening(text: str, verdicts: Verdicts) -> list[str]:
    """The verdict that opens a reply, unless it is the marker of a list or a status code."""
    match = re.match(rf"{_OPENERS}({verdicts.pattern}){_OUT_OF}{verdicts.after}", text, re.IGNORECASE)
    if match is None:
        return []
    number = _as_number(match[1])
    if number is not None:
        rest = text[match.end() :]
        is_list = rest.startswith(".") and re.search(r"^[ \t]*[0-9]{1,3}[.)]\s", rest, re.MULTILINE)
        is_pair = re.match(r"\s*[:,]\s*[0-9]", rest)
        if is_list or is_pair or abs(number) > _LARGEST_OPENING:
            return []
    return [match[1]]


def _as_number(text: str) -> float | None:
    """The number that a label or a spelling is, or None."""
    return float(text) if len(text) <= _LONGEST_NUMBER and _NUMERAL.fullmatch(text) else None
