"""The same inputs, seed and replies give the same bytes: at any parallelism, with any seed of hashes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from chaotic import ASKING, QUERY, documents, endpoint, settings, spelled

from llmrerank import Reranker
from llmrerank.clients.capabilities import forget
from llmrerank.testing.chaos import evenly

WRAPPED = (
    *("consistency(listwise, times=3)", "head(setwise, depth=6)", "fuse(listwise, weight=0.3)"),
    *("guard(listwise, places=1)", "guard(graded)", "guard(decide, places=0)"),
)
ALL = (*ASKING, *WRAPPED, "bm25 >> setwise % 5 >> graded")
FAULTS = evenly(0.2, ("status-503", "reset", "cut-json", "missing-labels", "duplicated-labels", "prose"))
_SECONDS = re.compile(r"seconds=[0-9.e-]+")
_PORT = re.compile(r"127\.0\.0\.1:\d+")


def told(strategy, **options):
    """All that a ranking says, but for the time it took and the port it went to."""
    forget()
    with (
        endpoint(FAULTS, seed=11) as server,
        Reranker(spelled(strategy), settings=settings(server, **options)) as reranker,
    ):
        ranking = reranker.rank(QUERY, documents(8))
    values = ranking.to_dict()
    values["trace"].pop("seconds")
    events = "\n".join(map(repr, ranking.trace))
    return json.dumps(values), _PORT.sub("", _SECONDS.sub("", events))


HEAVY = ("pairwise", "acurank", "adaptive", "first-token", "top-down")


@pytest.mark.parametrize(
    "strategy", [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in ALL]
)
def test_parallelism_changes_no_byte(strategy):
    assert told(strategy, parallel=1) == told(strategy, parallel=16)


@pytest.mark.slow
def test_the_seed_of_hashes_changes_no_byte():
    """One process for each seed; sets and dictionaries of strings come in another order in each."""
    here = Path(__file__)

    def printed(seed):
        paths = os.pathsep.join([str(here.parent), *filter(None, sys.path)])
        return subprocess.run(
            [sys.executable, str(here)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths, "JINA_API_KEY": "none"},
            capture_output=True,
            check=True,
        ).stdout

    first = printed("1")
    assert len(first.splitlines()) == 2 * len(ALL)
    assert first == printed("2")


if __name__ == "__main__":
    for one in ALL:
        sys.stdout.write("".join(f"{json.dumps(part)}\n" for part in told(one)))
