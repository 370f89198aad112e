"""Judgements by a model: graded, pooled, blind to the system, paid for once."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from llmrerank.errors import CallError, ConfigError, DataError
from llmrerank.evaluate import Dataset
from llmrerank.evaluate.labels import (
    Agreement,
    Labelled,
    contestant_warning,
    forecast_labels,
    journal_of,
    label,
    labelled_by,
    pool,
    stored_runs,
)
from llmrerank.evaluate.preparation import pipelines_of
from llmrerank.evaluate.qrels import read_qrels
from llmrerank.prompt_files import locate
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer, completion
from llmrerank.types import Limits

COLOURS = ["red", "green", "blue", "black", "white", "brown", "grey"]
DEPTH = 3


def text_of(body: Mapping[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])


def colours_of(prompt: str) -> tuple[str, str]:
    """The colour that is asked for and that of the passage."""
    asked, shown = (
        re.search(r"Which paint for (\w+) walls", prompt),
        re.search(r"Paint of a (\w+) kind", prompt),
    )
    assert asked is not None
    assert shown is not None
    return asked[1], shown[1]


def oracle(body: Mapping[str, Any]) -> str:
    asked, shown = colours_of(text_of(body))
    return "3" if asked == shown else "0"


def settings(server: StubServer, **more: Any) -> Settings:
    return Settings(model="stub", base_url=server.base_url, api_key="none", retries=0, **more)


@pytest.fixture
def unjudged(collection: Path) -> Path:
    (collection / "qrels" / "test.tsv").unlink()
    return collection


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "made" / "labels.tsv"


def lines_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal_of(out).read_text().splitlines()]


def graded(dataset: Path, out: Path, server: StubServer, *strategies: str, **more: Any) -> Labelled:
    own = {name: more.pop(name) for name in ("parallel", "limits", "cache", "instruction") if name in more}
    return label(
        Dataset.open(dataset),
        strategies or ["bm25"],
        out=out,
        settings=settings(server, **own),
        depth=more.pop("depth", DEPTH),
        **more,
    )


def test_a_pool_is_graded_and_written_with_its_provenance(unjudged: Path, out: Path) -> None:
    with StubServer(oracle) as server:
        labelled = graded(unjudged, out, server)
    assert (labelled.queries, labelled.pairs, labelled.now, labelled.left) == (7, 21, 21, 0)
    qrels = read_qrels(out)
    assert out.read_text().startswith("query-id\tcorpus-id\tscore\n")
    assert qrels == labelled.qrels
    assert {q: [d for d, grade in by.items() if grade == 3] for q, by in qrels.items()} == {
        f"q{i}": [f"d{i}"] for i in range(7)
    }
    assert labelled_by(out) == "stub"
    assert 'strategies = ["bm25"]' in out.with_name("labels.tsv.toml").read_text()
    first = lines_of(out)[0]
    assert {"query", "document", "grade", "score", "judge", "prompt", "instruction", "flags", "raw"} <= set(
        first
    )
    assert {"seconds", "tokens_in", "tokens_out"} <= set(first["trace"])
    trec = out.with_suffix(".qrels")
    with StubServer(oracle) as server:
        graded(unjudged, trec, server)
    assert read_qrels(trec) == qrels


def test_expected_grades_are_rounded_and_kept(unjudged: Path, out: Path) -> None:
    weights = {"0": 0.1, "1": 0.1, "2": 0.5, "3": 0.3}  # expected: 2.0

    def answer(body: Mapping[str, Any]) -> dict[str, Any]:
        import math

        top = [{"token": token, "logprob": math.log(p), "bytes": None} for token, p in weights.items()]
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "2"},
            "logprobs": {"content": [{**top[2], "top_logprobs": top}]},
        }
        return completion("2", choices=[choice])

    with StubServer(answer) as server:
        weights["3"], weights["0"] = 0.35, 0.05
        graded(unjudged, out, server, limit=1)
    assert {line["grade"] for line in lines_of(out)} == {2}
    assert lines_of(out)[0]["score"] == pytest.approx(0.1 + 2 * 0.5 + 3 * 0.35)


def test_the_judge_sees_neither_system_nor_rank(unjudged: Path, tmp_path: Path) -> None:
    """Equal pools give equal prompts, whoever found the documents and in whichever order."""
    chance = random.Random(5)
    for name in ("zebra", "yak"):
        with (unjudged / f"{name}.trec").open("w") as file:
            for query in range(7):
                found = chance.sample(range(7), 7)
                file.writelines(f"q{query} Q0 d{d} {r} {9 - r} {name}\n" for r, d in enumerate(found, 1))
    asked: dict[str, list[str]] = {}
    for strategies in (["run(path='zebra.trec')"], ["run(path='yak.trec')", "bm25"]):
        with StubServer(oracle) as server:
            graded(unjudged, tmp_path / f"{len(asked)}.tsv", server, *strategies, depth=7, parallel=1)
            prompts = [text_of(body) for body in server.requests]
        assert not re.search(r"(?i)zebra|yak|bm25|rank|\bd[0-6]\b", "\n".join(prompts))
        # Each once: a request may be sent again where the machine is busy.
        asked["+".join(strategies)] = list(dict.fromkeys(p for p in prompts if "Query:" in p))
    first, second = asked.values()
    assert first == second
    assert len(set(first)) == 49


def test_the_order_of_a_pool_depends_on_ids_and_seed_alone(unjudged: Path) -> None:
    def order(*strategies: str, depth: int = 7, seed: int = 0) -> list[tuple[str, str]]:
        dataset = Dataset.open(unjudged)
        return [
            pair.key for pair in pool(dataset, strategies, settings=Settings(seed=seed), depth=depth).pairs
        ]

    assert order("bm25") == order("rank-bm25", "bm25")
    assert order("bm25") != order("bm25", seed=1)
    shallow = order("bm25", depth=4)
    assert [key for key in order("bm25") if key in shallow] == shallow
    places = Counter(
        place for place, (query, document) in enumerate(order("bm25")) if query[1] == document[1]
    )
    assert len({place % 7 for place in places}) > 2, "the best document stands at no place of its own"


def test_a_stopped_run_goes_on_and_pays_for_nothing_twice(unjudged: Path, out: Path) -> None:
    """The provider fails for good after eight answers; the same command then asks only for the rest."""
    answered = 0

    def answer(body: Mapping[str, Any]) -> str | StubResponse:
        nonlocal answered
        answered += 1
        return (
            oracle(body) if answered <= 8 else StubResponse(status=500, body={"error": {"message": "gone"}})
        )

    with StubServer(answer) as server:
        stopped = graded(unjudged, out, server, parallel=1)
    assert (stopped.now, stopped.failed, stopped.left) == (7, 10, 4)  # the first call was sent twice
    assert stopped.failure is not None
    with StubServer(oracle) as server:
        finished = graded(unjudged, out, server, parallel=1)
        assert len(server.requests) == 21 - 7 + 1
    assert (finished.before, finished.now, finished.left) == (7, 14, 0)
    with StubServer(oracle) as server:
        again = graded(unjudged, out, server)
        assert (len(server.requests), again.before, again.now) == (0, 21, 0)


KILLED = """
import sys
from pathlib import Path
from llmrerank.evaluate import Dataset
from llmrerank.evaluate.labels import label
from llmrerank.prompt_files import locate
from llmrerank.settings import Settings
folder, out, url = sys.argv[1:]
label(Dataset.open(folder), ["bm25"], out=Path(out), depth=3,
      settings=Settings(model="stub", base_url=url, api_key="none", parallel=2))
