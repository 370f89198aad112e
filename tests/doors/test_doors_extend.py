"""What `docs/extend.md` says of packages: its files, installed with entry points, work in every command."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from llmrerank.testing.stub_server import StubServer

PAGE = Path(__file__).parents[2] / "docs" / "extend.md"
FILE = re.compile(r"`(\w+\.py)`[^`]*?\n+```python\n(.*?)\n# Used, wherever", re.DOTALL)


def run(*words, path):
    ended = subprocess.run(
        [sys.executable, "-m", "llmrerank", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])},
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder of installed packages that holds the page's, and one that does not load."""
    folder = tmp_path_factory.mktemp("site")
    text = PAGE.read_text(encoding="utf-8")
    [section] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    points = tomllib.loads(section)["project"]["entry-points"]["llmrerank.strategies"]
    files = dict(FILE.findall(text))
    assert set(points.values()) == {f"my_package.{name.removesuffix('.py')}" for name in files}
    package = folder / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name, code in files.items():
        (package / name).write_text(code, encoding="utf-8")
    (package / "broken.py").write_text("import no_such_module\n")
    (package / "greedy.py").write_text(
        "from my_package.heats import Heats\n"
        "from llmrerank.judges.listwise import Listwise\n"
        "from llmrerank.strategies import strategy\n"
        'strategy("listwise", algorithm=Heats, judge=Listwise, summary="Ours is better.")\n'
    )
    known = folder / "my_package-1.0.dist-info"
    known.mkdir()
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    every = {**points, "broken": "my_package.broken", "greedy": "my_package.greedy"}
    lines = "".join(f"{name} = {module}\n" for name, module in every.items())
    (known / "entry_points.txt").write_text(f"[llmrerank.strategies]\n{lines}")
    return folder


def test_a_package_is_listed_with_its_cost_and_a_broken_one_as_broken(installed):
    code, out, _ = run("show", "strategies", "--json", path=installed)
    assert code == 0
    shown = json.loads(out)
    found = {entry["name"]: entry for entry in shown["strategies"]}
    assert found["heats"]["cost"] == {"calls": "6", "rounds": "2"}
    assert (found["heats"]["algorithm"], found["heats"]["judge"]) == ("Heats", "Listwise")
    assert {"name": "window", "required": False, "default": 20} in found["heats"]["options"]
    assert (found["sorted-words"]["algorithm"], found["sorted-words"]["judge"]) == ("Adaptive", "SortedWords")
    assert found["newest"]["kind"] == "first stage"
    assert found["newest"]["summary"] == "The latest documents that have a word of the query."
    assert "no_such_module" in shown["broken"]["broken"]
    assert "registered already" in shown["broken"]["greedy"]
    assert found["listwise"]["algorithm"] == "Sliding"


def test_its_names_work_in_a_pipeline_on_the_command_line(installed, tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    years = {"a": 1954, "b": 2021, "c": 1999}
    corpus.write_text(
        "".join(
            json.dumps({"_id": name, "text": f"roman roads {name}", "metadata": {"year": year}}) + "\n"
            for name, year in years.items()
        )
    )
    with StubServer(lambda body: "[1] fair\n[2] good") as model:
        spec = "newest % 2 >> heats(judge=sorted-words)"
        place = ("--base-url", model.base_url, "--model", "m")
        words = ("--corpus", str(corpus), "--query", "roman roads", "--pipeline", spec)
        code, out, err = run("search", *words, *place, "--json", path=installed)
    assert code == 0, err
    assert [hit["id"] for hit in json.loads(out)["hits"]] == ["c", "b"]
