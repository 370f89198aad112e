"""What the tests of evaluation share: an endpoint and a small dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_endpoint import Endpoint, serving


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as state:
        yield state


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Seven queries about colours over seven documents; the judged one shares the query's colour."""
    folder = tmp_path / "colours"
    (folder / "qrels").mkdir(parents=True)
    colours = ["red", "green", "blue", "black", "white", "brown", "grey"]
    with (folder / "corpus.jsonl").open("w") as file:
        for place, colour in enumerate(colours):
            text = f"Paint of a {colour} kind covers walls well."
            file.write(json.dumps({"_id": f"d{place}", "title": "", "text": text}) + "\n")
    with (folder / "queries.jsonl").open("w") as file:
        for place, colour in enumerate(colours):
            file.write(json.dumps({"_id": f"q{place}", "text": f"Which paint for {colour} walls?"}) + "\n")
    lines = ["query-id\tcorpus-id\tscore"]
    lines += [f"q{place}\td{place}\t1" for place in reversed(range(7))]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return folder
