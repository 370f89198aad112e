"""README and docs tell the truth: their blocks run and print what they show, and so does the first command.

A block of Python that cannot run says why in a comment in front of it: `<!-- no test: reason -->`. What a
block prints stands in a block of text behind it; none: it prints nothing. Every block stands by itself. The
vendors that blocks speak of are answered by `vendors`.
"""

import contextlib
import io
import logging
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from vendors import vendors

from llmrerank import registry
from llmrerank.cli.app import run
from llmrerank.errors import MissingExtra
from llmrerank.spec import Call
from llmrerank.strategies import Strategy

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"(<!-- no test: [^>]+-->\n)?```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)
FRAMEWORKS = {"langchain_core", "llama_index", "haystack"}
CROSS_ENCODER = "cross-encoder/ms-marco-MiniLM-L6-v2"
NEEDS_CROSS_ENCODER = re.compile(rf"{CROSS_ENCODER}|\"(?:fast|balanced|thorough)\"")


@dataclass(frozen=True)
class Block:
    """Code of a document, and what it shows of its output."""

    page: Path
    line: int
    code: str
    shown: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page):
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(2)) + 1
        yield Block(page, line, found[2], found[3] or "", found[1] or "")


BLOCKS = [block for page in (README, *DOCS) for block in blocks_of(page)]
RUN = [block for block in BLOCKS if not block.reason]


@pytest.fixture
def desk(monkeypatch, tmp_path):
    """Where a reader sits: a folder and names of their own, the vendors' keys, the model that blocks name."""
    registry.find("bm25")  # ours are there before what a block registers, which is gone after it
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    monkeypatch.setenv("COHERE_API_KEY", "key")
    monkeypatch.setenv("HAYSTACK_TELEMETRY_ENABLED", "False")
    level = logging.getLogger("llmrerank").level
    with vendors():
        yield tmp_path
    logging.getLogger("llmrerank").setLevel(level)


@pytest.fixture
def cross_encoder(desk, monkeypatch):
    """A tiny model with random weights, in the hub's cache under the name of the default model."""
    pytest.importorskip("sentence_transformers", reason="needs the extra [local]")
    monkeypatch.syspath_prepend(ROOT / "tests" / "local")
    from tiny_models import tiny_cross_encoder

    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(desk / "hub"))
    kept = desk / "hub" / f"models--{CROSS_ENCODER.replace('/', '--')}"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("tiny")
    tiny_cross_encoder(kept / "snapshots" / "tiny")


@pytest.mark.parametrize("block", RUN, ids=str)
def test_a_block_prints_what_it_shows(block, desk, request):
    if NEEDS_CROSS_ENCODER.search(block.code):
        request.getfixturevalue("cross_encoder")
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(block.code, str(block), "exec"), {"__name__": "block"})
    except MissingExtra as error:
        pytest.skip(str(error))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in FRAMEWORKS:
            raise
        pytest.skip(f"needs {error.name}")
    assert out.getvalue() == block.shown


def test_the_first_command_prints_what_it_shows(tmp_path, capsys):
    shown = re.search(r"--strategy bm25\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    documents = tmp_path / "documents.txt"
    documents.write_text("Cats purr.\nDogs bark at night.\n", encoding="utf-8")
    assert run(["rank", "--query", "what barks", "--docs", str(documents), "--strategy", "bm25"]) == 0
    assert capsys.readouterr().out == shown[1]


def test_the_table_of_strategies_is_complete_and_says_what_they_cost():
    row = r"^\| `([\w-]+)` \| [^|]+ \| (\S+) (?:calls?|pairs), (\S+) rounds? \| \[[^|]+\) \|$"
    told = {name: cost for name, *cost in re.findall(row, README.read_text(encoding="utf-8"), re.MULTILINE)}
    costs = {
        entry.name: Strategy.of(Call(entry.name)).algorithm.cost(100, 10)
        for entry in registry.entries(registry.Kind.STRATEGY)
    }
    assert told == {name: [str(cost.calls), str(cost.rounds)] for name, cost in costs.items()}


def test_there_are_blocks_to_run():
    assert sum(block.page == README for block in RUN) >= 2
    assert {"integrations.md", "migrate.md"} <= {block.page.name for block in RUN}


def test_every_fence_of_python_was_found():
    """A block that the pattern misses would never be run, and nobody would know."""
    for page in (README, *DOCS):
        fences = re.findall(r"^\s*```(?:python|py)\b", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == sum(block.page == page for block in BLOCKS), page.name
