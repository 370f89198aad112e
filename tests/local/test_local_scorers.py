"""Encoder and pair scorer: the same scores in any batch, cut texts counted, sorted batches."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sentence_transformers", reason="needs the extra [local]")

import numpy
from tiny_models import sentences, tiny_bi_encoder, tiny_cross_encoder

from llmrerank.clients.batches import sorted_batches, tokenise
from llmrerank.clients.cosines import CosineScorer
from llmrerank.clients.encoder import Encoder, encoder_for
from llmrerank.clients.models import find
from llmrerank.clients.pairs import PairScorer, Scorer

CLOSE = 1e-5
SOUND = [*sentences(40), "", " ", "cat " * 200, "zzz ü \U0001f600", "cat"]
TEXTS = [*SOUND, "half a \ud83d smile", "[SEP] red [CLS]"]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> PairScorer:
    return PairScorer(find("cross-encoder", str(tiny_cross_encoder(tmp_path_factory.mktemp("ce") / "tiny"))))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder(find("bi-encoder", str(tiny_bi_encoder(tmp_path_factory.mktemp("bi") / "tiny"))))


def scores_of(scorer: Scorer, pairs: list[tuple[str, str]]) -> list[float]:
    scores = [float("nan")] * len(pairs)
    for scored in scorer.batches(pairs):
        for position, score in zip(scored.positions, scored.scores, strict=True):
            scores[position] = score
    return scores


@given(st.lists(st.integers(1, 500), max_size=60), st.integers(1, 9))
def test_sorted_batches_hold_every_position_once_and_like_lengths(lengths: list[int], rows: int) -> None:
    batches = list(sorted_batches(lengths, rows))
    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    assert all(0 < len(batch) <= rows for batch in batches)
    flat = [lengths[position] for batch in batches for position in batch]
    assert flat == sorted(lengths, reverse=True)


def test_a_pair_scores_the_same_alone_and_among_others(scorer: PairScorer) -> None:
    pairs = [("red cat", text) for text in TEXTS]
    together = scorer.score(pairs)
    assert together == pytest.approx([scorer.score([pair])[0] for pair in pairs], abs=CLOSE)
    assert together[::-1] == pytest.approx(scorer.score(pairs[::-1]), abs=CLOSE)
    assert scorer.score([]) == []


def test_scores_are_those_of_the_library(scorer: PairScorer) -> None:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    pairs = [("red cat", text) for text in SOUND] + [("dog " * 100, "cat"), ("dog " * 100, "cat " * 100)]
    theirs = CrossEncoder(str(scorer.model.folder), device="cpu").predict(
        pairs, activation_fn=Identity(), show_progress_bar=False
    )
    assert scorer.score(pairs) == pytest.approx(theirs.tolist(), abs=1e-4)


def test_what_found_no_room_is_counted(scorer: PairScorer, encoder: Encoder) -> None:
    # Room for 64 tokens, 3 of them special: 30 for a long query, 31 for its document.
    pairs = [
        ("red cat", "dog " * 100),
        ("red", "dog"),
        ("red " * 40, "dog " * 100),
        ("red " * 1000, "dog " * 1000),
    ]
    cut = dict(
        item for scored in scorer.batches(pairs) for item in zip(scored.positions, scored.cut, strict=True)
    )
    assert [cut[position] for position in range(4)] == [41, 0, 69, 969]
    texts = ["dog " * 100, "dog"]
    found = dict(
        item
        for rows, _, lost in encoder.batches(texts, role="document")
        for item in zip(rows, lost, strict=True)
    )
    assert found == {0: 38, 1: 0}


def test_a_text_cannot_forge_special_tokens(scorer: PairScorer, encoder: Encoder) -> None:
    scorer.load()
    tokenizer = scorer._tokenizer
    tokens = tokenise(tokenizer, ["red"], ["[SEP] cat [CLS]"], room=64)
    assert tokens.columns["input_ids"][0].count(tokenizer.sep_token_id) == 2
    assert tokens.columns["input_ids"][0].count(tokenizer.cls_token_id) == 1


def test_two_labels_are_the_log_odds(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny_cross_encoder(tmp_path / "two", labels=2)
    found = PairScorer(find("cross-encoder", str(folder))).score([("red", "cat")])[0]
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = network(**AutoTokenizer.from_pretrained(folder)("red", "cat", return_tensors="pt")).logits[0]
    odds = torch.softmax(logits, dim=0)[1].item()
    assert found == pytest.approx(numpy.log(odds / (1 - odds)), abs=1e-4)


def test_vectors_are_of_length_one_and_the_same_in_any_batch(encoder: Encoder) -> None:
    together = encoder.encode(TEXTS, role="document")
    assert together.dtype == numpy.float32
    assert together.shape == (len(TEXTS), encoder.dimensions)
    assert numpy.linalg.norm(together, axis=1) == pytest.approx(numpy.ones(len(TEXTS)), abs=CLOSE)
    alone = numpy.concatenate([encoder.encode([text], role="document") for text in TEXTS])
    assert numpy.abs(together - alone).max() < CLOSE
    assert encoder.encode([], role="query").shape == (0, encoder.dimensions)


def test_equal_texts_have_equal_vectors(encoder: Encoder) -> None:
    texts = ["red cat", *sentences(30), "red cat", *sentences(30, seed=1), "red cat"]
    vectors = encoder.encode(texts, role="document")
    assert (vectors[0] == vectors[31]).all()
    assert (vectors[0] == vectors[-1]).all()


def test_prompts_that_a_model_declares_are_used(tmp_path: Path) -> None:
    plain = Encoder(find("bi-encoder", str(tiny_bi_encoder(tmp_path / "plain"))))
    prompts = {"query": "sun ", "passage": "moon "}
    prompted = Encoder(find("bi-encoder", str(tiny_bi_encoder(tmp_path / "prompted", prompts=prompts))))
    for role, prompt in (("query", "sun "), ("document", "moon ")):
        wanted = plain.encode([prompt + "red cat"], role="query")
        assert numpy.abs(prompted.encode(["red cat"], role=role) - wanted).max() < CLOSE  # type: ignore[arg-type]
    assert plain.model.fingerprint != prompted.model.fingerprint


def test_encoders_of_the_same_weights_are_shared(encoder: Encoder) -> None:
    first = encoder_for(encoder.model)
    assert encoder_for(encoder.model) is first


@pytest.mark.parametrize("memory_bytes", [0, 1000, 2**20])
def test_cosines_do_not_depend_on_what_is_remembered(encoder: Encoder, memory_bytes: int) -> None:
    pairs = [(query, text) for query in ("red cat", "boat") for text in TEXTS]
    scorer = CosineScorer(encoder, memory_bytes=memory_bytes)
    first = scores_of(scorer, pairs)
    queries = encoder.encode([query for query, _ in pairs], role="query")
    documents = encoder.encode([text for _, text in pairs], role="document")
    assert first == pytest.approx((queries * documents).sum(axis=1).tolist(), abs=CLOSE)
    assert first == pytest.approx(scores_of(scorer, pairs[::-1])[::-1], abs=CLOSE)
    assert all(-1 <= score <= 1 for score in first)
