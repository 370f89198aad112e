"""The README tells the truth: its blocks run and print what it shows, and so does its first command."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from llmrerank.cli.app import run

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(<!-- no test: [^>]+-->\n)?```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.DOTALL)
BLOCKS = [match for match in BLOCK.finditer(README.read_text(encoding="utf-8")) if match[1] is None]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda match: match[2].partition("\n")[0])
def test_a_block_prints_what_it_shows(block):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(block[2], {})
    assert out.getvalue() == block[3]


def test_the_first_command_prints_what_it_shows(tmp_path, capsys):
    shown = re.search(r"--strategy bm25\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    documents = tmp_path / "documents.txt"
    documents.write_text("Cats purr.\nDogs bark at night.\n", encoding="utf-8")
    assert run(["rank", "--query", "what barks", "--docs", str(documents), "--strategy", "bm25"]) == 0
    assert capsys.readouterr().out == shown[1]


def test_there_are_blocks_to_run():
    assert len(BLOCKS) >= 2
