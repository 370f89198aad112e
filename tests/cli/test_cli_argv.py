from hypothesis import given
from hypothesis import strategies as st

from llmrerank.cli.argv import LIST_FLAGS, normalise

words = st.lists(
    st.one_of(
        st.sampled_from([*LIST_FLAGS, "--json", "-v", "--", "-", "--metrics=nDCG@10", "--query=--x"]),
        st.text(min_size=0, max_size=5).filter(lambda word: not word.startswith("-")),
    ),
    max_size=12,
)


def test_words_up_to_the_next_flag_belong_to_a_list_option():
    assert normalise(
        ["compare", "--strategies", "bm25", "bm25 >> x", "--metrics", "nDCG@10", "R@5", "-v"]
    ) == [
        "compare",
        "--strategies=bm25",
        "--strategies=bm25 >> x",
        "--metrics=nDCG@10",
        "--metrics=R@5",
        "-v",
    ]


def test_repeating_the_flag_works_too():
    once = normalise(["--strategies", "a", "b"])
    assert normalise(["--strategies", "a", "--strategies", "b"]) == once
    assert normalise(["--strategies=a", "b"]) == once


def test_a_list_option_without_words_is_left_for_the_check():
    assert normalise(["--strategies", "--json"]) == ["--strategies", "--json"]
    assert normalise(["--strategies"]) == ["--strategies"]


@given(words)
def test_it_is_done_once(given):
    assert normalise(normalise(given)) == normalise(given)


@given(words)
def test_nothing_is_lost_and_other_words_keep_their_order(given):
    before = given[: given.index("--")] if "--" in given else given
    done = normalise(before)
    values = [
        word.partition("=")[2] if word.split("=")[0] in LIST_FLAGS and "=" in word else word for word in done
    ]
    expected = [
        word.partition("=")[2] if word.startswith("--metrics=") else word
        for word in before
        if word not in LIST_FLAGS
    ]
    assert [value for value in values if value not in LIST_FLAGS] == expected


@given(words)
def test_what_follows_two_dashes_is_left_alone(given):
    assert normalise(["--", *given]) == ["--", *given]
