"""What holds of every registered strategy, whatever its endpoint does; the server's counts are witness."""

from dataclasses import replace

import pytest
from chaotic import ASKING, QUERY, documents, endpoint, flagged, sent, settings, spelled
from hypothesis import example, given, strategies
from hypothesis import settings as hypothesis_settings

from llmrerank import Limits, Reranker
from llmrerank.clients.capabilities import forget
from llmrerank.errors import CallError
from llmrerank.testing.chaos import FAULTS
from llmrerank.testing.invariants import violations
from llmrerank.trace import Degraded, Trace

# Each of these takes time or memory, and has a test of its own.
SLOW = ("hang", "drip", "enormous-body", "long-answer")
WRAPPED = (
    *("consistency(listwise, times=3)", "head(setwise, depth=4)", "fuse(listwise, weight=0.3)"),
    *("guard(listwise, places=1)", "guard(graded)", "guard(decide, places=0)"),
)
ALL = (*ASKING, *WRAPPED, "graded >> setwise")
QUICK = [name for name in FAULTS if name not in SLOW]
LASTING = [name for name in QUICK if FAULTS[name].kind == "lasting"]


def ranked(server, strategy, given, **options):
    with Reranker(spelled(strategy), settings=settings(server, **options)) as reranker:
        return reranker.rank(QUERY, given)


def accounted(server, trace):
    """Whether the trace tells of every request that came in, and of every answer that would be billed."""
    dressed = server.injected["wrong-type"] + server.injected["no-usage"]
    answered = server.served + server.total("answer", "evidence") + dressed
    # A redirect is followed by the HTTP client below us: one request of ours is two of the server's.
    return (trace.calls, sent(trace)) == (answered, server.arrived - server.injected["redirect"])


def judged(server, strategy, given, limits=None, **options):
    """A ranking that breaks nothing, or None where the endpoint's failure was raised."""
    limits = limits or Limits()
    try:
        ranking = ranked(server, strategy, given, limits=limits, **options)
    except CallError:
        assert server.total(), "a failure that nobody caused"
        return None
    assert not violations(ranking, given, limits=limits)
    return ranking


def mixed(names):
    """Rates of up to four faults, 0.6 together at most."""
    return strategies.lists(strategies.sampled_from(names), min_size=1, max_size=4, unique=True).map(
        lambda chosen: {name: 0.6 / len(chosen) for name in chosen}
    )


def hold(strategy, size, rates, seed):
    """Judge with and without faults: all is accounted for, and no order changes without a word."""
    forget()
    with endpoint() as server:
        right = ranked(server, strategy, documents(size))
    forget()
    with endpoint(rates, seed=seed) as server:
        ranking = judged(server, strategy, documents(size))
    assert ranking is not None, "nothing here lasts"
    assert accounted(server, ranking.trace)
    if ranking.documents != right.documents:
        assert flagged(ranking.trace, right.trace), f"another order, and nobody says why: {server.injected}"


PASSING = mixed([name for name in QUICK if name not in LASTING])
SEEDS = strategies.integers(0, 10**6)
SIZES = strategies.integers(0, 9)


@hypothesis_settings(max_examples=15, deadline=None)
@given(strategy=strategies.sampled_from(ALL), size=SIZES, rates=PASSING, seed=SEEDS)
@example(strategy="graded", size=7, rates={"null-content": 0.6}, seed=4)
def test_every_degradation_is_in_the_trace(strategy, size, rates, seed):
    hold(strategy, size, rates, seed)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ALL)
@hypothesis_settings(max_examples=15, deadline=None)
@given(size=SIZES, rates=PASSING, seed=SEEDS)
def test_every_degradation_of_every_strategy_is_in_the_trace(strategy, size, rates, seed):
    hold(strategy, size, rates, seed)


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    strategy=strategies.sampled_from(ALL),
    size=SIZES,
    rates=mixed(QUICK),
    seed=SEEDS,
    most=strategies.integers(0, 12),
)
def test_calls_never_exceed_their_limit(strategy, size, rates, seed, most):
    forget()
    with endpoint(rates, seed=seed) as server:
        judged(server, strategy, documents(size), Limits(calls=most), retries=3)
    whole = server.served + server.injected["wrong-type"] + server.injected["no-usage"]
    assert whole + server.total("answer", "evidence") <= most
    # Each is sent four times at most, but for what a first call has to find out.
    assert server.arrived - server.injected["redirect"] <= 4 * most + server.injected["refused-parameter"]


def test_what_breaks_an_invariant_is_found():
    given = documents(4)
    with endpoint() as server:
        right = ranked(server, "full", given)
    first, second, *rest = right.hits
    tampered = {
        "no permutation": (first, first, *rest),
        "not the one": (replace(first, document=second.document), second, *rest),
        "do not count": (replace(first, rank=2), second, *rest),
        "no finite": (replace(first, score=float("nan")), second, *rest),
        "says nothing of it": (replace(first, degraded=True), second, *rest),
    }
    for sentence, hits in tampered.items():
        assert sentence in " ".join(violations(replace(right, hits=hits), given))
    failed = Degraded(stage="s", round=1, slate=(0,), reason="r", raw=None)
    silent = replace(right, trace=right.trace + Trace((failed,)))
    assert "no hit is marked" in " ".join(violations(silent, given))
    assert "under a limit of 0" in " ".join(violations(right, given, limits=Limits(calls=0)))
