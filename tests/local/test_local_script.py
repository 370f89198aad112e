"""A model that is shown a script it was not trained on: the trace says so, and only then."""

import pytest

from llmrerank import rerank

pytest.importorskip("sentence_transformers", reason="needs the extra [local]")

from tiny_models import tiny_cross_encoder


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    """A tiny model in a folder that is called as one whose card says English."""
    folder = tmp_path_factory.mktemp("models") / "ms-marco-MiniLM-L6-v2"
    tiny_cross_encoder(folder)
    return f"cross-encoder(model={str(folder)!r})"


def test_the_trace_names_the_script_and_a_model_that_reads_it(english):
    ranking = rerank("как обучить сеть", ["сети обучают", "cats"], strategy=english)
    [said] = [warning for warning in ranking.trace.warnings if "Cyrillic" in warning]
    assert "ms-marco-MiniLM-L6-v2" in said
    assert "model=" in said
    assert len(ranking) == 2


def test_nothing_is_said_of_text_that_the_model_can_read(english):
    ranking = rerank("train a network", ["Netze trainieren", "cats"], strategy=english)
    assert not ranking.trace.warnings
