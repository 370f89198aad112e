"""`route`, `router fit` and `router evaluate` on a comparison made here."""

import json
import re
from pathlib import Path

import pytest

from llmrerank import Pipeline
from llmrerank.cli.exits import Exit
from llmrerank.evaluate import Dataset
from llmrerank.router.compared import read_outcomes
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer
from llmrerank.trace import Routed

QUERIES = 30
CHEAP, DEAR = "bm25 % 6", "bm25 % 6 >> head(listwise, depth=20)"
WHY = "and why does the machine stop when nobody looks, not slow down"


def backwards(body):
    labels = re.findall(r"^\[(\d+)\]$", body["messages"][-1]["content"], re.MULTILINE)
    return " > ".join(f"[{label}]" for label in reversed(labels))


@pytest.fixture(scope="module")
def endpoint():
    with StubServer(backwards) as server:
        yield server


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Long queries are answered by the last document that words find, the others by the first."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "qrels").mkdir()
    documents, queries, judged = [], [], ["query-id\tcorpus-id\tscore"]
    for number in range(QUERIES):
        word = f"gadget{number}"
        for place in range(4):
            text = f"{word} " * (4 - place) + "the machine " * place + f"part {place}"
            documents.append({"_id": f"d{number}-{place}", "text": text})
        long = number % 2
        queries.append({"_id": f"q{number}", "text": f"{word} {WHY}" if long else word})
        judged.append(f"q{number}\td{number}-{3 if long else 0}\t1")
    for name, lines in (("corpus.jsonl", documents), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "qrels" / "test.tsv").write_text("\n".join(judged) + "\n")
    return folder


@pytest.fixture
def compared(cli, data, endpoint, tmp_path):
    out = tmp_path / "runs"
    ended = cli(
        *("compare", "--dataset", str(data), "--strategies", CHEAP, DEAR, "--out", str(out), "--no-cache"),
        *("--model", "stub", "--base-url", endpoint.base_url, "--metrics", "nDCG@10"),
    )
    assert ended.code == Exit.DONE, ended.err
    return out


def test_a_router_is_fitted_judged_used_and_explained(cli, data, endpoint, compared, tmp_path):
    pytest.importorskip("sklearn")
    judged = cli("router", "evaluate", str(compared), "--dataset", str(data), "--plot", "curve.svg", "--json")
    found = judged.json
    assert (judged.code, found["schema"], found["queries"], found["unit"]) == (0, 1, QUERIES, "calls")
    assert found["arms"] == ["keep", "head(listwise, depth=20)"]
    standing = {one["name"]: one for one in found["standings"]}
    assert set(standing) == {"always keep", "always head(listwise, depth=20)", "rules", "fitted", "oracle"}
    # What a query asks decides which arm is right, and both deciders can see it.
    for name in ("rules", "fitted"):
        assert standing[name]["score"] == pytest.approx(standing["oracle"]["score"], abs=0.02)
        assert standing[name]["versus_line"]["low"] > 0
    assert (tmp_path / "curve.svg").read_text().lstrip().startswith("<?xml")
    fitted = cli("router", "fit", str(compared), "--dataset", str(data), "--out", "router.json")
    assert fitted.code == Exit.DONE
    assert "The fitted router stands above the line." in fitted.out
    assert "use it as route(keep, head(listwise, depth=20), by='router.json')" in fitted.err
    spec = "bm25 % 6 >> route(keep, head(listwise, depth=20), by='router.json')"
    sent = len(endpoint.requests)
    for query, taken in (("gadget4", "keep"), (f"gadget5 {WHY}", "head(listwise, depth=20)")):
        shown = cli("route", "--query", query, "--dataset", str(data), "--pipeline", spec, "--json").json
        assert shown["taken"] == taken
        assert {one["name"] for one in shown["parts"]} >= {"intercept", "words"}
        assert [one["arm"] for one in shown["arms"]] == ["keep", "head(listwise, depth=20)"]
        assert shown["arms"][1]["calls"] == [1, 1]
    assert len(endpoint.requests) == sent