"""


def test_a_killed_process_loses_at_most_the_calls_in_flight(unjudged: Path, out: Path) -> None:
    process: subprocess.Popen[bytes] | None = None

    def answer(body: Mapping[str, Any]) -> str:
        if len(server.requests) == 9 and process is not None:
            process.kill()
        return oracle(body)

    with StubServer(answer) as server:
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(unjudged), str(out), server.base_url])
        process.wait()
        assert process.returncode == -9
        assert not out.exists()
        with journal_of(out).open("ab") as file:
            file.write(b'{"schema": 1, "id": "q1 d')  # cut off in the middle of a line
        process = None
        labelled = graded(unjudged, out, server, parallel=2)
        # The first call of each process may be sent twice: without log-probabilities words are asked for.
        assert len(server.requests) <= 21 + 2 + 2 * 2
    assert labelled.before >= 5
    assert labelled.before + labelled.now == 21
    assert len(read_qrels(out)) == 7


def test_what_cannot_be_read_or_is_declined_stays_unjudged_and_is_not_paid_again(
    unjudged: Path, out: Path
) -> None:
    def answer(body: Mapping[str, Any]) -> str | StubResponse:
        asked, shown = colours_of(text_of(body))
        if asked == shown == "red":
            return "I would rather talk about the weather."
        if asked == shown == "green":
            return StubResponse(status=400, body={"error": {"message": "filtered", "code": "content_filter"}})
        return oracle(body)

    with StubServer(answer) as server:
        labelled = graded(unjudged, out, server)
        asked = len(server.requests)
        assert (labelled.now, labelled.ungraded, labelled.failed) == (19, 2, 0)
        assert graded(unjudged, out, server).ungraded == 2
        assert len(server.requests) == asked
    by_pair = {(line["query"], line["document"]): line for line in lines_of(out)}
    assert by_pair["q0", "d0"]["raw"] == "I would rather talk about the weather."
    assert "unparsed" in by_pair["q0", "d0"]["flags"]
    assert by_pair["q1", "d1"]["flags"] == ["refused"]
    assert "d0" not in read_qrels(out)["q0"]
    with StubServer(oracle) as server:
        assert graded(unjudged, out, server, again=True).now == 2
    assert read_qrels(out)["q0"]["d0"] == 3


def test_judgements_that_are_there_are_kept_and_can_be_checked_against(collection: Path, out: Path) -> None:
    (collection / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\n" + "".join(f"q{i}\td{i}\t{3 if i % 2 else 2}\n" for i in range(7))
    )
    with StubServer(oracle) as server:
        labelled = graded(collection, out, server, check=4)
        assert len(server.requests) == 14 + 4 + 1
    assert (labelled.given, labelled.now) == (7, 18)
    assert {by[f"d{query[1]}"] for query, by in read_qrels(out).items()} == {2, 3}
    assert labelled.agreement is not None
    assert labelled.agreement.pairs == 4
    assert all(second == 3 for _, second in labelled.agreement.table)
    with StubServer(oracle) as server:
        again = graded(collection, out, server, again=True)
        assert len(server.requests) == 3 + 1
    assert again.agreement is not None
    assert again.agreement.table == {(2, 3): 4, (3, 3): 3}
    assert {by[f"d{query[1]}"] for query, by in read_qrels(out).items()} == {3}


def test_two_scales_in_one_file_are_warned_about(collection: Path, out: Path) -> None:
    with StubServer(oracle) as server:
        labelled = graded(collection, out, server)  # judged with 1, labelled up to 3
    assert any("mixes two scales" in warning for warning in labelled.warnings)


def test_limits_hold_for_labels_and_the_next_run_goes_on(unjudged: Path, out: Path) -> None:
    with StubServer(oracle) as server:
        labelled = graded(unjudged, out, server, parallel=1, limits=Limits(calls=5))
        assert len(server.requests) == 5
        assert labelled.exhausted is not None
        assert (labelled.now, labelled.left) == (4, 17)
        assert graded(unjudged, out, server).now == 17


def test_other_judges_prompts_and_judgements_are_not_mixed_in(
    unjudged: Path, out: Path, tmp_path: Path
) -> None:
    with StubServer(oracle) as server:
        graded(unjudged, out, server, limit=1)
        with pytest.raises(ConfigError, match="one judge"):
            label(Dataset.open(unjudged), ["bm25"], out=out, settings=Settings(model="other"))
        with pytest.raises(ConfigError, match="another strategy"):
            graded(unjudged, out, server, instruction="Only glossy paint.")
        mine = tmp_path / "mine.tsv"
        mine.write_text("query-id\tcorpus-id\tscore\nq0\td0\t1\n")
        with pytest.raises(ConfigError, match="made elsewhere"):
            graded(unjudged, mine, server)
    assert mine.read_text().endswith("q0\td0\t1\n")
    halves = tmp_path / "halves.toml"
    halves.write_text(locate("graded").read_text(encoding="utf-8").replace('"3" = 3', '"3" = 2.5'))
    with pytest.raises(ConfigError, match="whole numbers"):
        label(Dataset.open(unjudged), ["bm25"], out=tmp_path / "a.tsv", prompt=str(halves))


def test_a_provider_that_never_answers_is_an_error(unjudged: Path, out: Path) -> None:
    with (
        StubServer(lambda _: StubResponse(status=401, body={"error": {"message": "bad key"}})) as server,
        pytest.raises(CallError),
    ):
        graded(unjudged, out, server)
    assert not out.exists()


def test_ids_that_a_file_cannot_hold_are_refused_before_anything_is_paid(
    unjudged: Path, tmp_path: Path
) -> None:
    (unjudged / "corpus.jsonl").write_text('{"_id": "d 0", "title": "", "text": "Paint of a red kind"}\n')
    with StubServer(oracle) as server:
        with pytest.raises(DataError, match="white space"):
            graded(unjudged, tmp_path / "made.qrels", server)
        assert server.requests == []


def test_stored_runs_are_pooled(unjudged: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "1-a.trec").write_text("q0 Q0 d3 1 2 a\nq0 Q0 d1 2 1 a\n")
    (runs / "2-b.trec").write_text("q0 Q0 d5 1 2 a\nq0 Q0 d1 2 1 a\n")
    (runs / "compare.json").write_text("{}")
    pooled = pool(Dataset.open(unjudged), stored_runs(runs), depth=1)
    assert {pair.key for pair in pooled.pairs} == {("q0", "d3"), ("q0", "d5")}
    assert len(stored_runs(runs / "1-a.trec")) == 1
    with pytest.raises(ConfigError, match="no run"):
        stored_runs(tmp_path / "absent")


def test_a_forecast_counts_what_labelling_sends(collection: Path, out: Path) -> None:
    dataset = Dataset.open(collection)
    with StubServer(oracle) as server:
        own = settings(server)
        exact = forecast_labels(dataset, ["bm25"], settings=own, depth=DEPTH, check=2)
        between = forecast_labels(dataset, ["bm25", "bm25 % 5 >> listwise"], settings=own, depth=DEPTH)
        assert server.requests == []
        assert not journal_of(out).exists()
        graded(collection, out, server, check=2)
    calls = exact.rows[-1][2].calls
    assert (calls.least, calls.most) == (14 + 2, 14 + 2)
    assert len(lines_of(out)) == calls.most
    spread = between.rows[-1][2].calls
    assert (spread.least, spread.most) == (21 - 7, 42)
    assert between.rows[1][2].calls.most == 7


def test_a_labelling_model_that_is_a_contestant_is_warned_about(collection: Path) -> None:
    dataset = Dataset.open(collection)
    own = Settings(model="openai/gpt-5-mini")
    contestants = pipelines_of(dataset, ["bm25", "bm25 % 5 >> listwise"], settings=own)
    said = contestant_warning("GPT-5-mini", contestants)
    assert said is not None
    assert "bm25 % 5 >> listwise" in said
    assert contestant_warning("gpt-5", contestants) is None
    assert contestant_warning("gpt-5-mini", contestants[:1]) is None
    assert contestant_warning(None, contestants) is None
    named = pipelines_of(dataset, ["bm25 % 5 >> pointwise(model='judge')"], settings=own)
    assert contestant_warning("judge", named) is not None


def test_agreement_is_cohen_s() -> None:
    """The weighted kappa of a table that is easily worked out by hand."""
    grades = [(0, 0)] * 4 + [(0, 1)] * 2 + [(1, 1)] * 3 + [(2, 2)] * 2 + [(2, 0)]
    agreement = Agreement.of(grades)
    assert agreement is not None
    assert agreement.exact == 9 / 12
    assert agreement.error == 4 / 12
    # Chance: sum over grades of |i - j| times the product of both shares, 6-3-3 against 5-5-2.
    chance = (6 * 5 + 6 * 2 * 2 + 3 * 5 + 3 * 2 + 3 * 5 * 2 + 3 * 5) / 144
    assert agreement.kappa == pytest.approx(1 - (4 / 12) / chance)
    assert Agreement.of([]) is None
    alone = Agreement.of([(1, 1), (1, 1)])
    assert alone is not None
    assert alone.kappa is None
