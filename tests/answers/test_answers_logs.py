"""Thousands of real replies of six models to the same task, where they lie beside the checkout."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from llmrerank.answers import Answer, read

LOGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "dl19" / "responses"

pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason="the response logs are not beside this checkout")


def _answers(name: str) -> list[Answer]:
    (path,) = LOGS.glob(f"*{name}.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [read(json.loads(line)["response"], answer="permutation", count=20) for line in lines]


@pytest.mark.parametrize(
    ("name", "clean", "usable", "unparsed"),
    [
        ("T210006", 387, 387, 0),
        ("T210749", 387, 387, 0),
        ("T120110", 43, 43, 0),
        ("T163944", 43, 43, 0),
        ("T183614", 2, 387, 0),  # the first bracket is missing, and its document comes again
        ("T184913", 1, 387, 0),  # the first brackets are missing, and its document comes again
        ("T210809", 220, 387, 0),  # repeats and omissions
        ("T155823", 26, 43, 0),
        ("T145259", 365, 373, 3),
        ("T155743", 1, 1, 384),  # prose
        ("T162526", 0, 0, 384),
        ("T165105", 0, 0, 387),
    ],
)
def test_shares_of_a_real_log(name: str, clean: int, usable: int, unparsed: int) -> None:
    answers = _answers(name)
    assert sum(not answer.flags for answer in answers) == clean
    assert sum(answer.usable for answer in answers) == usable
    assert sum("unparsed" in answer.flags for answer in answers) == unparsed


def test_a_missing_first_bracket_costs_no_document() -> None:
    answers = _answers("T183614") + _answers("T184913")
    assert sum(answer.named == 20 for answer in answers) >= 0.98 * len(answers)
