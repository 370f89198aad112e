"""What a model saw of a document is found in what was sent, whatever form the call has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank.calls import FENCE, Reply
from llmrerank.explain.sight import sight_of
from llmrerank.judges import Question
from llmrerank.judges.chunked import Chunked
from llmrerank.judges.decide import Decide
from llmrerank.judges.endpoint_scores import EndpointScores
from llmrerank.judges.graded import Graded
from llmrerank.judges.listwise import Listwise
from llmrerank.judges.observed import Observed
from llmrerank.judges.pointwise import Pointwise
from llmrerank.judges.scorers import BiEncoder, CrossEncoder
from llmrerank.rounds import Done, advance
from llmrerank.types import Document

FILL = " ".join(f"Sentence {number} speaks of nothing." for number in range(120))
DOCUMENTS = [
    Document(id="short", text="Few words."),
    Document(id="long", title="A title", text=f"It begins. {FILL} Penguins swim here. {FILL}"),
    Document(id="other", text=f"Another one begins. {FILL}"),
]


def observed(judge, documents, **reply):
    """The only inquiry about these documents, every call answered alike."""
    told = []
    watched = Observed(judge, told.append)
    inquiry = watched.ask(Question(query="where do penguins swim?"), documents)
    step = advance(inquiry)
    while not isinstance(step, Done):
        step = advance(inquiry, [Reply(**reply) for _ in step.asked])
    [observation] = told
    assert observation.opinion == step.result
    assert watched.begun == 1
    return observation


def sent(observation):
    """Everything that was sent, as one text."""
    return "\n".join(str(call) for call in observation.calls).replace("\\n", "\n")


@pytest.mark.parametrize(
    ("judge", "reply"),
    [
        (Listwise(passage_tokens=64), {"text": "[1] > [2] > [3]"}),
        (Listwise(passage_tokens=64, excerpt="head"), {"text": "[1] > [2] > [3]"}),
        (Listwise(passage_tokens=64, prompt="listwise-json"), {"text": '{"ranking": [1, 2, 3]}'}),
        (Decide(passage_tokens=64), {"scores": (0.1, 0.2, 0.3)}),
        (EndpointScores(dialect="tei"), {"scores": (0.1, 0.2, 0.3)}),
    ],
    ids=str,
)
def test_every_document_of_a_slate_is_found(judge, reply):
    observation = observed(judge, DOCUMENTS, **reply)
    sights = [sight_of(observation, place, judge) for place in range(3)]
    assert "Few words." in sights[0].text
    assert "It begins." in sights[1].text
    assert "Another one begins." in sights[2].text
    assert "Another" not in sights[1].text
    for sight in sights:
        assert FENCE not in sight.text
        assert sight.text in sent(observation)
    whole = isinstance(judge, EndpointScores)
    assert [sight.left_out > 0 for sight in sights] == [False, not whole, not whole]
    assert ("Penguins" in sights[1].text) == (getattr(judge, "excerpt", "focus") == "focus")


@pytest.mark.parametrize("judge", [Pointwise(passage_tokens=64), Graded(passage_tokens=64)], ids=str)
def test_a_document_by_itself_is_found(judge):
    observation = observed(judge, DOCUMENTS[1:2], text="5")
    sight = sight_of(observation, 0, judge)
    assert sight.text.startswith("A title\nIt begins.")
    assert "Penguins swim here." in sight.text
    assert sight.text in sent(observation)
    assert sight.left_out > 100


@pytest.mark.parametrize("judge", [BiEncoder(), CrossEncoder()], ids=str)
def test_a_local_model_says_how_much_it_had_no_room_for(judge):
    whole = sight_of(observed(judge, DOCUMENTS[1:2], score=1.0), 0, judge)
    assert (whole.text, whole.left_out) == (DOCUMENTS[1].full_text, 0)
    cut = sight_of(observed(judge, DOCUMENTS[1:2], score=1.0, cut=400), 0, judge)
    assert cut.left_out == 400
    assert DOCUMENTS[1].full_text.startswith(cut.text)
    assert len(cut.text) < len(whole.text)


@pytest.mark.parametrize("pool", ["max", "first"])
def test_chunks_are_told_by_the_best_of_them(pool):
    judge = Chunked(inner=CrossEncoder(), tokens=100, overlap=10, pool=pool)
    sight = sight_of(observed(judge, DOCUMENTS[1:2], score=1.0), 0, judge)
    assert sight.text.startswith("It begins.")
    assert (sight.chunks > 5, sight.left_out > 100) == (pool == "max", pool == "first")


@given(st.lists(st.text(max_size=300), min_size=1, max_size=4))
def test_any_text_is_found_or_told_to_be_unknown(texts):
    documents = [Document(id=place, text=text) for place, text in enumerate(texts)]
    judge = Listwise(passage_tokens=32)
    order = " > ".join(f"[{place + 1}]" for place in range(len(texts)))
    observation = observed(judge, documents, text=order)
    for place in range(len(texts)):
        sight = sight_of(observation, place, judge)
        assert sight is None or FENCE not in sight.text
