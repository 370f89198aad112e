"""Killed outright, `compare`, `batch` and `rank` go on where they were; the benchmark does it fifty times."""

import importlib.util
import signal
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "sudden_death.py"
COMMANDS = ("compare", "batch", "rank")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on this system")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_killed_command_loses_what_was_under_way_and_pays_nothing_twice(command, monkeypatch):
    spec = importlib.util.spec_from_file_location("sudden_death", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "sudden_death", benchmark)
    spec.loader.exec_module(benchmark)
    row = benchmark.series(command, 2, seed=4)
    assert row.sound, row
    assert row.kills == 2
