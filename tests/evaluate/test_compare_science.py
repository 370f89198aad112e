"""What makes a comparison a measurement: a baseline, ceilings, repetitions and other orders."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import Endpoint

from llmrerank.errors import ConfigError, DataError, UnknownName
from llmrerank.evaluate import Dataset, compare, forecast
from llmrerank.retrieve.bm25 import Bm25
from llmrerank.settings import Settings
from llmrerank.trace_file import StoredTraces
from llmrerank.types import Limits

WINDOW = "bm25 % 4 >> listwise(window=4, stride=2)"


def settings(endpoint: Endpoint) -> Settings:
    return Settings(model="scripted", base_url=endpoint.base_url, api_key="none", retries=0)


def first_shown_first(prompt: str) -> str:
    """A judge that returns the place in the window, whatever stands there: pure position bias."""
    shown = re.findall(r"(?m)^\[(\d+)\]", prompt)
    return " > ".join(f"[{label}]" for label in shown)


def by_name(prompt: str) -> str:
    """A judge that does not care where a passage stands."""
    shown = re.findall(r"(?m)^\[(\d+)\].*\n?.*Paint of a (\w+) kind", prompt)
    return " > ".join(f"[{label}]" for label, _ in sorted(shown, key=lambda one: one[1]))


def test_rows_are_held_against_the_baseline_that_is_named(collection: Path) -> None:
    strategies = ["bm25 % 1", "pool", "bm25  %  3"]
    found = compare(Dataset.open(collection), strategies, baseline="bm25 % 3", measures=["RR@10", "R@3"])
    assert found.baseline == 2
    assert [bool(row.versus) for row in found.rows] == [True, True, False]
    assert found.to_dict()["baseline"] == "bm25  %  3"
    with pytest.raises(UnknownName, match="baseline"):
        compare(Dataset.open(collection), strategies, baseline="bm25 % 4")


def test_the_oracle_is_the_best_order_of_what_each_first_stage_hands_on(
    collection: Path, endpoint: Endpoint
) -> None:
    endpoint.answer = first_shown_first
    (collection / "qrels" / "test.tsv").write_text(
        "h\th\th\n" + "".join(f"q{place}\td{(place + 1) % 7}\t1\n" for place in range(7))
    )
    dataset = Dataset.open(collection)
    options = {"settings": settings(endpoint), "measures": ["RR@10"], "oracle": True}
    found = compare(dataset, ["bm25 % 7", WINDOW, "bm25 % 6 >> listwise"], **options)
    assert [row.pipeline for row in found.rows[3:]] == ["oracle: bm25 % 4", "oracle: bm25 % 6"]
    by_pipeline = {row.pipeline: row for row in found.rows}
    whole = by_pipeline["bm25 % 7"].kept
    for depth in (4, 6):
        reachable = [f"d{(place + 1) % 7}" in whole[f"q{place}"].documents[:depth] for place in range(7)]
        assert by_pipeline[f"oracle: bm25 % {depth}"].measures["RR@10"] == pytest.approx(sum(reachable) / 7)
    assert not any(row.versus for row in found.rows if row.is_oracle)
    alone = compare(dataset, ["bm25 % 2"], measures=["RR@10"], oracle=True)
    assert [row.pipeline for row in alone.rows] == ["bm25 % 2", "oracle: bm25 % 2"]
    assert [one["candidates"] for one in alone.to_dict()["oracles"]] == ["bm25 % 2"]


def test_a_first_stage_is_asked_once_for_all_rows(
    collection: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answer = first_shown_first
    asked: Counter[tuple[str, int]] = Counter()
    opened = Bm25.open

    def counting(stage: Bm25, source):
        retriever = opened(stage, source)
        search = retriever.search

        def told(queries, *, k):
            asked.update((query.id, k) for query in queries)
            return search(queries, k=k)

        monkeypatch.setattr(retriever, "search", told)
        return retriever

    monkeypatch.setattr(Bm25, "open", counting)
    found = compare(
        Dataset.open(collection), ["bm25 % 5", WINDOW, "bm25 % 2"], settings=settings(endpoint), repeat=2
    )
    assert asked == {(f"q{place}", 5): 1 for place in range(7)}
    assert [{len(kept.documents) for kept in row.kept.values()} for row in found.rows] == [{5}, {4}, {2}]
    first, second, third = ([stage.stage for stage in row.stages] for row in found.rows)
    assert (first, second, third) == (["bm25"], ["bm25", "listwise(window=4, stride=2)"], ["bm25"])
    assert found.rows[2].stages[0].documents_out == 2.0
    assert all(row.seconds is not None and row.seconds.p50 > 0 for row in found.rows)


def test_repetitions_ask_anew_and_tell_the_spread(
    collection: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    turn = itertools.count()
    endpoint.answer = lambda prompt: "[1] > [2] > [3] > [4]" if next(turn) < 7 else "[4] > [3] > [2] > [1]"
    kept = replace(settings(endpoint), cache=tmp_path / "answers.sqlite", parallel=1)
    found = compare(
        Dataset.open(collection), ["bm25 % 4", WINDOW], settings=kept, measures=["RR@10"], repeat=3
    )
    plain, row = found.rows
    assert (plain.repeats, row.repeats) == (1, 3)
    assert len(endpoint.prompts) == 21, "the cache does not answer for another repetition"
    assert row.trace.calls == 21
    assert row.to_dict()["rounds"] == 1.0
    spread = row.spread["RR@10"]
    assert (spread.least, spread.most) == (0.25, 1.0)
    assert row.measures["RR@10"] == pytest.approx(spread.mean) == pytest.approx((1.0 + 0.25 + 0.25) / 3)
    assert row.changed == 1.0
    again = compare(Dataset.open(collection), [WINDOW], settings=kept, measures=["RR@10"], repeat=3)
    assert len(endpoint.prompts) == 21, "and every repetition resumes"
    assert again.rows[0].measures == row.measures
    [told] = forecast(Dataset.open(collection), [WINDOW], settings=kept, repeat=3, shuffle=True)
    assert told.estimate.calls.most == 7 * (3 + 2)


@pytest.mark.parametrize(("judge", "alike"), [(by_name, True), (first_shown_first, False)])
def test_other_orders_show_who_only_repeats_the_place(
    collection: Path, endpoint: Endpoint, judge, alike: bool
) -> None:
    endpoint.answer = judge
    found = compare(
        Dataset.open(collection),
        ["bm25 % 4", WINDOW],
        settings=settings(endpoint),
        measures=["RR@10"],
        shuffle=True,
    )
    plain, row = found.rows
    assert plain.sensitivity is None
    assert row.sensitivity is not None
    told = row.sensitivity.measures["RR@10"]
    assert list(told) == ["as found", "reversed", "shuffled"]
    if alike:
        assert row.sensitivity.rbo == 1.0
        assert len(set(told.values())) == 1
    else:
        assert row.sensitivity.rbo < 1.0
        assert (told["as found"], told["reversed"]) == (1.0, 0.25)
    assert row.trace.calls == 7
    assert row.sensitivity.trace.calls == 14


def test_without_judgements_rows_are_held_against_each_other(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = by_name
    (collection / "qrels" / "test.tsv").unlink()
    told = []
    found = compare(
        Dataset.open(collection),
        ["bm25 % 4", WINDOW],
        settings=settings(endpoint),
        measures=["no such measure"],
        oracle=True,
        progress=told.append,
    )
    assert (found.measures, found.judged, len(found.rows)) == ((), False, 2)
    assert any("nothing is judged here" in warning for warning in found.warnings)
    [pair] = found.agreement
    assert pair.overlap == 1.0, "the same four documents"
    assert 0 < pair.rbo < 1
    assert found.detectable == {}
    assert json.loads(found.to_json())["rows"][1]["measures"] == {}
    assert (told[-1].calls, told[-1].tokens, told[-1].cost) == (7, 7 * 107, None)


def test_every_query_is_told_in_a_file_of_its_row(
    collection: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.answer = by_name
    out = tmp_path / "out"
    compare(
        Dataset.open(collection), ["bm25", WINDOW], settings=settings(endpoint), measures=["RR@10"], out=out
    )
    compare(
        Dataset.open(collection), ["bm25", WINDOW], settings=settings(endpoint), measures=["RR@10"], out=out
    )
    lines = list(StoredTraces(next(out.glob("2-*.jsonl"))))
    assert [line.traced.query.id for line in lines] == [f"q{place}" for place in range(7)]
    first = lines[0].traced
    assert first.measures == {"RR@10": 1 / (1 + [hit.id for hit in first.hits].index("d0"))}
    assert len(first.hits) == 4
    assert first.trace.calls == 1
    assert (first.dataset, first.row) == ("colours", 2)


def test_a_row_that_always_fails_does_not_stop_the_others(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = lambda prompt: 403
    found = compare(
        Dataset.open(collection),
        ["bm25", WINDOW],
        settings=settings(endpoint),
        oracle=True,
        repeat=3,
        shuffle=True,
    )
    assert found.failure is not None
    assert len(endpoint.prompts) == 7, "nobody is asked again who answered nothing"
    assert found.rows[1].repeats == 1
    assert len(found.rows[1].failures) == 7
    assert found.rows[1].versus["nDCG@10"].losses == 7
    assert found.agreement == ()


def test_what_fails_in_a_later_repetition_or_order_is_listed(collection: Path, endpoint: Endpoint) -> None:
    asked: Counter[str] = Counter()

    def failing(prompt: str) -> str | int:
        [colour] = re.findall(r"Which paint for (\w+) walls", prompt)[:1]
        asked[colour] += 1
        return 403 if (colour, asked[colour]) in {("green", 2), ("blue", 3)} else by_name(prompt)

    endpoint.answer = failing
    found = compare(
        Dataset.open(collection),
        [WINDOW],
        settings=settings(endpoint),
        measures=["RR@10"],
        repeat=2,
        shuffle=True,
    )
    [row] = found.rows
    assert list(row.failures) == ["q1", "q2"]
    assert row.failures["q1"].startswith("repetition 2: ")
    assert row.failures["q2"].startswith("reversed order: ")
    assert found.degraded
    assert len(row.kept) == 7


def test_a_limit_reached_in_another_order_is_told(collection: Path, endpoint: Endpoint) -> None:
    endpoint.answer = by_name
    bounded = replace(settings(endpoint), limits=Limits(calls=10))
    options = {"settings": bounded, "measures": ["RR@10"]}
    assert not compare(Dataset.open(collection), [WINDOW], **options).exhausted
    found = compare(Dataset.open(collection), [WINDOW], shuffle=True, **options)
    assert found.exhausted
    assert found.rows[0].to_dict()["exhausted"] == "calls"
    assert len(endpoint.prompts) == 7 + 10


def test_the_same_answers_give_the_same_files_at_any_parallelism(
    collection: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    answered = [threading.Event() for _ in range(3)]
    gate = threading.Barrier(3, action=lambda: [event.clear() for event in answered])

    def overtaking(prompt: str) -> str:
        """Of three that wait for one another, the last to come is answered first."""
        if together:
            place = gate.wait(20.0)
            for later in answered[place + 1 :]:
                later.wait(20.0)
            answered[place].set()
        return by_name(prompt)

    endpoint.answer = overtaking
    written = []
    for together in (False, True):
        folder = tmp_path / str(together)
        at_once = replace(settings(endpoint), parallel=3 if together else 1)
        compare(
            Dataset.open(collection),
            ["bm25 % 6", "bm25 % 6 >> listwise(window=4, stride=2)"],
            settings=at_once,
            limit=6,
            repeat=2,
            shuffle=True,
            oracle=True,
            out=folder,
        )
        written.append({path.name: _timeless(path.read_text()) for path in folder.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 5


def _timeless(text: str) -> str:
    """The text without any number of seconds."""
    return re.sub(r'"(seconds|p50|p95|p99)": ?[0-9.e-]+', r'"\1": 0', text)


def test_ids_that_no_run_can_hold_are_refused_before_anything_is_paid(
    collection: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.answer = by_name
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "two words.txt").write_text("Paint of a red kind covers walls well.")
    dataset = Dataset.open(documents=notes, queries=collection / "queries.jsonl")
    with pytest.raises(DataError, match=r"'two words\.txt' is empty or holds white space"):
        compare(dataset, [WINDOW], settings=settings(endpoint), out=tmp_path / "out")
    assert not endpoint.prompts
    assert len(compare(dataset, ["bm25"]).rows[0].kept) == 7


def test_repeat_must_be_a_number_of_times(collection: Path) -> None:
    with pytest.raises(ConfigError, match="repeat must be 1 or more, got 0"):
        compare(Dataset.open(collection), ["bm25"], repeat=0)


def test_rows_of_an_earlier_comparison_do_not_stay_behind(collection: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "notes").mkdir(parents=True)
    compare(Dataset.open(collection), ["bm25", "pool", "bm25 % 2"], out=out)
    (out / "3-mine.trec").write_text("kept")
    compare(Dataset.open(collection), ["bm25"], out=out)
    names = {"1-bm25.jsonl", "1-bm25.trec", "3-mine.trec", "compare.json", "notes"}
    assert {path.name for path in out.iterdir()} == names
