"""The shared table of real and hostile replies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmrerank.answers import read

SHARED = Path(__file__).resolve().parents[3] / "shared" / "parsing_cases.jsonl"


def _cases() -> list[Any]:
    if not SHARED.exists():
        reason = "the shared parsing cases are not beside this checkout"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason), id="absent")]
    lines = SHARED.read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines if line.strip()]
    return [pytest.param(case, id=case["id"]) for case in cases]


@pytest.mark.parametrize("case", _cases())
def test_shared_case(case: dict[str, Any]) -> None:
    answer = read(
        case["raw"],
        answer=case["form"],
        count=case["n"],
        labels=case.get("ids", "numbers"),
        finish_reason=case["finish_reason"],
    )
    assert [position + 1 for position in answer.order] == case["order"]
    assert answer.flags == set(case["flags"])
    if "value" in case:
        value = case["value"]
        assert answer.scores is not None
        assert answer.scores[0] == (None if value is None else float(value))
