"""A comparison on a terminal: progress that leaves nothing behind, and a table that fits."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys

import pytest

from llmrerank.testing.stub_server import StubServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")

ROOM = 80


def on_a_terminal(*words):
    """Exit code and everything that a terminal of 80 columns was sent, colours and boldness left out."""
    import fcntl
    import pty
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, ROOM, 0, 0))
    environment = {"TERM": "xterm", "PATH": os.environ["PATH"], "HOME": os.getcwd()}
    process = subprocess.Popen(
        [sys.executable, "-m", "llmrerank", *words], stdout=slave, stderr=slave, env=environment
    )
    os.close(slave)
    sent = b""
    try:
        while part := os.read(master, 65536):
            sent += part
    except OSError:
        pass  # the other end is closed
    os.close(master)
    return process.wait(), re.sub(r"\x1b\[[0-9;]*m", "", sent.decode())


def left(text):
    """The lines that remain once every cursor movement is obeyed."""
    lines, row = [""], 0
    for part in re.split(r"(\r|\n|\x1b\[\d*[A-Za-z]|\x1b\[\?\d+[hl])", text):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif moved := re.fullmatch(r"\x1b\[(\d*)A", part):
            row -= int(moved[1] or 1)
        elif part and part != "\r" and not part.startswith("\x1b"):
            lines[row] += part
    return lines


def test_progress_goes_from_row_to_row_and_leaves_a_table_that_fits(cli, dataset):
    with StubServer(lambda body: "[2] > [1]") as server:
        where = ("--base-url", server.base_url, "--model", "stub", "--no-cache")
        rows = ("bm25", "bm25 % 2 >> listwise")
        words = ("compare", "--dataset", dataset, "--strategies", *rows, *where)
        code, sent = on_a_terminal(*words)
        piped = cli(*words)
    assert code == 0, sent
    assert "getting ready" in sent
    begins = [sent.index(f"{place} of 2 {row}") for place, row in enumerate(rows, start=1)]
    assert begins == sorted(begins)
    assert re.search(r"2 of 2 bm25 % 2 >> listwise \S+ 0/2", sent), "a row that begins is said at once"
    assert re.search(r"2/2 (0:00:00|-:--:--) +2 calls, 22 t", sent[begins[1] :])
    lines = [line for line in left(sent) if line.strip()]
    assert "━" not in "".join(lines)
    tables = [number for number, line in enumerate(lines) if line.strip().startswith("pipeline")]
    assert len(tables) == 2, "too wide for the terminal, so it stands in two parts"
    *table, legend = lines
    assert max(map(len, table)) <= ROOM
    assert legend.startswith("animals, 2 queries")
    assert legend.endswith("Best in bold.")
    assert "seconds for one query" in piped.err
    assert "Best in bold" not in piped.err, "nothing is bold in a pipe"
