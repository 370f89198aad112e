"""The logged answers of real LLMs, through our own windows, parser and measures, give the stored quality."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DL19 = ROOT.parent / "shared" / "data" / "dl19"
needs_dl19 = pytest.mark.skipif(not DL19.is_dir(), reason="the shared collection dl19 is not here")


@pytest.fixture(scope="module")
def replay_logs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("replay_logs", ROOT / "benchmarks" / "replay_logs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["replay_logs"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_parts_of_a_prompt_follow_labels_in_order(replay_logs: ModuleType) -> None:
    prompt = "Rank them, as [2] > [1].\n[1] one, see\n[3] there\n[2] two\n[1] again\n[3] three"
    assert replay_logs.labelled(prompt) == [" one, see\n[3] there\n", " two\n[1] again\n", " three"]


def test_beginnings_survive_entities_spaces_and_case(replay_logs: ModuleType) -> None:
    assert replay_logs.beginning("Fish &amp; chips\u00a0cost  \u00a33.") == replay_logs.beginning(
        "FISH & Chips cost 3"
    )
    assert len(replay_logs.beginning("long " * 100)) == 60


@needs_dl19
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T183614", 0.6665),
        pytest.param(
            "bm25+vicuna-7b-checkpoint-800_4096_100.2023-09-08T210809", 0.6675, marks=pytest.mark.slow
        ),
    ],
)
def test_logged_answers_give_the_stored_quality(replay_logs: ModuleType, name: str, expected: float) -> None:
    comparison, answers = replay_logs.replay(DL19, name)
    stored, ours = comparison.rows
    assert answers.missing == []
    assert answers.found == 43 * 9
    assert stored.measures["nDCG@10"] == pytest.approx(expected, abs=0.0005)
    assert ours.measures["nDCG@10"] == pytest.approx(expected, abs=0.0005)
    assert ours.trace.calls == 43 * 9
    assert (ours.trace.degraded, len(ours.failures)) == (0, 0)
