"""What the wheel packs of the stdlib collection is enough to make it, away from the checkout."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from llmrerank import ConfigError
from llmrerank.evaluate import Dataset, stdlib

ROOT = Path(__file__).parents[2]


def test_the_packed_files_make_the_collection(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    ours = {source: target for source, target in packed.items() if source.startswith("examples/stdlib/")}
    home = tmp_path / "_stdlib"
    home.mkdir()
    for source, target in ours.items():
        assert target == f"llmrerank/_stdlib/{Path(source).name}"
        shutil.copy(ROOT / source, home)
    out = tmp_path / "made"
    command = [sys.executable, str(home / "make_corpus.py"), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    made = Dataset.open(out)
    assert made.name == "stdlib"
    assert len(made.queries) == len(made.qrels) == 40
    assert len(made.corpus) > 3000
    assert made.relevance == 2


def test_the_library_makes_it_once_and_keeps_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    first = stdlib.stdlib_collection(tmp_path / "here")
    written = (tmp_path / "here" / "corpus.jsonl").stat().st_mtime_ns
    again = stdlib.stdlib_collection(tmp_path / "here")
    assert (tmp_path / "here" / "corpus.jsonl").stat().st_mtime_ns == written
    assert first.qrels == again.qrels


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="could not be made in"):
        stdlib.stdlib_collection(tmp_path / "file" / "folder")
