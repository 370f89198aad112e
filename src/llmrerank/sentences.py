"""Sentences of a text in any language, as character ranges, by its marks and lines alone.

**What ends a sentence.** A full stop, question or exclamation mark of any script, with the closing quotes,
brackets and bracketed references behind it. Marks that also stand inside words and numbers (`.`, `!`, `?`,
`…`) need white space after them and no small letter after that; a full stop needs more: it ends nothing
behind a title ("Dr."), an initial ("J. Smith"), letters with full stops ("e.g.", "U.S."), the number of a
list, or what announces a number where one follows ("Fig. 3"). An empty line always ends a sentence; a line
break does where a list item or a heading stands beside it. In doubt two sentences stay one.

**What is too long** for a limit is split at the last clause mark of what fits, else at white space, else
anywhere but inside a character with its marks.

No model and no dictionary is needed; the titles and the like are those of European languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from .tokens import beginning

__all__ = ["Range", "sentences"]

Range = tuple[int, int]
"""Characters of a text, from the first to behind the last, as in a slice."""

_SPACED = ".!?…‥‼⁇⁈⁉"
# Unmistakable: these stand in no word and no number, save the wide full stop in wide decimals.
_PLAIN = "。！？｡．؟۔।॥։።፧။។៕།༎᠃᠉"
_CLOSERS = re.escape("\"'”’»›)]}」』）】〉》］｝") + "\u0300-\u036f\ufe0e\ufe0f\u200d\u20e3"
_BREAKS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_CANDIDATE = re.compile(
    rf"(?P<stop>[{_SPACED}{_PLAIN}]++[{_CLOSERS}]*+(?:\[\d{{1,3}}(?:[,;–-]\ ?\d{{1,3}})*+\])*+)(?P<gap>\s*+)"
    rf"|(?<!\s)(?P<line>[^\S{_BREAKS}]*+[{_BREAKS}]\s*+)"
)
_PARAGRAPH = re.compile(
    r"[\f\x1c-\x1e\u2029]|(?>\r\n|[\n\r\v\x85\u2028])[^\S\n\r\v\x85\u2028]*+[\n\r\v\x85\u2028]"
)
_BREAK = re.compile(rf"[{_BREAKS}]")
_ITEM = re.compile(
    r"(?:[-*+•‣▪◦●○·–—>|]|#{1,6}|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,4})[.)]|[①-⑳])[ \t\xa0\u3000]"
    r"|[(（]?[一二三四五六七八九十]+[、）)]"
)
_BLANKS = re.compile(r"\s*+")
_WORD = re.compile(r"[\w.]+\Z")
_HEADING = 60
"""Characters of a line that may be a heading."""

# What never ends a sentence, and what does not before a number.
_TITLE = re.compile(
    "mr|mrs|ms|messrs|dr|prof|st|mt|ft|gen|rep|sen|gov|pres|hon|rev|capt|lt|col|sgt|cmdr|adm|asst|assoc|sr|jr|vs|cf"
    "|viz|approx|mme|mlle|sra|srta|hr|fr|dipl|ing|bzw|ca|inkl|vgl|sog|evtl|ggf|resp|zzgl|dott|sig"
)
_ANNOUNCING = re.compile(
    "figs?|eqs?|eqn|nos?|nr|n[uú]m|vols?|pp?|secs?|sect|chap|ch|art|par|tab|tbl|abb|abs|refs?|eds?|al|app|bd|op|s"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_ANNOUNCED = re.compile(rf"\b(?:{_ANNOUNCING.pattern})\.\s*\Z", re.IGNORECASE)
_BEGUN = re.compile(r"(?:\A|[.!?:;)\n\r\v\f\x1c-\x1e\x85\u2028\u2029])\s*\Z")
_CLAUSE = re.compile(r"[,;:،؛፣၊—–](?=\s)|[)\]](?=\s)|[，、；：]")
# Skin tones, the tags of flags, and the later parts of a Hangul syllable.
_JOINING = re.compile("[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u1160-\u11ff]")
_LONGEST_CHARACTER = 32
"""Code points that one character with its marks may have; longer ones are no writing and may be split."""


def sentences(text: str, *, limit: int | None = None) -> list[Range]:
    """Split a text into sentences; the ranges touch and cover it, white space going with what is before it.

    Args:
        text: Any text; an empty one has no sentences.
        limit: Most tokens (`tokens.estimate`, without white space at the ends) of a range, 2 or more; None:
            sentences stay whole.

    Returns:
        Ranges in order, none of them blank unless the text is. Joined they are the text. Takes time linear in
        its length.
    """
    candidates = _CANDIDATE.finditer(text, _after_blanks(text, 0, len(text)))
    cuts = [found.end() for found in candidates if found.end() < len(text) and _ends(text, found)]
    whole = [(start, end) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True) if start < end]
    if limit is None:
        return whole
    return [piece for start, end in whole for piece in _pieces(text, start, end, limit)]


def _ends(text: str, found: re.Match[str]) -> bool:
    """Whether a sentence ends at a mark or a line break."""
    stop, after = found["stop"] or "", found.end()
    gap = found["gap"] if stop else found["line"]
    if _PARAGRAPH.search(gap):
        return True
    following = text[after]
    if _BREAK.search(gap) and _ITEM.match(text, after):
        return True
    if not stop:
        return _is_heading(text, found.start(), following)
    if any(mark in _PLAIN for mark in stop):
        return bool(gap) or not (stop.endswith("．") and following.isdigit())
    if not gap:
        # Chinese and Japanese are also written with the marks of Latin script, and without blanks.
        return "." not in stop and "\u2e80" <= following <= "\u9fff"
    if following.islower():
        return False
    return stop != "." or not _is_abbreviated(text, found.start(), following)


def _is_heading(text: str, start: int, following: str) -> bool:
    """Whether the line that ends at `start` is short, does not run on, and is followed by a new beginning."""
    before = text[max(0, start - _HEADING - 1) : start]
    line = _BREAK.split(before)[-1]
    if len(line) > _HEADING or not line:
        return False
    if line.startswith("#"):
        return True
    return (following.isupper() or following.isdigit()) and line[-1] not in ",;-–—&/("


def _is_abbreviated(text: str, start: int, following: str) -> bool:
    """Whether the full stop at `start` belongs to the word before it."""
    # Whatever is longer than this is no abbreviation.
    found = _WORD.search(text, max(0, start - 24), start)
    if found is None:
        return False
    word = found.group().casefold().strip(".")
    if word.isdigit():
        # "1. First ... 2. Second": the number of a list, where a line or a sentence begins.
        place = max(0, found.start() - 12), found.start()
        return len(word) <= 3 and bool(_BEGUN.search(text, *place)) and not _ANNOUNCED.search(text, *place)
    if _TITLE.fullmatch(word):
        return True
    if _ANNOUNCING.fullmatch(word) and (following.isdigit() or following in "(["):
        return True
    if len(word) == 1:
        return word.isalpha() and text[start - 1].isupper()
    return "." in word and all(len(part) <= 2 and part.isalpha() for part in word.split("."))


def _pieces(text: str, start: int, end: int, limit: int) -> Iterator[Range]:
    """A sentence in pieces within the limit."""
    begin = _after_blanks(text, start, end)
    while True:
        # Tokens of more characters than this are white space that counts nothing.
        reach = min(end, begin + 8 * limit)
        kept = beginning(text[begin:reach], limit)
        if reach == end and _after_blanks(text, begin + len(kept), end) == end:
            yield start, end
            return
        cut = _after_blanks(text, _cut(text, begin, begin + max(1, len(kept))), end)
        yield start, cut
        if cut == end:
            return
        start = begin = cut


def _after_blanks(text: str, start: int, end: int) -> int:
    """Where the white space that begins at `start` ends."""
    found = _BLANKS.match(text, start, end)
    return start if found is None else found.end()


def _cut(text: str, start: int, reach: int) -> int:
    """Where to split, at `reach` or before it, and not in the first half where that can be helped."""
    half = (start + reach) // 2
    marks = [found.end() for found in _CLAUSE.finditer(text, half, min(len(text), reach + 1))]
    fitting = [mark for mark in marks if mark <= reach]
    if fitting:
        return fitting[-1]
    if text[reach : reach + 1].isspace():
        return reach
    for place in range(reach - 1, half, -1):
        if text[place].isspace():
            return place
    cut = reach
    while _is_inside(text, cut):
        cut -= 1
        if cut <= start or reach - cut > _LONGEST_CHARACTER:
            return reach
    return cut


def _is_inside(text: str, at: int) -> bool:
    """Whether a split here would part what is one character to its reader."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or "\u200d" in (before, after):
        return True
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    if "\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff":
        flags = re.search("[\U0001f1e6-\U0001f1ff]+\\Z", text[max(0, at - _LONGEST_CHARACTER) : at])
        return flags is not None and len(flags.group()) % 2 == 1
    return _JOINING.match(after) is not None
