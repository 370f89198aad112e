"""What nobody vouches for is shown, not obeyed."""

from __future__ import annotations

import sys
import unicodedata

from llmrerank.harmless import harmless

# Format characters that do nothing to others: number signs that are seen, and what scripts are spelt with.
SEEN = {*range(0x600, 0x606), 0x6DD, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, 0x200C, 0x200D}


def test_no_character_that_is_obeyed_comes_through_and_all_that_are_seen_do() -> None:
    by_kind: dict[bool, list[str]] = {True: [], False: []}
    for code in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(code))
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") and code not in SEEN:
            by_kind[False].append(chr(code))
        elif kind[0] in "LMNPS":
            by_kind[True].append(chr(code))
    seen = "".join(by_kind[True])
    assert harmless(seen) == seen
    for one in by_kind[False]:
        shown = harmless(f"a{one}b", newlines=True).replace("\n", "")
        assert one not in shown, f"U+{ord(one):04X}"
        assert shown.isprintable(), f"U+{ord(one):04X}"
        shown.encode()


def test_stand_ins_are_seen_and_doing_it_twice_is_once() -> None:
    hostile = "safe\x1b[2J\x07\x7f\x9b31m \u202egpj.exe\u202c \ud800 tail"
    shown = harmless(hostile)
    assert shown == "safe␛[2J␇␡<U+009B>31m <U+202E>gpj.exe<U+202C> <U+D800> tail"
    assert harmless(shown) == shown


def test_a_text_comes_on_one_line_unless_its_lines_are_wanted() -> None:
    text = "one\r\n1 = 9.99 forged\rtwo\u2028three\x85four\tfive  six"
    assert harmless(text) == "one 1 = 9.99 forged two three four five six"
    assert harmless(text, newlines=True) == "one\n1 = 9.99 forged\ntwo\nthree\nfour    five  six"


def test_what_scripts_and_emoji_are_spelt_with_stays() -> None:
    for text in ("می\u200cخواهم", "👩\u200d🚀", "שלום عليكم", "क्\u200dष", "naïve ☕️"):
        assert harmless(text) == text
