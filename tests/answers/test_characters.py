"""Signs of an answer's form in ASCII; all others as they stand."""

from __future__ import annotations

import pytest

from llmrerank.answers.characters import plain


@pytest.mark.parametrize(
    ("signs", "ascii_signs"),
    [
        # digits
        ("０７", "07"),
        ("٣ ३", "3 3"),
        ("[²]", "[2]"),
        ("①㉑", " 1  21 "),
        ("❶", " 1 "),
        ("⑴", "(1)"),
        ("½ Ⅳ 三", "½ Ⅳ 三"),
        # letters
        ("ＡＸｂ", "AXb"),
        ("Ⓐ🅑🄒", " A  B  C "),
        ("X é ﬁ ß №", "X é ﬁ ß №"),
        # arrows and what compares
        ("→➔⇒⟶↓⇴", ">>>>>>"),
        ("←⇐⟵↰", "<<<<"),
        ("↑ ∑ ♥", "↑ ∑ ♥"),
        ("≻ ≺ › ‹", "> < > <"),
        # brackets, punctuation, quotes
        ("【２】「1」", "[2][1]"),
        ("（：）、。", "(:),。"),
        ("… ‘a’ ＂", "… 'a' ＂"),
        # spaces, lines, what cannot be seen
        ("a\u00a0b\u3000c\u1680d\te", "a b c d\te"),
        ("a\r\nb\rc\u2028d\u2029e\x0bf\x0cg\x85h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("a\x00b\x07c", "a b c"),
        ("\ufeffa\u200bb\u00adc", "abc"),
        ("1\ufe0f\u20e32\ufe00\u20e3", "1 2 "),
    ],
)
def test_plain(signs: str, ascii_signs: str) -> None:
    assert plain(signs) == ascii_signs
    assert plain(ascii_signs) == ascii_signs
