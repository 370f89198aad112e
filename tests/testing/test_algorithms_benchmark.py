"""The benchmark of algorithms: what it counts, how it emulates logs, and that its page is its own."""

import importlib
import re
import statistics
import sys
from pathlib import Path

import numpy as np
import pytest

from llmrerank.testing import simulate

ROOT = Path(__file__).resolve().parents[2]
DL19 = ROOT.parent / "shared" / "data" / "dl19"
needs_dl19 = pytest.mark.skipif(not DL19.is_dir(), reason="the shared collection dl19 is not here")


@pytest.fixture(scope="module")
def benchmark():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        yield importlib.import_module("algorithms")
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


def test_lists_are_the_same_at_every_noise_and_a_judge_without_noise_is_perfect(benchmark):
    quiet, loud = (benchmark.drawn(7, benchmark.Noise(fresh=fresh)) for fresh in (0, 0.7))
    assert quiet.prior == loud.prior == tuple(sorted(quiet.prior, reverse=True))
    assert list(quiet.merit) == list(loud.merit)
    perfect = [int(position) for position in np.argsort(-quiet.merit)]
    assert list(quiet.judge("any")(tuple(range(100)))) == perfect
    assert quiet.quality(perfect) == pytest.approx(1)
    assert quiet.quality(perfect[::-1]) == 0
    slate = (5, 3, 9, 1)
    assert loud.judge("sliding")(slate) == loud.judge("sliding")(slate)
    seen = {tuple(loud.judge(name)(slate)) for name in "abcdefghijkl"}
    assert len(seen) > 1


def test_repeats_of_a_query_are_one_piece_of_evidence(benchmark):
    setting = benchmark.Setting(name="any", make=None, lists=4, groups={0: 0, 1: 1, 2: 0, 3: 1})
    ran = [benchmark.Ran(quality, 1, 20, 1, 0) for quality in (0.2, 0.6, 0.4, 0.6)]
    setting.ran = {"sliding": dict(enumerate(ran))}
    mean, half = setting.mean("sliding")
    assert mean == pytest.approx(0.45)
    assert half == pytest.approx(1.96 * statistics.stdev([0.3, 0.6]) / 2**0.5)
    assert setting.difference("sliding") == (0, 0)


def test_a_list_is_run_by_all_and_the_first_stage_costs_nothing(benchmark):
    make = benchmark.partial(benchmark.drawn, noise=benchmark.Noise(fresh=0.3))
    group, ran = benchmark.run_list(make, ["first stage", "sliding", "adaptive"], 3)
    assert group == 3
    assert (ran["first stage"].calls, ran["sliding"].calls, ran["adaptive"].calls) == (0, 9, 7)
    assert ran["first stage"].quality < ran["sliding"].quality <= 1
    assert all(one.unknown == one.calls for one in ran.values())


@needs_dl19
def test_a_sliding_pass_over_a_log_is_the_logged_run_and_other_windows_are_emulated(benchmark):
    for log, expected in zip(benchmark.MODELS, (0.6665, 0.6675), strict=True):
        qualities, unknown, shown = [], [], 0
        for number in range(43):
            judged = benchmark.emulated(DL19, log, number)
            judge = judged.judge("sliding", unknown)
            ran = simulate("sliding", judge, size=len(judged.prior), top=10, prior=judged.prior)
            qualities.append(judged.quality(ran.order))
            shown += ran.calls
        assert (shown, unknown) == (387, [])
        assert statistics.fmean(qualities) == pytest.approx(expected, abs=0.0005)
        _, ran = benchmark.run_list(
            benchmark.partial(benchmark.emulated, DL19, log), [benchmark.UNLOGGED, "adaptive"], 0
        )
        assert ran[benchmark.UNLOGGED].unknown == 9
        assert ran["adaptive"].unknown == ran["adaptive"].calls == 7


@needs_dl19
def test_the_noise_gives_the_disagreement_that_was_measured(benchmark):
    for log in benchmark.MODELS:
        one = benchmark.disagreement(DL19, log)
        assert 0.15 < one.share < 0.21
        assert one.pairs > 5000
        judged = benchmark.emulated(DL19, log, 0)
        judge = judged.judge("any", logged=False)
        by_final = [int(position) for position in np.argsort(-judged.merit)]
        apart = {
            distance: np.mean(
                [judge((by_final[0], by_final[distance]))[0] != by_final[0] for _ in range(400)]
            )
            for distance in (1, 60)
        }
        assert apart[1] > 0.3
        assert apart[60] == 0


def test_the_page_is_what_the_benchmark_writes(benchmark):
    written = benchmark.PAGE.read_text(encoding="utf-8")
    words = re.split(r"\{[a-z0-9 ]+\}", benchmark.WORDS.read_text(encoding="utf-8"))
    place = 0
    for piece in words:
        found = written.find(piece, place)
        assert found >= 0, f"docs/algorithms.md lacks {piece[:80]!r}; run benchmarks/algorithms.py --write"
        place = found + len(piece)
    assert not re.search(r"\{[a-z0-9 ]+\}", written)
    rows = re.findall(r"^\| `([^`]+)` \|", written, re.MULTILINE)
    assert {*rows} >= {spec for spec in benchmark.SPECS if spec != benchmark.FIRST_STAGE}
