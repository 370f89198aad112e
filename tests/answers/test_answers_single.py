"""One label, yes or no, and grades: our own table of replies."""

from __future__ import annotations

import pytest

from llmrerank.answers import read
from llmrerank.errors import ConfigError

# (reply, 1-based pick or None)
LETTER_PICKS = [
    ("Passage B is more relevant than Passage A.", 2),
    ("Passage A is about birds. Passage B is the best.", 2),
    ("Passage B is about birds. Passage A is the best.", 1),
    ("The best is passage B; passage C is weak.", 2),
    ("The best is passage B. The best is passage C.", None),
    ("Passage A is less relevant than Passage B.", None),
    ("Passage A is not the best; Passage C is.", None),
    ("Between Passage A and Passage B, Passage B is more relevant.", 2),
    ("Passage A or Passage B", None),
    ("Both A and B", None),
    ("Neither.", None),
    ("The most relevant is B", 2),
    ("The most relevant passage to the query is passage C", 3),
    ("**Answer:** C", 3),
    ("The answer is B because A is weak", 2),
    ("The answer is a matter of taste", None),
    ("B. It covers the query", 2),
    ("I would choose Passage C", 3),
    ("I, for one, cannot tell", None),
    ("B because it is short", 2),
    ("I think none fits", None),
    (r"\boxed{B}", 2),
    ('{"answer": "C"}', 3),
    ('{"reason": "the answer is B"}', None),
    ("Final answer: [A]. Passage B is good too", 1),
    ("Answer: B? No, it is old. Final answer: C", 3),
    ("A", 1),
    ("A lot of them are good", None),
    ("B > A > C", 2),
    ("Some reasons.\n\nB", 2),
    ("<think>A</think>b)", 2),
]

NUMBER_PICKS = [
    ("2", 2),
    ("Passage 2 is best", 2),
    ("The best is 2.", 2),
    ("The best is passage 2; passage 3 is weak.", 2),
    ("My ranking is [2] > [1] > [3], since [2] fits", 2),
    ("2. Passage 3 is about it", 3),
    ("[2] because it fits", 2),
    ("2: it covers the query", 2),
    ("[2] fits best {sure}", 2),
    ('[2] fits best, see {"note": 1}', 2),
    ("In 2019 the best was 7 of 10", None),
    ("Error code: 429 - retry in 3 s", None),
    ("[2] > [1] > [3]", 2),
]


@pytest.mark.parametrize(
    ("raw", "labels", "pick"),
    [(raw, "letters", pick) for raw, pick in LETTER_PICKS]
    + [(raw, "numbers", pick) for raw, pick in NUMBER_PICKS],
)
def test_label(raw: str, labels: str, pick: int | None) -> None:
    answer = read(raw, answer="label", count=3, labels=labels)
    rest = [position for position in range(3) if pick is None or position != pick - 1]
    assert list(answer.order) == ([] if pick is None else [pick - 1]) + rest
    assert answer.flags == ({"unparsed"} if pick is None else set())
    assert answer.named == (pick is not None)
    assert answer.usable is (pick is not None)


def test_letters_go_as_far_as_the_alphabet() -> None:
    assert read("Z", answer="label", count=26, labels="letters").order[0] == 25


@pytest.mark.parametrize("raw", ["Passage F", "I say [F] > [E]"])
def test_a_label_never_offered_is_not_usable(raw: str) -> None:
    answer = read(raw, answer="label", count=3, labels="letters")
    assert (answer.order, answer.flags, answer.named, answer.usable) == (
        (0, 1, 2),
        {"out_of_range"},
        0,
        False,
    )


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("No doubt it is relevant", None),
        ("No-one knows", None),
        ("Not relevant", None),
        ("Yes/No: No", 0.0),
        ("yes or no? yes", 1.0),
        ("The answer is no.", 0.0),
        ("Is it relevant? Yes", 1.0),
        ("It says nothing of it.\n\nYes", 1.0),
        ("yes\nno", None),
        ("Yes. Final answer: No", 0.0),
        ("Yes. Answer: no", None),
        ('{"relevant": true, "why": "no date"}', 1.0),
        ('{"relevant": false, "why": "yes or no"}', 0.0),
        ('{"answer": "no"}', 0.0),
        ("[1]: no", 0.0),
        ("NO!", 0.0),
        ("True", 1.0),
        ("FALSE.", 0.0),
        ("Its title says yes to nothing", None),
        ("Yes—clearly", 1.0),
        ("Yesterday", None),
    ],
)
def test_yes_no(raw: str, value: float | None) -> None:
    answer = read(raw, answer="yes_no", count=1)
    assert answer.scores == (value,)
    assert answer.flags == ({"unparsed"} if value is None else set())


