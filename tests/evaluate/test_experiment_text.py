"""The experiment file says everything again, and nothing that is secret."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from llmrerank import config
from llmrerank.config import load
from llmrerank.experiment import experiment_text
from llmrerank.prompt_files import locate
from llmrerank.resolution import resolve

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(title=TEXTS, metrics=st.lists(TEXTS, min_size=1), instruction=TEXTS, seed=st.integers(0, 2**31))
def test_what_was_said_is_read_again(title: str, metrics: list[str], instruction: str, seed: int) -> None:
    resolved = resolve(None, {"instruction": instruction, "seed": seed})
    text = experiment_text({"title": title, "metrics": metrics, "limit": None, "shuffle": True}, resolved)
    values = tomllib.loads(text)
    assert values["compare"] == {"title": title, "metrics": metrics, "shuffle": True}
    assert values["defaults"] == {"instruction": instruction, "seed": seed}


def test_a_file_of_settings_comes_back_as_the_same_settings(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("SECRET_OF_MINE", "sk-do-not-write-this-1234567890")
    (tmp_path / "llmrerank.toml").write_text(
        "[defaults]\nendpoint = 'local'\nmax_cost = 2.5\n"
        "examples = [{query = 'a', document = 'b', label = 'yes'}]\n"
        "[endpoints.local]\nbase_url = 'http://user:password@127.0.0.1:8080/v1'\nmodel = 'm'\n"
        "api_key_env = 'SECRET_OF_MINE'\nextra_body = {top_k = 1, deep = {a = [1, 2.5, true]}}\n"
        "[strategies]\nmine = 'bm25 % 7'\n"
        '[prices]\ndate = 2026-11-01\n[prices.models."m/x 1"]\ninput = 0.5\noutput = 2\n'
        "[compare]\ndataset = 'here'\nstrategies = ['bm25', 'mine']\n"
    )
    first = load(tmp_path / "llmrerank.toml")
    text = experiment_text(
        first.compare, first.resolve(), strategies=first.strategies, date=datetime.date(2026, 11, 26)
    )
    assert "password" not in text
    assert "sk-do-not" not in text
    again = tmp_path / "elsewhere" / "experiment.toml"
    again.parent.mkdir()
    again.write_text(text)
    second = config.load(again)
    one, other = first.settings(), second.settings()
    for name in ("model", "api_key_env", "extra_body", "limits", "prices", "examples", "seed"):
        assert getattr(one, name) == getattr(other, name), name
    assert other.base_url == "http://127.0.0.1:8080/v1"
    assert second.strategies == {"mine": "bm25 % 7"}
    assert second.compare["strategies"] == ("bm25", "mine")
    assert second.compare["dataset"] == (str(tmp_path / "here"),)


def test_paths_of_an_experiment_are_those_of_its_folder_or_of_its_user(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "own.toml").write_text(locate("pointwise").read_text())
    own = "bm25 >> pointwise(prompt='./own.toml')"
    file = tmp_path / "experiment.toml"
    file.write_text(
        '[compare]\ndataset = ["~/one", "two", "irds:three"]\ncard = "~/card.toml"\n'
        f'strategies = ["bm25  %  3", "{own}"]\nbaseline = "{own}"\n'
    )
    said = load(file).compare
    assert said["dataset"] == (str(tmp_path / "home" / "one"), str(tmp_path / "two"), "irds:three")
    assert said["card"] == tmp_path / "home" / "card.toml"
    assert said["strategies"][0] == "bm25  %  3", "what needs no change stays as it was typed"
    assert said["strategies"][1] == said["baseline"] == own.replace("./own.toml", str(tmp_path / "own.toml"))
