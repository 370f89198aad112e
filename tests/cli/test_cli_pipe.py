"""What a terminal sees and what a pipe sees."""

import json
import os
import re
import subprocess
import sys

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals and POSIX pipes")
RUN = [sys.executable, "-m", "llmrerank"]


def on_a_terminal(words, **environment):
    """Run with standard output on a terminal of 60 columns; what it showed."""
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    environment = {"TERM": "xterm", "PATH": os.environ["PATH"], **environment}
    process = subprocess.Popen(
        [*RUN, *words], stdin=slave, stdout=slave, stderr=subprocess.PIPE, env=environment
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # Linux says so when the last writer has gone
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    _, err = process.communicate()
    assert process.returncode == 0, err.decode()
    return shown.decode()


@posix
def test_a_terminal_gets_a_table_of_its_width_in_colour(docs):
    long = {"text": "dog " * 100}
    with open(docs, "a", encoding="utf-8") as file:
        file.write(json.dumps(long) + "\n")
    shown = on_a_terminal(["rank", "--query", "dog", "--docs", docs, "--strategy", "bm25"])
    assert "\x1b[32m↑" in shown
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in shown.splitlines()]
    assert re.match(r"1 ↑3 +\d\.\d\d dog dog dog .*…$", lines[0])
    assert max(map(len, lines)) <= 60


@posix
def test_no_color_is_honoured(docs):
    shown = on_a_terminal(["rank", "--query", "dog", "--docs", docs, "--strategy", "bm25"], NO_COLOR="1")
    assert "↑1" in shown
    assert "\x1b[3" not in shown


@posix
def test_a_closed_pipe_ends_quietly(tmp_path):
    docs = tmp_path / "many.txt"
    docs.write_text("".join(f"dog number {number} {'x' * 200}\n" for number in range(2000)))
    process = subprocess.Popen(
        [*RUN, "rank", "--query", "dog", "--docs", str(docs), "--strategy", "bm25", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_pipe_gets_no_colour_and_no_progress(docs):
    done = subprocess.run(
        [*RUN, "rank", "--query", "dog", "--docs", docs, "--strategy", "bm25"],
        capture_output=True,
        check=True,
    )
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\r" not in done.stdout + done.stderr