def test_a_refusal_that_opens_with_no_is_no_verdict() -> None:
    answer = read("No, I can't help with that request.", answer="yes_no", count=1)
    assert answer.scores == (None,)
    assert answer.flags == {"unparsed", "refused"}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("3/10", 3),
        ("8 out of 10", 8),
        ("Relevance score (0-3): 2", 2),
        ("The score is 2.", 2),
        ("**2**", 2),
        ("2 - relevant", 2),
        ("2.5", 2.5),
        ("1.5", 1.5),
        ("-1", -1),
        ("4,5", None),
        ("3 passages", None),
        ("429: Too many requests", None),
        ("100: it covers everything", 100),
        ("3, 4", None),
        ("2: 3", None),
        ("In 1998 there were 3 wars.", None),
        ("1. It is short.\n2. It is old.", None),
        ("2. It answers the question in full.", 2),
        ("2 - good\n1. It is short.", 2),
        ("M: 2\nT: 1\nFinal score: 3", 3),
        ("Score: 1. Rating: 2", None),
        ('{"score": "2", "reason": "from 2019"}', 2),
        ('{"score": 2, "reason": "a final score: 3 would be too much"}', 2),
        ('[{"score": 2, "reason": "a final score: 3 would be too much"}]', 2),
        ("[1]: 3", 3),
        ("nan", None),
        ("9" * 5000, None),
    ],
)
def test_grade(raw: str, value: float | None) -> None:
    answer = read(raw, answer="grade", count=1)
    assert answer.scores == (value,)
    assert answer.flags == ({"unparsed"} if value is None else set())


WORDS = {"Not Relevant": 0.0, "Relevant": 1.0, "Highly Relevant": 2.0}
DIGITS = {"0": 0.0, "1": 0.5, "2": 1.0, "10": 5.0}


@pytest.mark.parametrize(
    ("raw", "scale", "value", "flags"),
    [
        ("highly  relevant", WORDS, 2.0, ""),
        ("Not relevant.", WORDS, 0.0, ""),
        ("The passage is highly relevant.", WORDS, 2.0, ""),
        ("This isn't relevant", WORDS, None, "unparsed"),
        ("irrelevant", WORDS, None, "unparsed"),
        ("Answer: Relevant", WORDS, 1.0, ""),
        ("This one seems Highly Relevant to me", WORDS, 2.0, ""),
        ("9" * 20, WORDS, None, "out_of_range"),
        ("For us it is P2 at most", {"P1": 2.0, "P2": 1.0}, 1.0, ""),
        ("I call it +fits here", {"+fits": 1.0, "-fits": 0.0}, 1.0, ""),
        ("1", DIGITS, 0.5, ""),
        ("01", DIGITS, 0.5, ""),
        ("2, it covers all of it", DIGITS, 1.0, ""),
        ("7", DIGITS, None, "out_of_range"),
        ("7.5", DIGITS, None, "out_of_range"),
        ("It is relevant in part", {"Relevant": 1.0, "Relevant in part": 0.5}, 0.5, ""),
    ],
)
def test_grade_on_a_scale(raw: str, scale: dict[str, float], value: float | None, flags: str) -> None:
    answer = read(raw, answer="grade", count=1, scale=scale)
    assert answer.scores == (value,)
    assert answer.flags == set(flags.split())


def test_one_token_replies_end_by_length_and_still_count() -> None:
    assert read("2", answer="grade", count=1, finish_reason="length").scores == (2.0,)
    assert read("2", answer="grade", count=1, finish_reason="length", scale=DIGITS).scores == (1.0,)
    # This may have become a 10.
    assert read("1", answer="grade", count=1, finish_reason="length", scale=DIGITS).scores == (None,)
    # This may have become the other label.
    scale = {"Relevant": 1.0, "Relevant in part": 0.5}
    assert read("Relevant", answer="grade", count=1, finish_reason="length", scale=scale).scores == (None,)
    assert read("Relevant", answer="grade", count=1, finish_reason="length", scale=WORDS).scores == (1.0,)


