"""`plan` from the command line: measured on a small collection here, and from stored figures."""

import json
import re
import sys
from pathlib import Path

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.planner import Measurements
from llmrerank.spec import parse
from llmrerank.testing.stub_server import StubServer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "planner"))
from stored import LISTWISE, measurements

QUERIES = 12


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Each query's word is in forty documents, most often in the first; the fifth of them is relevant."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "qrels").mkdir()
    documents, queries, judged = [], [], ["query-id\tcorpus-id\tscore"]
    for number in range(QUERIES):
        for place in range(40):
            text = f"gadget{number} " * (40 - place) + "is part of the machine " * 3
            documents.append({"_id": f"d{number}-{place}", "text": text})
        queries.append({"_id": f"q{number}", "text": f"gadget{number}"})
        judged.append(f"q{number}\td{number}-4\t1")
    for name, lines in (("corpus.jsonl", documents), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "qrels" / "test.tsv").write_text("\n".join(judged) + "\n")
    return str(folder)


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "stored.json"
    measurements(asked=(LISTWISE,), stand_in=True).save(path)
    return str(path)


def test_a_first_stage_is_measured_in_the_dataset_and_beyond_and_planned_with(cli, data):
    ended = cli(
        *("plan", "--docs", "10_000", "--latency", "5s", "--dataset", data, "--pipeline", "bm25", "--json"),
        *("--within", "3s", "--save", "kept.json"),
    )
    assert ended.code == Exit.DONE, ended.err
    found = ended.json
    assert (found["schema"], found["docs"], found["latency"]) == (1, 10_000, 5.0)
    chosen = found["chosen"]
    assert chosen["pipeline"] == "bm25 % 10"
    assert chosen["ndcg@10"]["value"] == pytest.approx(0.3869, abs=1e-4)  # the fifth place
    assert 0 < chosen["p50"]["value"] <= chosen["p95"]["value"] <= chosen["p95"]["high"]
    sizes = found["measurements"]["sizes"]["bm25"]
    assert sizes[:2] == [120, 480]
    assert len(sizes) >= 3
    kept = Measurements.load("kept.json")
    assert [len(one) for one in kept.first[0].found] == [40] * QUERIES
    again = cli(
        "plan",
        "--docs",
        "10000",
        "--latency",
        "5s",
        "--measurements",
        "kept.json",
        "--pipeline",
        "bm25",
        "--json",
    )
    assert again.json["chosen"] == chosen


def test_measuring_that_took_longer_than_wanted_says_what_took_it(cli, data):
    ended = cli(
        *("plan", "--docs", "1e4", "--latency", "5s", "--dataset", data, "--pipeline", "bm25"),
        *("--within", "10ms", "--json"),
    )
    assert ended.json["docs"] == 10_000
    [late] = [note for note in ended.json["measurements"]["notes"] if "were wanted" in note]
    assert re.match(r"measuring took \d+ s where 0.01 s were wanted \(--within\): .*bm25 \d+ s", late)


def test_calls_are_timed_only_where_that_is_asked_for(cli, data):
    def backwards(body):
        labels = re.findall(r"^\[(\d+)\]$", body["messages"][-1]["content"], re.MULTILINE)
        return " > ".join(f"[{label}]" for label in reversed(labels))

    with StubServer(backwards) as server:
        words = (
            *("plan", "--docs", "480", "--latency", "60s", "--dataset", data, "--within", "1s", "--json"),
            *("--pipeline", "bm25 >> listwise", "bm25", "--model", "stub", "--base-url", server.base_url),
        )
        assumed = cli(*words)
        assert assumed.code == Exit.DONE, assumed.err
        assert server.requests == []
        timed = cli(*words, "--calls", "3", "--save", "timed.json")
        sent = len(server.requests)
    assert 3 <= sent <= 4  # and one, at most, to find out what the endpoint can do
    assert assumed.json["chosen"]["p95"]["kind"] == "assumed"
    assert timed.json["chosen"]["p95"]["kind"] == "measured"
    [asked] = Measurements.load("timed.json").asked
    assert len(asked.seconds) == 3
    assert asked.document_tokens > 15
    assert timed.json["chosen"]["cost"] is None


def test_the_first_line_is_the_pipeline_and_the_rest_says_what_it_rests_on(cli, stored):
    ended = cli("plan", "--docs", "40k", "--latency", "300ms", "--measurements", stored)
    assert ended.code == Exit.DONE, ended.err
    first, *rest = ended.out.splitlines()
    assert str(parse(first)) == first == "bm25 % 30 >> bi-encoder"
    text = " ".join(" ".join(rest).split())
    for part in (
        "nDCG@10 0.400 [",
        "assumed: your queries and documents are like those of paper",
        "extrapolated x10 beyond what was measured",
        "not chosen:",
        "is over 300 ms; it would bring 0.250 nDCG@10 more",
        "bm25 at 250 / 1,000 / 4,000 documents",
        "dense was left out",
    ):
        assert part in text
    assert max(map(len, ended.out.splitlines())) <= 110


def test_all_that_is_wrong_with_the_options_is_said_at_once(cli, stored):
    ended = cli(
        *("plan", "--docs", "many", "--latency", "soon", "--within", "0s", "--measurements", stored),
        *("--dataset", "x", "--calls", "2"),
    )
    assert ended.code == Exit.USAGE
    for part in (
        "--docs must be a number of 1 or more, such as 10000000 or 10M, got 'many'",
        "--latency must be a time above 0, such as 1s, 300ms or 2min, got 'soon'",
        "--within must be a time above 0",
        "--dataset has no use beside --measurements",
        "--calls has no use beside --measurements",
    ):
        assert part in ended.err
    for docs, latency in (("0", "1s"), ("-5", "1s"), ("1e400M", "1s"), ("10", "-1s"), ("10", "0")):
        assert (
            cli("plan", f"--docs={docs}", f"--latency={latency}", "--measurements", stored).code == Exit.USAGE
        )


def test_an_impossible_latency_a_price_with_a_typo_and_a_foreign_file_end_in_a_sentence(
    cli, stored, tmp_path
):
    ended = cli("plan", "--docs", "10M", "--latency", "1ms", "--measurements", stored)
    assert ended.code == Exit.USAGE
    assert "the cheapest, 'bm25 % 10', needs" in ended.err
    prices = tmp_path / "prices.toml"
    prices.write_text("[models.small]\ninptu = 1\noutput = 2\n")
    ended = cli("plan", "--docs", "10", "--latency", "1s", "--measurements", stored, "--prices", str(prices))
    assert ended.code == Exit.USAGE
    assert "model 'small': unknown key 'inptu'; did you mean 'input'?" in ended.err
    ended = cli("plan", "--docs", "10", "--latency", "1s", "--measurements", str(prices))
    assert "this is not JSON" in ended.err


def test_a_dataset_without_judgements_is_refused_before_anything_is_measured(cli, data, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("corpus.jsonl", "queries.jsonl"):
        (bare / name).write_text((Path(data) / name).read_text())
    ended = cli("plan", "--docs", "10", "--latency", "1s", "--dataset", str(bare))
    assert ended.code == Exit.FAILED or ended.code == Exit.USAGE
    assert "has no judgements" in ended.err
    assert "llmrerank label" in ended.err
