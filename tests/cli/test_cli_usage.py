"""Options: what is wrong with them is told all at once, in one sentence, with exit code 2."""

import pytest

from llmrerank.cli.exits import Exit


def test_every_bad_option_is_reported_together(cli, docs):
    ended = cli(
        "rank", "--quer", "q", "--docs", docs, "--strategy", "bm25", "--top", "0", "--parallel", "x", "--fo"
    )
    assert ended.code == Exit.USAGE
    assert ended.out == ""
    for part in (
        "unknown option --quer; did you mean --query?",
        "unknown option --fo",
        "--top must be 1 or more, got '0'",
        "--parallel must be a whole number, got 'x'",
    ):
        assert part in ended.err
    assert "--query is missing" not in ended.err  # it was meant by the misspelled one
    assert ended.err.splitlines()[1].strip() == "next: llmrerank rank --help"


@pytest.mark.parametrize(
    "words", [("rank",), ("train",), ("show", "trace"), ("index", "add"), ("cache",)], ids=str
)
def test_every_command_explains_itself_by_its_short_option(cli, words):
    short, long = (cli(*words, name) for name in ("-h", "--help"))
    assert (short.code, short.out) == (0, long.out)
    assert short.out.startswith(f"Usage: llmrerank {' '.join(words)} ")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["rank"], "--query is missing; --docs is missing"),
        (["rank", "--query", "--docs", "x", "--strategy", "bm25"], "--query needs a value"),
        (["compare", "--dataset", ".", "--strategies", "--json"], "--strategies needs a value"),
        (["rnak"], "Did you mean 'rank'?"),
        (["--bogus"], "--bogus"),
        (["show", "prompt"], "NAME"),
        (["show", "prompt", "a", "b"], "unexpected extra argument"),
        (["endpoint", "--port", "high"], "--port must be a whole number, got 'high'"),
    ],
)
def test_usage_errors_are_one_sentence_and_one_next_step(cli, words, part):
    ended = cli(*words)
    assert ended.code == Exit.USAGE
    assert part in ended.err
    assert ended.out == ""
    sentence, step = ended.err.splitlines()
    assert sentence.startswith("llmrerank: ")
    assert step.startswith("  next: llmrerank")


def test_values_are_checked_all_at_once(cli, docs, tmp_path):
    prices = tmp_path / "p.toml"
    prices.write_text("[models.a]\ninput = 1\n")
    ended = cli(
        *("rank", "--query", "q", "--docs", docs, "--strategy", "bm25"),
        *("--effort", "huge", "--on-error", "panic", "--timeout", "0", "--prices", str(prices)),
        *("--extra-body", "[1]"),
    )
    assert ended.code == Exit.USAGE
    for part in (
        "--effort must be",
        "--on-error must be keep or raise",
        "--timeout",
        "'output' is missing",
        "object",
    ):
        assert part in ended.err


def test_a_key_in_the_place_of_its_variable_is_not_repeated(cli, docs):
    key = "sk-very-secret-123"
    ended = cli("rank", "--query", "q", "--docs", docs, "--strategy", "bm25", "--api-key-env", key)
    assert ended.code == Exit.USAGE
    assert "never a key" in ended.err
    assert key not in ended.err


def test_a_variable_that_is_not_set_is_named(cli, docs):
    ended = cli("rank", "--query", "q", "--docs", docs, "--strategy", "bm25", "--api-key-env", "MY_KEY")
    assert ended.code == Exit.USAGE
    assert "MY_KEY, which is not set" in ended.err


def test_a_limit_on_cost_needs_prices(cli, docs):
    ended = cli("rank", "--query", "q", "--docs", docs, "--strategy", "listwise", "--max-cost", "1")
    assert ended.code == Exit.USAGE
    assert "--prices" in ended.err


def test_short_flags_may_be_written_together(cli, docs):
    ended = cli("rank", "--query", "dog", "--docs", docs, "--strategy", "bm25", "-vq")
    assert ended.code == Exit.DONE
    assert ended.err == ""


def test_the_list_of_strategies_is_pointed_to_for_names_that_stand_in_it_alone(cli, docs):
    listed = "llmrerank show strategies"
    for spec in ("bm52", "bm25(k=1)", "listwise >> sliding2", "api(dialect='chere')"):
        assert listed in cli("rank", "--query", "q", "--docs", docs, "--strategy", spec).err, spec
    for words in (("audit", "--docs", docs, "--kinds", "rolle"), ("show", "prompt", "listwis")):
        ended = cli(*words)
        assert "did you mean" in ended.err
        assert listed not in ended.err
    ended = cli("index", "add", "new", "--docs", docs, "--language", "klingon")
    assert "known: " in ended.err
    assert listed not in ended.err