@pytest.mark.parametrize(
    ("raw", "order", "scores", "flags"),
    [
        ("[1]: 1, [2]: 3, [3]: 2", [2, 3, 1], (1, 3, 2), ""),
        ("1. [2]: 3\n2. [1]: 2", [2, 1, 3], (2, 3, None), "missing"),
        ("Passage 1: 8/10\nPassage 2: 9/10\nPassage 3: 2/10", [2, 1, 3], (8, 9, 2), ""),
        ("| 1 | 3 |\n| 2 | 4 |\n| 3 | 9 |", [3, 2, 1], (3, 4, 9), ""),
        ('{"scores": {"1": 3, "2": 9, "3": 1}}', [2, 1, 3], (3, 9, 1), ""),
        ('{"1": 3, "2": 9, "3": null, "note": "the third is empty"}', [2, 1, 3], (3, 9, None), "missing"),
        ('[{"id": 1, "score": 0.2}, {"id": 2, "score": 0.9}]', [2, 1, 3], (0.2, 0.9, None), "missing"),
        ("1: 3\n1: 4\n2: 5\n3: 0", [2, 1, 3], (3, 5, 0), "duplicate"),
        ("3", [1, 2, 3], (None, None, None), "unparsed"),
        ("[3, 1, 2]", [1, 2, 3], (None, None, None), "unparsed"),
        ("[3] > [1] > [2]", [1, 2, 3], (None, None, None), "unparsed"),
        ("3 > 1 > 2", [1, 2, 3], (None, None, None), "unparsed"),
        ("3, 1, 2", [1, 2, 3], (None, None, None), "unparsed"),
        ("1 -> 2\n2 -> 5\n3 -> 0", [2, 1, 3], (2, 5, 0), ""),
    ],
)
def test_grades_of_several(raw: str, order: list[int], scores: tuple[float | None, ...], flags: str) -> None:
    answer = read(raw, answer="grade", count=3)
    assert [position + 1 for position in answer.order] == order
    assert answer.scores == scores
    assert answer.flags == set(flags.split())


@pytest.mark.parametrize(
    ("raw", "scores", "flags"),
    [
        ("[1]: 7\n[2]: 2", (None, 1.0), {"out_of_range", "missing"}),
        ("[1]: 1\n[2]: 2\n[1]: 7", (0.5, 1.0), {"out_of_range"}),
        ("[1]: 7\n[2]: 7", (None, None), {"out_of_range", "missing"}),
    ],
)
def test_grades_of_two_off_the_scale(raw: str, scores: tuple[float | None, ...], flags: set[str]) -> None:
    answer = read(raw, answer="grade", count=2, scale=DIGITS)
    assert (answer.scores, answer.flags) == (scores, flags)


@pytest.mark.parametrize(
    ("raw", "scale", "scores"),
    [
        ("[1]: 3\n[2]: 7\n[3]: 1", None, (3, 7, None)),  # this may have become a 10
        ("[1]: 3\n[2]: 7\n[3]: 1 because", None, (3, 7, 1)),
        ("[1]: 2\n[2]: 0\n[3]: 1", DIGITS, (1.0, 0.0, None)),
        ("[1]: 1\n[2]: 0\n[3]: 2", DIGITS, (0.5, 0.0, 1.0)),
    ],
)
def test_the_last_grade_may_have_been_cut(
    raw: str, scale: dict[str, float] | None, scores: tuple[float | None, ...]
) -> None:
    answer = read(raw, answer="grade", count=3, scale=scale, finish_reason="length")
    assert answer.scores == scores
    assert answer.flags == {"truncated"} | ({"missing"} if None in scores else set())


def test_what_no_prompt_can_ask_is_the_callers_fault() -> None:
    with pytest.raises(ConfigError, match=r"answer form 'permutations'.*permutation"):
        read("", answer="permutations", count=3)
    with pytest.raises(ConfigError, match="kind of labels 'roman'"):
        read("", answer="label", count=3, labels="roman")
    with pytest.raises(ConfigError, match="count"):
        read("", answer="label", count=-1)
    with pytest.raises(ConfigError, match="26"):
        read("", answer="label", count=27, labels="letters")
    with pytest.raises(ConfigError, match="scale"):
        read("", answer="grade", count=1, scale={"Good": 1, "good": 2})
    with pytest.raises(ConfigError, match="scale"):
        read("", answer="grade", count=1, scale={" ": 1})
    with pytest.raises(ConfigError, match="finite"):
        read("", answer="grade", count=1, scale={"good": float("nan")})
