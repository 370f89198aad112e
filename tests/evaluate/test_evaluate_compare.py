"""Comparisons: the same queries for every strategy, honest totals, and failures that stop nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import Endpoint

from llmrerank.errors import CallError, ConfigError, DataError
from llmrerank.evaluate import Comparison, Dataset, Progress, compare, forecast, read_run
from llmrerank.evaluate.preparation import pipelines_of
from llmrerank.evaluate.seconds import Seconds
from llmrerank.evaluate.tables import cells
from llmrerank.limits import Price, Prices
from llmrerank.purse import Purse
from llmrerank.settings import Settings
from llmrerank.types import Limits, Usage

LISTWISE = "listwise(window=4, stride=2)"


def settings(endpoint: Endpoint) -> Settings:
    return Settings(model="scripted", base_url=endpoint.base_url, api_key="none", retries=0)


def asked_colour(prompt: str) -> str:
    found = re.search(r"Which paint for (\w+) walls", prompt)
    assert found is not None
    return found[1]


def oracle(prompt: str) -> str:
    """Name the passage of the colour that is asked for first, the others in order."""
    colour = asked_colour(prompt)
    shown = re.findall(r"(?m)^\[(\d+)\].*\n?.*Paint of a (\w+) kind", prompt)
    order = sorted(shown, key=lambda passage: passage[1] != colour)
    return " > ".join(f"[{label}]" for label, _ in order)


def test_every_row_says_what_was_typed_what_ran_and_what_it_cost(collection: Path) -> None:
    out = collection.parent / "out"
    typed = ["bm25   %  3", "run(path='stored.trec')"]
    (collection / "stored.trec").write_text(
        "".join(f"q{i} Q0 d{i} 1 5 x\nq{i} Q0 d6 2 4 x\n" for i in range(6))
    )
    comparison = compare(Dataset.open(collection), typed, measures=["RR@10", "P@1"], out=out)
    document = json.loads((out / "compare.json").read_text())
    assert document == json.loads(json.dumps(comparison.to_dict()))
    assert document["schema"] == 1
    assert document["dataset"] == "colours"
    assert document["queries"] == 7
    first, second = document["rows"]
    keys = "strategy measures seconds calls cached rounds tokens_in tokens_out cost repaired degraded errors"
    assert set(keys.split()) <= set(first)
    assert first["strategy"] == "bm25   %  3"
    assert first["pipeline"] == "bm25 % 3"
    assert first["measures"] == {"RR@10": 1.0, "P@1": 1.0}
    assert 0 < first["seconds"]["p50"] <= first["seconds"]["p95"]
    assert first["versus_baseline"] == {}
    assert [first[key] for key in ("calls", "cached", "rounds", "cost", "errors")] == [0, 0, 0, 0, 0]
    assert second["seconds"] is None
    assert second["measures"]["RR@10"] == pytest.approx(6 / 7)
    versus = second["versus_baseline"]["RR@10"]
    assert versus["difference"] == pytest.approx(-1 / 7, abs=1e-6)
    assert (versus["wins"], versus["ties"], versus["losses"]) == (0, 6, 1)
    assert versus["low"] <= versus["difference"] <= versus["high"] <= 0
    assert document["detectable"]["P@1"] == pytest.approx(0.4003, abs=1e-3)
    [alike] = document["agreement"]
    assert (alike["first"], alike["second"], alike["queries"]) == (0, 1, 7)
    assert document["warnings"] == [
        "run(path='stored.trec'): 1 of 7 queries are not in this run, such as 'q6'; they find nothing"
    ]
    assert sorted(path.name for path in out.iterdir()) == [
        "1-bm25-3.jsonl",
        "1-bm25-3.trec",
        "2-run-path-stored-trec-.jsonl",
        "2-run-path-stored-trec-.trec",
        "compare.json",
    ]
    assert first["run"] == "1-bm25-3.trec"
    assert read_run(out / "1-bm25-3.trec")["q4"][0] == "d4"


def test_an_llm_that_knows_gets_everything_right(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = oracle
    told: list[Progress] = []
    comparison = compare(
        Dataset.open(collection),
        ["pool", f"bm25 % 7 >> {LISTWISE}", LISTWISE],
        settings=replace(settings(endpoint), prices=Prices({"scripted": Price(input=1.0, output=10.0)})),
        progress=told.append,
        limit=3,
    )
    row = comparison.rows[2]
    assert comparison.queries == 3
    assert row.pipeline == f"bm25 % 100 >> {LISTWISE}"
    assert row.measures["nDCG@10"] == 1.0
    values = row.to_dict()
    calls = values["calls"]
    assert calls == len(endpoint.prompts) / 2
    assert values["rounds"] == pytest.approx(calls / 3, abs=1e-4)
    assert (values["tokens_in"], values["tokens_out"]) == (100 * calls, 7 * calls)
    assert values["cost"] == pytest.approx(calls * (100 + 70) / 1e6)
    assert (values["errors"], values["repaired"], values["degraded"]) == (0, 0, 0)
    assert not comparison.degraded
    assert not comparison.exhausted
    assert [step.done for step in told if step.row == 2] == [0, 1, 2, 3]
    assert {step.strategy for step in told if step.row == 3} == {LISTWISE}
    table = cells(comparison)
    assert table.headings[:2] == ("pipeline", "nDCG@10")
    assert {"calls", "tokens in", "cost USD"} <= set(table.headings)
    assert {"cached", "repaired", "degraded"} <= set(table.headings)
    assert len(table.rows) == 3


def test_only_the_first_judged_queries_in_file_order(collection: Path) -> None:
    out = collection.parent / "out"
    comparison = compare(Dataset.open(collection), ["bm25"], limit=2, out=out)
    assert comparison.queries == 2
    assert list(comparison.rows[0].per_query["RR@10"]) == ["q0", "q1"]
    assert list(read_run(out / "1-bm25.trec")) == ["q0", "q1"]
    assert compare(Dataset.open(collection), ["bm25"], limit=100).queries == 7


def test_a_query_that_fails_counts_nothing_and_stops_nothing(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: 403 if asked_colour(prompt) == "blue" else oracle(prompt)
    comparison = compare(
        Dataset.open(collection), [f"bm25 % 3 >> {LISTWISE}"], settings=settings(endpoint), measures=["RR@10"]
    )
    [row] = comparison.rows
    assert row.measures["RR@10"] == pytest.approx(6 / 7)
    assert row.to_dict()["errors"] == 1
    assert list(row.failures) == ["q2"]
    assert "scripted failure 403" in row.failures["q2"]
    assert comparison.degraded
    assert comparison.failure is None


def test_a_provider_that_fails_every_query_is_an_error_and_soon_left_alone(
    collection: Path, endpoint: Endpoint
) -> None:
    endpoint.answer = lambda prompt: 403
    dataset = Dataset.open(collection)
    with pytest.raises(CallError, match="scripted failure 403"):
        compare(dataset, [f"bm25 % 3 >> {LISTWISE}"], settings=settings(endpoint), parallel_queries=1)
    assert len(endpoint.prompts) == 5
    out = collection.parent / "out"
    comparison = compare(
        dataset,
        [f"bm25 % 3 >> {LISTWISE}", "bm25"],
        settings=settings(endpoint),
        parallel_queries=1,
        out=out,
    )
    assert isinstance(comparison.failure, CallError)
    failed, found = comparison.rows
    assert failed.to_dict()["errors"] == 7
    assert failed.seconds is None
    assert failed.measures["nDCG@10"] == 0.0
    assert "not asked" in failed.failures["q6"]
    assert found.measures["nDCG@10"] == 1.0
    assert json.loads((out / "compare.json").read_text())["rows"][1]["errors"] == 0


def test_limits_hold_for_the_whole_comparison(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = oracle
    comparison = compare(
        Dataset.open(collection),
        [f"bm25 % 3 >> {LISTWISE}", f"bm25 % 2 >> {LISTWISE}"],
        settings=replace(settings(endpoint), limits=Limits(calls=9)),
    )
    assert [row.trace.calls for row in comparison.rows] == [7, 2]
    assert comparison.exhausted
    assert [row.to_dict()["exhausted"] for row in comparison.rows] == [None, "calls"]
    assert len(endpoint.prompts) == 9


def test_one_wallet_and_a_clock_for_each_query() -> None:
    purse = Purse(Limits(calls=3, seconds=1000.0), Prices())
    first, second = purse.query(), purse.query()
    first.reserve(calls=2, expected=Usage(), model="m")
    assert second.refuse(calls=1, expected=Usage(), model="m") is None
    refused = second.refuse(calls=2, expected=Usage(), model="m")
    assert refused is not None
    assert refused[0] == "calls"
    first.settle(expected=Usage(), actual=None, model="m")
    assert second.refuse(calls=2, expected=Usage(), model="m") is None
    late = Purse(Limits(seconds=0.0), Prices()).query()
    refused = late.refuse(calls=1, expected=Usage(), model="m")
    assert refused is not None
    assert refused[0] == "seconds"


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_results_do_not_depend_on_what_runs_at_once(
    collection: Path, endpoint: Endpoint, at_once: int
) -> None:
    endpoint.answer = oracle
    out = collection.parent / "out"
    compare(
        Dataset.open(collection),
        [LISTWISE],
        settings=settings(endpoint),
        parallel_queries=at_once,
        out=out,
        measures=["RR@10"],
    )
    run = read_run(out / "1-listwise-window-4-stride-2-.trec")
    assert list(run) == [f"q{place}" for place in range(7)]
    assert [ranked[0] for ranked in run.values()] == [f"d{place}" for place in range(7)]


def test_the_dataset_says_what_relevant_means_unless_the_caller_does(
    collection: Path, endpoint: Endpoint
) -> None:
    endpoint.answer = oracle
    (collection / "dataset.toml").write_text('instruction = "Only paints that dry fast."\n')
    dataset = Dataset.open(collection)
    strategy = f"bm25 % 3 >> {LISTWISE}"
    compare(dataset, [strategy], settings=settings(endpoint), limit=1)
    assert "Only paints that dry fast." in endpoint.prompts[-1]
    compare(dataset, [strategy], settings=replace(settings(endpoint), instruction="Cheap ones."), limit=1)
    assert "Cheap ones." in endpoint.prompts[-1]
    assert "dry fast" not in endpoint.prompts[-1]


def test_what_cannot_work_is_told_before_anything_runs(collection: Path, endpoint: Endpoint) -> None:
    dataset = Dataset.open(collection)
    with pytest.raises(ConfigError, match=r"'bm52'.*; .*'windwo'"):
        compare(dataset, ["bm25", "bm52", "listwise(windwo=3)"])
    with pytest.raises(ConfigError, match="no strategies; name some"):
        compare(dataset, [])
    with pytest.raises(ConfigError, match="'nDGC'"):
        compare(dataset, ["bm25"], measures=["nDGC@10"])
    with pytest.raises(ConfigError, match="limit must be 1 or more, got 0"):
        compare(dataset, ["bm25"], limit=0)
    with pytest.raises(ConfigError, match="cannot write into"):
        compare(dataset, ["bm25"], out=collection / "corpus.jsonl")
    (collection / "qrels" / "odd.tsv").write_text("h\th\th\nq1\td 1\t1\nq1\td1\t1\n")
    with pytest.raises(DataError, match="the document id 'd 1' is empty or holds white space"):
        compare(Dataset.open(collection, split="odd"), ["bm25"], out=collection / "out")
    (collection / "foreign.trec").write_text("x Q0 d1 1 1 x\n")
    with pytest.raises(DataError, match="has none of the queries"):
        compare(dataset, [LISTWISE, "run(path='foreign.trec')"], settings=settings(endpoint))
    with pytest.raises(ConfigError, match="gone"):
        compare(dataset, [LISTWISE, "run(path='gone.trec')"], settings=settings(endpoint))
    assert endpoint.prompts == []


def test_a_chat_models_name_is_not_given_to_the_local_model_of_another_row(collection: Path) -> None:
    strategies = ["bm25 >> bi-encoder", "bm25 >> pointwise"]
    local, chat = pipelines_of(Dataset.open(collection), strategies, settings=Settings(model="some-llm"))
    assert local.course.steps[0].strategy.model is None
    assert (local.settings.model, chat.settings.model) == (None, "some-llm")
    [alone] = pipelines_of(Dataset.open(collection), strategies[:1], settings=Settings(model="mine"))
    assert alone.course.steps[0].strategy.model == "mine"


def test_a_forecast_sends_nothing(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = oracle
    rows = forecast(
        Dataset.open(collection),
        ["bm25", LISTWISE],
        settings=replace(settings(endpoint), limits=Limits(calls=5)),
        limit=3,
    )
    assert endpoint.prompts == []
    free, asked = rows
    assert (free.estimate.calls.least, free.estimate.calls.most, free.estimate.stopped_by) == (0, 0, None)
    assert asked.pipeline == f"bm25 % 100 >> {LISTWISE}"
    assert asked.queries == 3
    compared = compare(Dataset.open(collection), [LISTWISE], settings=settings(endpoint), limit=3)
    assert asked.estimate.calls.least <= compared.rows[0].trace.calls <= asked.estimate.calls.most
    assert asked.estimate.stopped_by == "calls"
    assert asked.to_dict()["calls"] == [asked.estimate.calls.least, asked.estimate.calls.most]


def test_percentiles_are_times_that_were_measured() -> None:
    assert Seconds.of([3.0]) == Seconds(p50=3.0, p95=3.0, p99=3.0)
    assert Seconds.of([float(n) for n in range(100, 0, -1)]) == Seconds(p50=50.0, p95=95.0, p99=99.0)


def test_an_unknown_price_is_not_zero(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = oracle
    comparison: Comparison = compare(
        Dataset.open(collection), [f"bm25 % 3 >> {LISTWISE}"], settings=settings(endpoint), limit=1
    )
    assert comparison.rows[0].to_dict()["cost"] is None
    table = cells(comparison)
    assert table.rows[0][table.headings.index("cost USD")] == "unknown"


def test_chunks_are_judged_as_the_documents_they_belong_to(tmp_path):
    lines = [
        {"_id": "a#1", "text": "cats purr", "metadata": {"of": "a"}},
        {"_id": "a#2", "text": "cats cats cats", "metadata": {"of": "a"}},
        {"_id": "b#1", "text": "cats and dogs", "metadata": {"of": "b"}},
    ]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "cats"}\n')
    (tmp_path / "qrels.txt").write_text("q 0 b 1\n")
    dataset = Dataset.open(tmp_path)
    with pytest.raises(DataError, match="match nothing"):
        compare(dataset, ["bm25"])
    [grouped] = compare(dataset, ["bm25"], measures=["RR@10"], group_by="of").rows
    assert grouped.measures["RR@10"] == 0.5
