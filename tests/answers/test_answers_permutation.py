"""Rankings in text and in JSON: our own table of replies, so that a clone by itself tests every rule."""

from __future__ import annotations

import pytest

from llmrerank.answers import read

# (reply, count, order 1-based, flags)
NUMBERS = [
    # chains
    ("[[2]] > [[1]] > [[3]]", 3, [2, 1, 3], ""),
    ("**[2]** > **[1]** > **[3]**", 3, [2, 1, 3], ""),
    (r"\[2\] > \[1\] > \[3\]", 3, [2, 1, 3], ""),
    ("[2] -> [1] => [3]", 3, [2, 1, 3], ""),
    ("[2] → [1] ≻ [3]", 3, [2, 1, 3], ""),
    ("[2] = [1] > [3]", 3, [2, 1, 3], ""),
    ("[2], [1], [3]", 3, [2, 1, 3], ""),
    ("[2] &gt; [1] &amp;gt; &#91;3]", 3, [2, 1, 3], ""),
    ("[Passage 2] > [passage 1] > [Doc 3]", 3, [2, 1, 3], ""),
    ("[ID 2] > [#1] > [3]", 3, [2, 1, 3], ""),
    ("[2\u200b] >\u00a0[1] >\u3000[3]", 3, [2, 1, 3], ""),
    ("[2] > 2. [1] > 3. [3]", 3, [2, 1, 3], ""),
    ("[4] > [1]\n> [3] > [2]", 4, [4, 1, 3, 2], ""),
    ("[4] > [1]\n[3] > [2]", 4, [4, 1, 3, 2], ""),
    ("[2]\n[1]\n[2]\n[3]", 3, [2, 1, 3], "duplicate"),
    ("Ranking: [2, 1, 3]", 3, [2, 1, 3], ""),
    ('The order is ["2", "1", "3"]', 3, [2, 1, 3], ""),
    ("> [2] > [1] > [3]", 3, [2, 1, 3], ""),
    ("See [1, 3] for more.\n[2] > [3] > [1]", 3, [2, 3, 1], ""),
    ("words " * 40 + "See [1, 3] for more.\n[2] > [3] > [1]", 3, [2, 3, 1], ""),
    ("[2] > [1]\n[2]: it answers\n[1]: it is near", 2, [2, 1], ""),
    ("[2019], [2020], [2021] are years, so [2] > [1]", 2, [2, 1], ""),
    ("[1] > [2] > [3]\n\n[3] > [1] > [2]", 3, [3, 1, 2], ""),
    ("[1] > [2] > [3] > [1]\n\n[3] > [1] > [2]", 3, [3, 1, 2], ""),
    ("[3] > [1] > [2]\n[3]: it answers\n[1]: it is near", 3, [3, 1, 2], ""),
    ("1 > 2 > 3 is the form. Mine: [3] > [2] > [1]", 3, [3, 2, 1], ""),
    ("12] > [3] > [1]", 12, [12, 3, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11], "missing"),
    ("611 > [2] > [1] > [3]", 3, [2, 1, 3], "out_of_range"),
    ("100% of them count. [2] > [1] > [3]", 3, [2, 1, 3], ""),
    # bracketed, without a chain
    ("[2] and then [1], at last [3]", 3, [2, 1, 3], ""),
    ("[2][1][3]", 3, [2, 1, 3], ""),
    ("Rank 1: [3]\nRank 2: [1]\nRank 3: [2]", 3, [3, 1, 2], ""),
    ("[2] (best) > [1] (fair) > [3] (poor)", 3, [2, 1, 3], ""),
    ("[1] < [2] < [3]", 3, [1, 2, 3], "unparsed"),
    ("words " * 40 + "[2] < [1] < [3]", 3, [1, 2, 3], "unparsed"),
    ("[] > []", 3, [1, 2, 3], "unparsed"),
    ("[1-3] all fit", 3, [1, 2, 3], "unparsed"),
    # nouns
    ("Doc: 3, then Doc: 1, then Doc: 2", 3, [3, 1, 2], ""),
    ("Result 1: Passage 3\nResult 2: Passage 1", 3, [3, 1, 2], "missing"),
    ("① Passage 2\n② Passage 1", 2, [2, 1], ""),
    ("文档 2, 文档 1", 2, [2, 1], ""),
    ("Passages 1-3 are all about birds.", 3, [1, 2, 3], "unparsed"),
    ("Passage 1.5 and passage 2% say so", 3, [1, 2, 3], "unparsed"),
    # nothing else
    ("②①③", 3, [2, 1, 3], ""),
    ("2️⃣ > 1️⃣ > 3️⃣", 3, [2, 1, 3], ""),
    ("⑫ > ⑪", 12, [12, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "missing"),
    ("(2) > (1) > (3)", 3, [2, 1, 3], ""),
    ("1. 3\n2. 1\n3. 2", 3, [3, 1, 2], ""),
    ("1. 2\n2. 1", 2, [2, 1], ""),
    ("3 2 1.", 3, [3, 2, 1], ""),
    ("The ranking is: 3 > 1 > 2", 3, [3, 1, 2], ""),
    ("The score was 3 > 2", 3, [1, 2, 3], "unparsed"),
    ("The score was: 2 > 1", 2, [1, 2], "unparsed"),
    ("I read all three.\nTo sum up: the ranking: 3 > 1 > 2\nI hope that helps.", 3, [3, 1, 2], ""),
    ("We looked at: 3, 1, 2", 3, [1, 2, 3], "unparsed"),
    ("We looked at: 3 > 1, 2", 3, [1, 2, 3], "unparsed"),
    ("2 -> 1 -> 3", 3, [2, 1, 3], ""),
    ("[2] > [4] > [1] > [3]", 3, [2, 1, 3], "out_of_range"),
    ("[0] > [2] > [1]", 2, [2, 1], "out_of_range"),
    # what a rule reads first
    ("[1] is the best. Passage 2 is not.", 3, [1, 2, 3], "missing"),
    ("[3] is the best. Passage 2 is not.", 3, [3, 1, 2], "missing"),
    ("[9] is the best.", 3, [1, 2, 3], "missing out_of_range"),
    ("[9] is the best. Passage 2 is not.", 3, [2, 1, 3], "missing"),
    ("no", 3, [1, 2, 3], "unparsed"),
    # digits in prose
    ("In 2019, 3 of 12 items rose by 2%.", 3, [1, 2, 3], "unparsed"),
    ("HTTP 503: try again in 1 s", 3, [1, 2, 3], "unparsed"),
    ("½ of them", 3, [1, 2, 3], "unparsed"),
    ("一 二 三", 3, [1, 2, 3], "unparsed"),
    # reasoning and tags
    ("<think>a<think>b</think>[1]</think>", 3, [1, 2, 3], "unparsed"),
    ("<thinking>[1]</thinking>3 > 2 > 1", 3, [3, 2, 1], ""),
    ("&lt;think&gt;[1]&lt;/think&gt;[2] > [1]", 2, [2, 1], ""),
    ("<think>x</think><think>[1] > [2]", 2, [1, 2], "unparsed"),
    ("<think>a<think>b</think>[1] > [2]</think>", 2, [1, 2], "unparsed"),
    ("[2] > [1] > [3]<think>so it is</think>", 3, [2, 1, 3], ""),
    ("[2] > <think>a</think>[1] > [3]<think>b</think>", 3, [2, 1, 3], ""),
    ("so it is</think>[2] > [1] > [3]</think>", 3, [2, 1, 3], ""),
    ("<answer>[1] > [2]</answer> no: <answer>[2] > [1]</answer>", 2, [2, 1], ""),
    ("<answer>[2] > [1]", 2, [2, 1], ""),
    ("<think>[1] > [2]", 2, [1, 2], "unparsed"),
    ("<answer></answer>[2] > [1]", 2, [2, 1], ""),
    ("<answer></answer>2, 1", 2, [2, 1], ""),
    ("<answer>[2] > [3]</answer> and not [1] > [2] > [3]", 3, [2, 3, 1], "missing"),
    ("I thought of [1] > [2] > [3]. <answer>[2] > [3]", 3, [2, 3, 1], "missing"),
    ("[2] > [1] > [3]</answer> is my answer", 3, [2, 1, 3], ""),
    ("[2] > [1] > [3]<answer>", 3, [2, 1, 3], ""),
    # fences and white space
    ("```\n2, 1, 3\n```", 3, [2, 1, 3], ""),
    ("[2] >" + " " * 30 + "[1] >" + "\n" * 6 + "[3]", 3, [2, 1, 3], ""),
    # JSON although text was asked for
    ('{"ranking": [3, 1, 2]}', 3, [3, 1, 2], ""),
    ('[{"id": 2, "rank": 2}, {"id": 3, "rank": 1}, {"id": 1, "rank": 3}]', 3, [3, 2, 1], ""),
    ('{"reason": "[1] > [2] > [3]", "ranking": [3]}', 3, [3, 1, 2], "missing"),
    # numerals without end
    ("[" + "9" * 5000 + "] > [2] > [1]", 2, [2, 1], "out_of_range"),
    ("[" + "0" * 5000 + "2] > [1]", 2, [2, 1], ""),
    ("\x00[2]\x00>\x00[1]\x00", 2, [2, 1], ""),
    ("[2] > \ud800[1]", 2, [2, 1], ""),
]

LETTERS = [
    ("CBA", 3, [3, 2, 1], ""),
    ("**cba**", 3, [3, 2, 1], ""),
    ("BA", 2, [2, 1], ""),
    ("BA", 4, [2, 1, 3, 4], "missing"),
    ("BA", 5, [1, 2, 3, 4, 5], "unparsed"),
    ("bad", 4, [1, 2, 3, 4], "unparsed"),
    ("B1", 2, [1, 2], "unparsed"),
    ("BAD", 4, [2, 1, 4, 3], "missing"),
    ("BAD", 3, [1, 2, 3], "unparsed"),
    ("NO", 3, [1, 2, 3], "unparsed"),
    ("Ⓑ＞Ａ＞🅒", 3, [2, 1, 3], ""),
    ("Passage B, Passage A, Passage C", 3, [2, 1, 3], ""),
    ("In this document I found a passage about a bird", 10, [*range(1, 11)], "unparsed"),
    ("B > [A] > [C]", 3, [2, 1, 3], ""),
    ("[2] > [1] > [3]", 3, [1, 2, 3], "unparsed"),
    ("B", 3, [2, 1, 3], "missing"),
]

JSON = [
    ('{"a": [1], "b": [2]}', 3, [1, 2, 3], "unparsed"),
    ('"[2, 1, 3]"', 3, [2, 1, 3], ""),
    (r'"{\"ranking\": [2, 1, 3]}"', 3, [2, 1, 3], ""),
    ('{"ranking": "[3] > [1] > [2]"}', 3, [3, 1, 2], ""),
    ('{"ranking": "[3, 1, 2]"}', 3, [3, 1, 2], ""),
    ('{"order": "3, 1, 2"}', 3, [3, 1, 2], ""),
    ('```json\n{"ranking": [3, 1, 2]', 3, [3, 1, 2], ""),
    (r'"[{\"id\": 3}, {\"id\": 1}, {\"id\": 2}]"', 3, [3, 1, 2], ""),
    ("{ranking: [3, 1, 2]}", 3, [3, 1, 2], ""),
    ("{'ranking': ['3', '1', '2']}", 3, [3, 1, 2], ""),
    ("{“ranking”: [3, 1, 2]}", 3, [3, 1, 2], ""),
    ("｛“ranking”：［3，1，2］｝", 3, [3, 1, 2], ""),
    ("{&quot;ranking&quot;: [3, 1, 2]}", 3, [3, 1, 2], ""),
    ("[{“id”: 3}, {“id”: 1}, {“id”: 2}]", 3, [3, 1, 2], ""),
    ("[{&quot;id&quot;: 3}, {&quot;id&quot;: 1}, {&quot;id&quot;: 2}]", 3, [3, 1, 2], ""),
    ('[{"id": 3, "why": "&quot;"}, {"id": 1}, {"id": 2}]', 3, [3, 1, 2], ""),
    ('[{"id": 3, "why": "&#92;"}, {"id": 1}, {"id": 2}]', 3, [3, 1, 2], ""),
    ("[3, // the best\n 1, 2]", 3, [3, 1, 2], ""),
    ('{"reason": "no [1] > [2', 3, [1, 2, 3], "unparsed"),
    ('{"reason": "[1], [2]"} or rather [3] > [1] > [2]', 3, [3, 1, 2], ""),
    ('As [1] says: {"ranking": [3, 1, 2]}', 3, [3, 1, 2], ""),
    ("[2] > [1] > [3]", 3, [2, 1, 3], ""),
    ("[[2, 9], [1, 4], [3, 1]]", 3, [1, 2, 3], "unparsed"),
    ("[[2], [1, 3]]", 3, [2, 1, 3], ""),
    ("[[2, 1], 3]", 3, [2, 1, 3], ""),
    ("[[2], null, [1]]", 3, [2, 1, 3], "missing"),
    ("[[2, 9], [1, 4]]", 3, [1, 2, 3], "unparsed"),
    ('["a bird", 3]', 3, [3, 1, 2], "missing"),
    ('["a bird", "a nest", 3]', 3, [1, 2, 3], "unparsed"),
    ("[2 passages were given", 3, [1, 2, 3], "unparsed"),
    ('{"result": {"ranking": ["Passage 3", "[1]", 2.0]}}', 3, [3, 1, 2], ""),
    ('{"ranking": [{"doc_id": "3"}, {"doc_id": "1"}, {"doc_id": "2"}]}', 3, [3, 1, 2], ""),
    ('{"scores": [9, 8, 7], "ranked_ids": [3, 1, 2]}', 3, [3, 1, 2], ""),
    ("[2.0, 1.0]", 2, [2, 1], ""),
    ('2 > 1 > 3 {"note": "none"}', 3, [2, 1, 3], ""),
    ('{"ranking": [1, 2 or rather {"ranking": [3, 1, 2]}', 3, [3, 1, 2], ""),
    ('{"mine": [3, 1, 2]}', 3, [3, 1, 2], ""),
    ('{"scores": [3, 1, 2]}', 3, [1, 2, 3], "unparsed"),
    ('[{"ranking": [3, 1, 2]}]', 3, [3, 1, 2], ""),
    ('[{"ranking": [3, 1, 2]}, {"ranking": [1, 2, 3]}]', 3, [1, 2, 3], "unparsed"),
    ('[{"id": 2, "rank": 2}, {"id": 3}, {"id": 1, "rank": 1}]', 3, [2, 3, 1], ""),
    ('[{"id": 2, "rank": 1}, {"id": 1, "rank": 1}, {"id": 3, "rank": 2}]', 3, [2, 1, 3], ""),
    ('[{"id": 3, "rank": 1}, {"id": 2, "rank": 0}, {"id": 1, "rank": 2}]', 3, [2, 3, 1], ""),
    ('[{"id": 3, "rank": ' + "9" * 5000 + '}, {"id": 2, "rank": 1}]', 3, [3, 2, 1], "missing"),
    ('{"most_relevant": "Passage 2"}', 3, [2, 1, 3], "missing"),
    (r'{"answer": "{\"order\": [\"Passage 3\", \"Passage 1\", \"Passage 2\"]}"}', 3, [3, 1, 2], ""),
    ('{"ranking": 1.5}', 3, [1, 2, 3], "unparsed"),
    ('{"ranking": [true, null, 1.5, -2, 1, 2, 3, 3]}', 3, [1, 2, 3], "duplicate out_of_range"),
    ('{"ranking": [' + "9" * 5000 + ", 2, 1]}", 2, [2, 1], "out_of_range"),
]


def _check(raw: str, form: str, labels: str, count: int, order: list[int], flags: str) -> None:
    answer = read(raw, answer=form, count=count, labels=labels)
    assert [position + 1 for position in answer.order] == order
    assert answer.flags == set(flags.split())
    assert answer.scores is None


@pytest.mark.parametrize(("raw", "count", "order", "flags"), NUMBERS)
def test_numbers(raw: str, count: int, order: list[int], flags: str) -> None:
    _check(raw, "permutation", "numbers", count, order, flags)


@pytest.mark.parametrize(("raw", "count", "order", "flags"), LETTERS)
def test_letters(raw: str, count: int, order: list[int], flags: str) -> None:
    _check(raw, "permutation", "letters", count, order, flags)


@pytest.mark.parametrize(("raw", "count", "order", "flags"), JSON)
def test_json(raw: str, count: int, order: list[int], flags: str) -> None:
    _check(raw, "json", "numbers", count, order, flags)


def test_json_with_letters() -> None:
    _check('{"ranking": ["B", "passage A", "c"]}', "json", "letters", 3, [2, 1, 3], "")
    _check('{"ranking": [2, 1, 3]}', "json", "letters", 3, [1, 2, 3], "unparsed")


@pytest.mark.parametrize(
    ("opened", "closed", "levels"),
    [('{"ranking": ', "}", 8), ('{"mine": ', "}", 8), ('[{"ranking": ', "}]", 4), ("[", "]", 8)],
)
def test_json_is_read_eight_levels_deep(opened: str, closed: str, levels: int) -> None:
    nested = opened * levels + "[3, 1, 2]" + closed * levels
    _check(nested, "json", "numbers", 3, [3, 1, 2], "")
    _check(opened + nested + closed, "json", "numbers", 3, [1, 2, 3], "unparsed")


@pytest.mark.parametrize(
    ("raw", "form", "count", "named"),
    [
        ("4 > 12 > 1", "permutation", 12, 2),
        ("4 > 12 > 1", "permutation", 9, 2),
        ("4 > 2 > 1", "permutation", 9, 3),
        ("4 > 2 > 1", "permutation", 10, 2),
        ("[4] > [2] > [1]", "permutation", 12, 3),
        ('{"ranking": [3, 1', "json", 12, 1),
        ('{"ranking": ["3", "1', "json", 12, 1),
        ("Passage 1", "label", 12, 0),
        ("Passage 2", "label", 12, 1),
    ],
)
def test_a_label_that_the_limit_may_have_cut_is_discarded(
    raw: str, form: str, count: int, named: int
) -> None:
    answer = read(raw, answer=form, count=count, finish_reason="length")
    assert answer.named == named
    assert "truncated" in answer.flags


@pytest.mark.parametrize(
    ("raw", "usable"),
    [
        ("[2] > [1]", True),  # half is enough
        ("[2]", False),
        ("[9] > [8] > [7] > [6]", False),
        ("nothing", False),
        ("[2] > [1] > [4] > [3] > [2]", True),
    ],
)
def test_usable_asks_for_half(raw: str, usable: bool) -> None:
    assert read(raw, answer="permutation", count=4).usable is usable


@pytest.mark.parametrize(
    ("raw", "refused"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("As an AI, I am unable to rank these passages.", True),
        ("I cannot rank these, since passage [1] is harmful.", True),
        ("Sorry for the wait: [2] > [1] > [3]. I cannot rank more.", False),
        ("I cannot tell.", False),
    ],
)
def test_refused_in_words(raw: str, refused: bool) -> None:
    answer = read(raw, answer="permutation", count=3)
    assert ("refused" in answer.flags) is refused
    assert not (refused and answer.usable)


def test_a_content_filter_refuses_whatever_was_said() -> None:
    answer = read("[2] > [1]", answer="permutation", count=2, finish_reason="content_filter")
    assert answer.order == (1, 0)
    assert answer.flags == {"refused"}
    assert not answer.usable
