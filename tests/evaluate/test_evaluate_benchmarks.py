"""The benchmarks of presets and instructions: what they leave out, what they tell, and when they fail."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from scripted_endpoint import Endpoint

from llmrerank.evaluate import Dataset, compare
from llmrerank.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
FIRST, RERANKED = "bm25 % 3", "bm25 % 3 >> listwise"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def presets() -> ModuleType:
    return _module("presets")


@pytest.fixture(scope="module")
def instructions() -> ModuleType:
    return _module("instructions")


def _settings(endpoint: Endpoint) -> Settings:
    return Settings(model="scripted", base_url=endpoint.base_url, api_key="none", retries=0)


def test_a_preset_without_its_models_is_left_out_with_the_reason(presets: ModuleType, tmp_path: Path) -> None:
    found = {one.name: one for one in presets.candidates(None, False, [FIRST])}
    assert {"fast", "balanced", "thorough", "stands in"} <= set(found)
    assert "no endpoint" in found["balanced"].left_out
    assert found["stands in"].left_out == ""
    assert found["balanced"].first_stage == "hybrid % 50"
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    found = {one.name: one for one in presets.candidates(str(folder), True, [])}
    assert found["fast"].left_out == ""
    assert f"cross-encoder(model='{folder}')" in found["fast"].pipeline
    assert found["balanced"].left_out == ""


def test_what_ranks_below_its_first_stage_is_told_and_what_does_not_is_not(
    presets: ModuleType, collection: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    preset = presets.Candidate(name="mine", pipeline=RERANKED)
    measured = {}
    for way, answer in (("reverse", "[3] > [2] > [1]"), ("keep", "[1] > [2] > [3]")):
        endpoint.answer = lambda prompt, answer=answer: answer
        measured[way] = compare(
            Dataset.open(collection),
            ["bm25", FIRST, RERANKED],
            settings=_settings(endpoint),
            measures=[presets.MEASURE],
        )
    [said] = presets.show(measured["reverse"], [preset])
    assert said.startswith(f"mine: {RERANKED}, on colours: -0.")
    assert "BELOW" in capsys.readouterr().out
    assert presets.show(measured["keep"], [preset]) == []
    out = capsys.readouterr().out
    assert "BELOW" not in out
    assert re.search(r"mine: .* 1\.0000 +bm25 % 3 +\+0\.0000  1\.0000", out)


def test_nothing_measured_is_no_success(
    presets: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes").mkdir()
    monkeypatch.setattr("sys.argv", ["presets.py", "--data", str(tmp_path), "--collections", "notes"])
    assert presets.main() == 2
    assert "nothing was measured" in capsys.readouterr().out


def _runs(folder: Path) -> None:
    (folder / "runs").mkdir()
    right = "".join(f"q{n} Q0 d{n} 1 9 x\n" for n in range(7))
    wrong = "".join(f"q{n} Q0 d{(n + 1) % 7} 1 9 x\nq{n} Q0 d{n} 2 8 x\n" for n in range(7))
    (folder / "runs" / "system_O.trec").write_text(right)
    (folder / "runs" / "system.trec").write_text(wrong)


def test_arms_differ_in_what_is_told_and_stored_runs_stand_beside_them(
    instructions: ModuleType,
    collection: Path,
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "birco-whatsthatbook"
    shutil.copytree(collection, folder)
    lines = ["query-id\tcorpus-id\tscore"]
    lines += [f"q{q}\td{d}\t{int(q == d)}" for q in range(7) for d in range(7)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    _runs(folder)
    endpoint.answer = lambda prompt: "7" if "What makes a passage relevant" in prompt else "3"
    words = ["--data", str(tmp_path), "--queries", "2", "--examples"]
    words += ["--base-url", endpoint.base_url, "--model", "scripted"]
    monkeypatch.setattr("sys.argv", ["instructions.py", *words])
    assert instructions.main() == 0
    out = capsys.readouterr().out
    assert "2 queries, 7 documents each" in out
    for arm in ("query alone", "with instruction ", "with instruction and examples"):
        assert f"  {arm}" in out
    assert re.search(r"system_O +1\.0000 +\+0\.3691, p 0\.0\d+ +1\.0000", out)
    told = [prompt for prompt in endpoint.prompts if "title they forgot" in prompt]
    assert 0 < len(told) < len(endpoint.prompts)
    assert any("thirteen" in prompt for prompt in told), "the third arm shows the card's examples"
    assert any("thirteen" not in prompt for prompt in told)


def test_every_card_that_is_measured_is_there(instructions: ModuleType, collection: Path) -> None:
    for name in instructions.CARDS.values():
        dataset = Dataset.open(collection, card=ROOT / "examples" / "cards" / name)
        plain, told = dict(instructions.arms(dataset, with_examples=False)).values()
        assert (plain.instruction, plain.examples) == ("", ())
        assert told == replace(dataset, examples=())