def test_a_comparison_tells_the_arms_of_a_route_apart(cli, data, endpoint):
    spec = "bm25 % 6 >> route(keep, head(listwise, depth=20)) >> full"
    ended = cli(
        *("compare", "--dataset", str(data), "--strategies", "bm25", spec, "--no-cache", "--json"),
        *("--model", "stub", "--base-url", endpoint.base_url, "--metrics", "nDCG@10"),
    )
    stages = ended.json["rows"][1]["stages"]
    assert [one["stage"] for one in stages] == ["bm25", "head(listwise, depth=20)", "full"]
    assert [one["queries"] for one in stages] == [QUERIES, QUERIES // 2, QUERIES]
    assert [one["calls"] for one in stages] == [0, QUERIES // 2, QUERIES]


def test_features_of_a_comparison_are_those_of_a_search(data, endpoint, compared):
    """Else a router would be fitted to one thing and asked about another."""
    dataset = Dataset.open(data)
    outcomes = read_outcomes(compared, dataset=dataset)
    made = Settings(base_url=endpoint.base_url, model="stub")
    spec = "bm25 % 6 >> route(keep, head(listwise, depth=20))"
    with Pipeline(spec, source=dataset.source(), settings=made) as pipeline:
        for place in (0, 1, 7):
            query = next(one for one in dataset.queries if one.id == outcomes.queries[place])
            [routed] = pipeline.search(query).trace.of(Routed)
            stored = dict(outcomes.features[place].values)
            assert stored.keys() == dict(routed.features).keys()
            for name, value in routed.features:
                assert stored[name] == (None if value is None else pytest.approx(value, rel=1e-5)), name
    bare = read_outcomes(compared)
    assert bare.features[0]["idf_max"] is None
    assert bare.features[0]["nqc"] == pytest.approx(outcomes.features[0]["nqc"], rel=1e-5)


def test_the_features_of_what_a_reranker_left_are_those_of_a_search_too(cli, data, endpoint):
    cheap, dear = "bm25 % 6 >> full", "bm25 % 6 >> full >> head(listwise, depth=20)"
    cli(
        *("compare", "--dataset", str(data), "--strategies", "bm25 % 40", cheap, dear, "--out", "late"),
        *("--no-cache", "--model", "stub", "--base-url", endpoint.base_url, "--metrics", "nDCG@10"),
    )
    made = Settings(base_url=endpoint.base_url, model="stub")
    dataset = Dataset.open(data)
    route = "route(keep, head(listwise, depth=20))"
    # With the dataset, and by the row of the first stage, which is deeper than what the cheap row was given.
    for given in (dataset, None):
        outcomes = read_outcomes(Path("late"), arms=(cheap, dear), route=route, dataset=given)
        with Pipeline(f"{cheap} >> {route}", source=dataset.source(), settings=made) as pipeline:
            [routed] = pipeline.search(dataset.queries[1]).trace.of(Routed)
        stored = dict(outcomes.features[1].values)
        for name in ("nqc", "smv", "agreement", "margin", "candidates"):
            value = dict(routed.features)[name]
            assert stored[name] == (None if value is None else pytest.approx(value, rel=1e-5)), name
        assert stored["nqc"] is not None
        assert stored["agreement"] < 1.0


def test_where_nothing_is_learned_but_a_mean_that_is_said(cli, data, endpoint):
    pytest.importorskip("sklearn")
    for name in ("queries.jsonl", "corpus.jsonl"):
        Path(name).write_text((data / name).read_text())
    Path("qrels").mkdir()
    judged = "".join(f"q{number}\td{number}-{3 * (number % 4 // 2)}\t1\n" for number in range(QUERIES))
    Path("qrels/test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    cli(
        *("compare", "--dataset", ".", "--strategies", CHEAP, DEAR, "--out", "even", "--no-cache"),
        *("--model", "stub", "--base-url", endpoint.base_url, "--metrics", "nDCG@10"),
    )
    fitted = cli("router", "fit", "even", "--dataset", ".")
    assert "no feature foretold gains better than their mean, so every query like them takes" in fitted.err
    spec = "bm25 % 6 >> route(keep, head(listwise, depth=20), by='router.json')"
    shown = cli("route", "--query", "gadget4", "--dataset", ".", "--pipeline", spec)
    assert "intercept: the mean gain; no feature foretold gains better" in shown.out
    assert "scales from the mean" not in shown.out


def test_stored_runs_are_arms_and_what_they_cost_is_not_made_up(cli, data, compared):
    pytest.importorskip("sklearn")
    stored = sorted(str(path) for path in compared.glob("*.trec"))
    again = [f"run(path='{path}')" for path in stored]
    cli("compare", "--dataset", str(data), "--strategies", *again, "--out", "again", "--metrics", "nDCG@10")
    found = cli("router", "evaluate", "again", "--route", "route(keep, listwise)", "--json").json
    assert (found["unit"], found["costs"]) == ("steps", [0.0, 1.0])
    assert found["arms"] == ["keep", "listwise"]


def test_the_story_of_a_decision_names_every_rule_and_every_feature(cli, docs):
    ended = cli("route", "--query", "what does not bark", "--docs", docs, "--pipeline", "route(keep, full)")
    assert ended.code == Exit.DONE
    for name in ("complex", "undecided", "contrary", "words", "idf_max", "near_duplicates", "keep: nothing"):
        assert name in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100
    assert "no LLM was asked" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("router", "evaluate", "nowhere"), "cannot read nowhere/compare.json"),
        (("router", "evaluate", "{runs}", "--arms", CHEAP), "two arms or more, and 1 is given"),
        (("router", "evaluate", "{runs}", "--arms", CHEAP, "bm25 % 7"), "unknown row 'bm25 % 7'"),
        (("router", "evaluate", "{runs}", "--metric", "P@5"), "did not measure P@5 (it has nDCG@10)"),
        (("router", "evaluate", "{runs}", "--arms", DEAR, CHEAP), "must be in the order of their cost"),
        (("router", "evaluate", "{runs}", "--route", "route(keep, full, api)"), "has 3 arms and 2 rows"),
        (("router", "fit", "{runs}", "--out", "."), "."),
        (("router", "fit", "{runs}", "--worth", "-1"), "--worth must be 0"),
        (("route", "--query", "q"), "no documents given"),
        (("route", "--query", "q", "--docs", "-", "--pipeline", "bm25"), "no stage of 'bm25' is a route"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(cli, compared, words, said):
    ended = cli(*(word.format(runs=compared) for word in words), stdin="a line\n")
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert said in ended.err


def test_a_dry_run_of_a_route_is_a_span(cli, docs):
    ended = cli(
        *("rank", "--query", "q", "--docs", docs, "--strategy", "route(keep, full)", "--model", "m"),
        *("--dry-run", "--json"),
    )
    assert ended.json["calls"] == [0, 1]


def test_show_strategies_lists_routes_with_what_they_take(cli):
    found = {one["name"]: one for one in cli("show", "strategies", "--json").json["strategies"]}
    assert found["auto"]["kind"] == found["route"]["kind"] == "route"
    assert "0-7 calls" in found["auto"]["takes"]
    assert "keep" not in found
