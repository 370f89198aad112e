"""Algorithms that fit numbers report them; and a cut at any point leaves an order, with its numbers."""

import pytest
from test_engine import Endpoint, best_first, job, run

from llmrerank.algorithms.acurank import AcuRank
from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.consistent import Consistent
from llmrerank.algorithms.graph import Graph
from llmrerank.algorithms.head import Head
from llmrerank.algorithms.pairwise import Pairwise
from llmrerank.algorithms.setwise import Setwise
from llmrerank.algorithms.sliding import Sliding
from llmrerank.algorithms.top_down import TopDown
from llmrerank.trace import Trace
from llmrerank.types import Limits

TEXTS = [3, 14, 1, 5, 9, 2, 6, 11, 8, 12, 7, 10]
BEST = sorted(range(12), key=lambda position: -TEXTS[position])


@pytest.mark.parametrize("algorithm", [Adaptive(window=4, rounds=(3, 2, 2)), AcuRank(window=4)], ids=str)
def test_utilities_and_deviations_are_the_scores(algorithm):
    outcome = run(job(Endpoint(best_first), TEXTS, algorithm=algorithm))
    assert outcome.kind == "utility"
    scores = [outcome.scores[position] for position in outcome.order]
    assert scores == sorted(scores, reverse=True)
    assert all(deviation > 0 for deviation in outcome.deviations)
    assert set(outcome.order[:2]) == set(BEST[:2])


def test_behind_a_head_there_are_none():
    outcome = run(job(Endpoint(best_first), TEXTS, algorithm=Head(inner=Adaptive(window=4), depth=8)))
    assert [score is None for score in outcome.scores] == [False] * 8 + [True] * 4
    assert outcome.deviations[8:] == (None,) * 4


def test_other_orders_keep_the_scores_of_the_judge():
    outcome = run(job(Endpoint(best_first), TEXTS))
    assert outcome.scores == tuple(map(float, TEXTS))
    assert outcome.deviations == (None,) * 12


@pytest.mark.parametrize(
    "algorithm",
    [
        Sliding(window=4, stride=2),
        TopDown(window=4),
        Setwise(children=3),
        Setwise(children=3, method="insertion"),
        Pairwise(method="sliding"),
        Graph(window=4),
        AcuRank(window=4),
        Adaptive(window=4),
        Consistent(inner=Sliding(window=4, stride=2), times=3),
    ],
    ids=str,
)
def test_a_limit_on_calls_cuts_anywhere(algorithm):
    whole = Endpoint(best_first)
    final = run(job(whole, TEXTS, algorithm=algorithm))
    needed = Trace(final.events).calls
    for most in range(needed + 1):
        client = Endpoint(best_first)
        outcome = run(job(client, TEXTS, algorithm=algorithm, limits=Limits(calls=most)))
        assert len(client.sent) <= most
        assert sorted(outcome.order) == list(range(12))
        assert (Trace(outcome.events).exhausted is None) == (most == needed)
        if most == 0:
            assert outcome.order == tuple(range(12))
            assert outcome.kind == "none"
        elif isinstance(algorithm, AcuRank | Adaptive) and client.sent:
            assert outcome.kind == "utility"
    assert (outcome.order, outcome.scores, outcome.kind) == (final.order, final.scores, final.kind)
