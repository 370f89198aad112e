"""`kill -9` at random moments of `compare`, `batch` and `rank --cache`: what is lost, and what is paid twice.

Each command is started against an endpoint on loopback, killed a moment after a random number of answers were
given (none, at times), and started again with the same words; after a few kills it may end. Held against a
run that nobody killed:

- the cache and what stands in the output are whole after every kill;
- an answer that was written down is never asked for again; of those that were not, no more are lost by a kill
  than calls may be under way;
- the result is the one of the run that nobody killed.

    python benchmarks/sudden_death.py [--kills 50] [--write]

`--write` puts the table into docs/reliability.md. Exits with 1 where more was lost, or anything paid twice
or corrupt.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrerank.testing.chaos import ChaosEndpoint

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- tables: benchmarks/sudden_death.py -->", "<!-- end of sudden death -->"
COMMANDS = ("compare", "batch", "rank")
PARALLEL, DELAY, IN_A_ROW = 4, 0.02, 5  # calls at once; seconds; kills before a run may end
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath")


@dataclass(slots=True)
class Row:
    """What became of one command."""

    command: str
    needed: int = 0
    kills: int = 0
    answers: int = 0
    lost: int = 0
    most_lost: int = 0
    twice: int = 0
    corrupt: int = 0
    other: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.twice or self.corrupt or self.other) and self.most_lost <= PARALLEL


def inputs(folder: Path) -> None:
    """Documents of four words, and questions of two."""
    draw = random.Random(3)
    texts = [" ".join(draw.choices(WORDS, k=4)) + f" number {n}" for n in range(40)]
    asked = [" ".join(draw.sample(WORDS, 2)) for _ in range(6)]
    (folder / "docs.txt").write_text("".join(f"{text}\n" for text in texts))
    (folder / "q.csv").write_text("id,text\n" + "".join(f"q{n},{text}\n" for n, text in enumerate(asked)))
    lines = [{"id": f"q{n}", "query": text, "documents": texts[n::4]} for n, text in enumerate(asked)]
    (folder / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def words(command: str, folder: Path, url: str) -> list[str]:
    """A whole command line; its cache and output are in the folder."""
    given: Mapping[str, Sequence[Any]] = {
        "rank": ("--query", "amber grove", "--docs", folder / "docs.txt", "--strategy", "graded", "--json"),
        "batch": (
            "--input",
            folder / "lines.jsonl",
            "--output",
            folder / "out.jsonl",
            "--strategy",
            "graded",
        ),
        "compare": (
            *("--docs", folder / "docs.txt", "--queries", folder / "q.csv", "--out", folder / "runs"),
            *("--strategies", "bm25 % 10 >> graded"),
        ),
    }
    shared = ("--base-url", url, "--model", "chaos", "--api-key-env", "NO_KEY", "--parallel", PARALLEL)
    line = (sys.executable, "-m", "llmrerank", command, *given[command], *shared)
    return [*map(str, line), "--cache", str(folder / "cache.sqlite")]


def result(command: str, folder: Path, out: bytes) -> Any:
    """What a run that ended found, without what depends on time and cache."""
    if command == "rank":
        return [hit["id"] for hit in json.loads(out)["hits"]]
    if command == "batch":
        lines = (folder / "out.jsonl").read_text().splitlines()
        return [(line["id"], [hit["id"] for hit in line["hits"]]) for line in map(json.loads, lines)]
    return {path.name: path.read_text() for path in sorted((folder / "runs").glob("*.trec"))}


def kept(folder: Path) -> tuple[int, bool]:
    """Answers in the cache, and whether it and the output are whole."""
    path, out = folder / "cache.sqlite", folder / "out.jsonl"
    sound = True
    for raw in out.read_bytes().splitlines(keepends=True) if out.exists() else ():
        if raw.endswith(b"\n"):  # the line being written may be cut off, no other
            sound = sound and "id" in json.loads(raw)
    if not path.exists() or not path.stat().st_size:
        return 0, sound
    with closing(sqlite3.connect(path)) as connection:
        sound = sound and connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        number = (
            connection.execute("SELECT count(*) FROM answers").fetchone()[0] if "answers" in tables else 0
        )
    return number, sound


def environment() -> dict[str, str]:
    """The one of every run."""
    return {**os.environ, "NO_KEY": "none", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def killed(line: list[str], server: ChaosEndpoint, draw: random.Random, left: int) -> bool:
    """Start a command and kill it at a random moment; False where it ended before."""
    before, begun = server.served, time.monotonic()
    after = draw.randrange(0, max(2, 2 * left // IN_A_ROW))
    wait = draw.uniform(0.0, 0.02)
    with subprocess.Popen(
        line, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and server.served - before < after and time.monotonic() - begun < 120:
            time.sleep(0.001)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


def whole(line: list[str]) -> bytes:
    """Let a command end."""
    return subprocess.run(line, env=environment(), capture_output=True, check=True).stdout


def series(command: str, kills: int, seed: int) -> Row:
    """Kill a command so often, in runs of a few kills each."""
    row, draw = Row(command=command), random.Random(f"{seed}:{command}")
    with tempfile.TemporaryDirectory() as name, ChaosEndpoint(0.0, delay=DELAY, seed=seed) as server:
        clean = Path(name) / "clean"
        clean.mkdir()
        inputs(clean)
        right = result(command, clean, whole(words(command, clean, server.base_url)))
        row.needed = server.served
        while row.kills < kills:
            folder = Path(name) / "killed"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            inputs(folder)
            line = words(command, folder, server.base_url)
            begun, lost, stood = server.served, 0, 0
            for _ in range(min(IN_A_ROW, kills - row.kills)):
                before = server.served
                row.kills += killed(line, server, draw, row.needed - stood)
                answers, sound = kept(folder)
                row.corrupt += not sound
                gone = server.served - before - (answers - stood)
                lost, stood = lost + gone, answers
                row.most_lost = max(row.most_lost, gone)
            row.other += result(command, folder, whole(line)) != right
            answers = server.served - begun
            row.answers += answers
            row.lost += lost
            row.twice += answers - row.needed - lost
    return row


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as Markdown."""
    heads = ["command", "answers needed", "kills", "lost with them", "most by one", "paid twice", "corrupt"]
    heads.append("other result")
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for row in rows:
        counts = (row.needed, row.kills, row.lost, row.most_lost, row.twice, row.corrupt, row.other)
        lines.append(f"| `{row.command}` | " + " | ".join(map(str, counts)) + " |")
    return lines


def main() -> int:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="of all commands together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the table into docs/reliability.md")
    options = parser.parse_args()
    shares = [options.kills // 3 + (place < options.kills % 3) for place in range(3)]
    rows = [
        series(command, share, options.seed) for command, share in zip(COMMANDS, shares, strict=True) if share
    ]
    lines = [
        *table(rows),
        "",
        f"`python benchmarks/sudden_death.py --kills {options.kills}`: answers under way",
    ]
    lines[-1] += f" when a process dies are lost, {PARALLEL} at most here; nothing else is."
    print("\n".join(lines))
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        made = f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{rest.partition(END)[2]}"
        PAGE.write_text(made, encoding="utf-8")
    return 0 if all(row.sound for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
