import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llmrerank.cli.app import run
from llmrerank.clients.capabilities import forget


@dataclass(frozen=True)
class Ended:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home-cache"))
    monkeypatch.chdir(tmp_path)
    forget()


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run the command line in this process. No run may ever show a traceback."""

    def call(*words: str, stdin: str | None = None) -> Ended:
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        code = run(words)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ended(code, out, err)

    return call


@pytest.fixture
def docs(tmp_path: Path) -> str:
    """Three documents, the second of which barks."""
    path = tmp_path / "docs.jsonl"
    lines = [
        {"id": "cat", "text": "Cats purr when they are content."},
        {"id": "dog", "title": "Dogs", "text": "A dog barks at night.", "breed": "any"},
        {"id": "bread", "text": "How to bake bread."},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    """A folder with six documents, two judged queries and an instruction."""
    folder = tmp_path / "animals"
    (folder / "qrels").mkdir(parents=True)
    texts = [
        "animals that purr: cats",
        "animals that bark: dogs",
        "birds sing",
        "bread",
        "cats sleep",
        "dogs",
    ]
    (folder / "corpus.jsonl").write_text(
        "".join(
            json.dumps({"_id": f"d{i}", "title": "", "text": text}) + "\n" for i, text in enumerate(texts)
        )
    )
    queries = {"q1": "which animals purr", "q2": "which animals bark"}
    (folder / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": qid, "text": text}) + "\n" for qid, text in queries.items())
    )
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td0\t1\nq2\td1\t1\n")
    (folder / "dataset.toml").write_text('name = "animals"\ninstruction = "The animal itself is wanted."\n')
    return str(folder)
