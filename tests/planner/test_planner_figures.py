"""Laws, paces, sums and gains: each against what can be worked out without it."""

import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import DOCUMENTS, LISTWISE, QUERIES, TOKENS, measurements, search_seconds

from llmrerank.errors import ConfigError
from llmrerank.evaluate import Measures
from llmrerank.limits import Price, Prices
from llmrerank.planner import fit_law, outlook, projected
from llmrerank.planner.basis import at_rank
from llmrerank.planner.gains import SHARE, ndcg
from llmrerank.planner.measurements import JudgedQuery
from llmrerank.planner.synthetic import resized, spread
from llmrerank.planner.work import TimedList, fit_pace
from llmrerank.settings import Settings
from llmrerank.types import Document


@pytest.mark.parametrize("exponent", [0.4, 0.7, 1.0, 1.15])
def test_a_law_that_was_planted_is_found_and_holds_ten_times_beyond(exponent):
    def true(size):
        return 0.002 + 3e-6 * size**exponent

    law = fit_law({size: true(size) for size in (60_000, 250_000, 1_000_000)})
    assert law.exponent == pytest.approx(exponent)
    assert law.at(10_000_000) == pytest.approx(true(10_000_000), rel=0.01)


@settings(max_examples=12)
@given(st.integers(0, 1000), st.sampled_from([0.5, 0.75, 1.0]))
def test_noise_of_a_tenth_leaves_the_tail_within_a_factor_of_two_ten_times_beyond(seed, exponent):
    chance = random.Random(seed)
    work = [chance.lognormvariate(0, 0.7) for _ in range(60)]

    def true(size):
        return [0.001 + 1e-6 * one * size**exponent for one in work]

    noisy = {
        size: [value * chance.uniform(0.9, 1.1) for value in true(size)]
        for size in (62_500, 250_000, 1_000_000)
    }
    found = projected(noisy, 10_000_000)
    p95 = at_rank(sorted(found.seconds), 0.95)
    truth = at_rank(sorted(true(10_000_000)), 0.95)
    assert 0.5 < p95 / truth < 2
    assert found.factor == 10
    assert sum(found.low) <= sum(found.seconds) <= sum(found.high)


def test_with_fewer_than_three_sizes_growth_is_taken_to_be_in_proportion():
    assert fit_law({1000: 0.1}).at(10_000) == pytest.approx(1.0)
    assert fit_law({1000: 0.2, 2000: 0.3}).at(10_000) == pytest.approx(1.1)
    falling = fit_law({1000: 0.2, 2000: 0.1})
    assert falling.slope == 0
    assert 0.1 <= falling.at(10**9) <= 0.2


def test_within_what_was_measured_seconds_are_interpolated_and_every_query_keeps_its_rank():
    found = projected({100: [3.0, 1.0, 2.0], 200: [30.0, 10.0, 20.0]}, 150)
    assert found.seconds == pytest.approx((16.5, 5.5, 11.0))
    assert (found.factor, found.exponent) == (1.0, None)
    assert projected({100: [3.0, 1.0]}, 10).seconds == (3.0, 1.0)


@given(st.lists(st.floats(1e-4, 10.0), min_size=1, max_size=30), st.integers(1, 10**8))
def test_no_measurement_makes_a_projection_negative_or_endless(seconds, size):
    table = {10: seconds, 1000: seconds[::-1], 5000: [2 * value for value in seconds]}
    found = projected(table, size)
    for values in (found.seconds, found.low, found.high):
        assert len(values) == len(seconds)
        assert all(0 <= value < math.inf for value in values)


def test_a_pace_that_was_planted_is_found_and_none_of_its_parts_is_negative():
    lists = [
        TimedList(documents=n, tokens=n * length, seconds=0.01 + 1e-4 * n + 2e-5 * n * length)
        for n, length in ((10, 30), (10, 90), (30, 50), (100, 20), (100, 80))
    ]
    pace = fit_pace(lists)
    assert (pace.fixed, pace.each, pace.token) == pytest.approx((0.01, 1e-4, 2e-5))
    assert pace.noise == pytest.approx((1.0,) * 5)
    falling = fit_pace([TimedList(documents=n, tokens=n * 10, seconds=1 / n) for n in (1, 2, 4)])
    assert min(falling.fixed, falling.each, falling.token) >= 0
    assert fit_pace(lists[:1]).seconds(10, 300) == pytest.approx(lists[0].seconds)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
    st.integers(0, 3),
)
def test_ndcg_is_that_of_the_evaluator(grades, chance, missing):
    order = list(range(len(grades)))
    chance.shuffle(order)
    qrels = {"q": {f"d{n}": grade for n, grade in enumerate([*grades, *[1] * missing])}}
    judged = JudgedQuery(
        id="q",
        grades={n: grade for n, grade in enumerate(grades) if grade},
        ideal=tuple(sorted((g for g in qrels["q"].values() if g), reverse=True)[:10]),
        relevant=sum(g > 0 for g in grades) + missing,
    )
    evaluated = Measures(["nDCG@10"]).over(qrels).evaluate({"q": [f"d{n}" for n in order]})
    assert ndcg(order, judged) == pytest.approx(evaluated.means["nDCG@10"])


def test_quantiles_of_a_sum_are_not_sums_of_quantiles():
    """The queries that are slow to search are fast to rerank: no query is slow in both."""
    stored = measurements()
    [first], [scorer] = stored.first, stored.scorers
    slow_last = {1000: tuple(0.1 * (query + 1) for query in range(QUERIES))}
    short_last = tuple(
        10 * (QUERIES - query) for query in range(QUERIES) for _ in range(len(stored.lengths) // QUERIES)
    )
    turned = replace(
        stored,
        lengths=short_last,
        first=(replace(first, sizes=slow_last, depths={10: slow_last[1000]}, size=1000),),
        scorers=(
            replace(
                scorer,
                remembers=False,
                lists=tuple(
                    TimedList(documents=10, tokens=float(t), seconds=0.001 * t)
                    for t in (100, 500, 1000, 2000)
                ),
            ),
        ),
    )
    found = outlook(turned, "bm25 % 10 >> bi-encoder", docs=1000)
    # Query q: 0.1 (q + 1) seconds of search, then 0.001 s for each of 10 documents of 10 (20 - q) tokens.
    true = sorted(0.1 * (q + 1) + 0.001 * 10 * 10 * (QUERIES - q) for q in range(QUERIES))
    assert found.p95.value == pytest.approx(at_rank(true, 0.95), rel=1e-6)
    assert found.p95.value < 0.6 * sum(stage.p95.value for stage in found.stages)


def test_an_outlook_is_exact_where_everything_is_planted():
    stored = measurements()
    found = outlook(stored, "bm25 % 30 >> bi-encoder", docs=DOCUMENTS)
    true = sorted(
        search_seconds(query, DOCUMENTS) + 1e-5 * 20 + 0.002 + 1e-4 * 30 * TOKENS for query in range(QUERIES)
    )
    assert found.p95.value == pytest.approx(at_rank(true, 0.95), rel=1e-6)
    assert found.p50.value == pytest.approx(at_rank(true, 0.5), rel=1e-6)
    assert found.p95.basis.kind == "measured"
    # bm25 has the relevant document at place 4 q; the first eight queries have it among the first thirty.
    assert found.quality.value == pytest.approx(8 / QUERIES)
    assert found.recall == pytest.approx(8 / QUERIES)
    assert (found.scored, found.cost) == (QUERIES, (0.0, 0.0))
    # A document of a lower grade gains, and is not relevant.
    partly = replace(stored, queries=tuple(replace(q, grades={**q.grades, 5: 1}) for q in stored.queries))
    assert outlook(partly, "bm25 % 30", docs=DOCUMENTS).recall == pytest.approx(8 / QUERIES)
    alone = outlook(stored, "bm25 % 10", docs=DOCUMENTS)
    assert alone.quality.value == pytest.approx(sum(1 / math.log2(4 * q + 2) for q in range(3)) / QUERIES)


def test_every_figure_says_what_it_rests_on():
    far = outlook(measurements(), "bm25 % 30 >> bi-encoder", docs=40_000)
    assert (far.p95.basis.kind, far.p95.basis.factor) == ("extrapolated", 10)
    assert str(far.p95.basis) == "extrapolated x10 beyond what was measured"
    assert [stage.p95.basis.kind for stage in far.stages] == ["extrapolated", "measured"]
    assert far.quality.basis.factor == 40
    assumed = outlook(
        measurements(stand_in=True, asked=(replace(LISTWISE, seconds=()),)),
        "bm25 % 20 >> listwise",
        docs=DOCUMENTS,
    )
    assert assumed.p95.basis.kind == assumed.quality.basis.kind == "assumed"
    assert "80 answer tokens" in str(assumed.p95.basis)
    assert "like those of paper" in str(assumed.quality.basis)
    assert f"{SHARE:g} of the gap" in str(assumed.quality.basis)
    deep = outlook(measurements(), "bm25 % 200 >> bi-encoder", docs=DOCUMENTS)
    assert deep.p95.basis.kind == "measured"  # the lists found end at a hundred


def test_remembered_documents_cost_nothing_again_the_less_so_the_larger_the_collection():
    stored = measurements()
    same = tuple(range(100))
    [first] = stored.first
    alike = replace(stored, first=(replace(first, found=(same,) * QUERIES),))
    here = outlook(alike, "bm25 % 50 >> bi-encoder", docs=DOCUMENTS)
    far = outlook(alike, "bm25 % 50 >> bi-encoder", docs=1000 * DOCUMENTS)
    assert here.stages[1].p50.value == pytest.approx(0.002)
    assert here.stages[1].p95.value == pytest.approx(0.002)  # all but the first of twenty
    assert far.stages[1].p50.value == pytest.approx(0.002 + 1e-4 * 50 * TOKENS, rel=0.01)


def test_calls_tokens_and_cost_follow_the_formulas_of_the_algorithm():
    stored = measurements(asked=(LISTWISE,))
    priced = Settings(prices=Prices({"small": Price(input=1.0, output=10.0)}))
    found = outlook(stored, "bm25 % 100 >> listwise", docs=DOCUMENTS, settings=priced)
    stage = found.stages[1]
    assert (stage.calls.least, stage.calls.most) == (9, 9)
    assert (stage.tokens_in, stage.tokens_out) == (9 * 100 + 9 * 20 * 50, 9 * 80)
    assert found.cost == pytest.approx(((9900 + 7200) / 1e6,) * 2)
    assert stage.p50.value == pytest.approx(9.0)  # nine windows, one after another, a second each
    assert outlook(stored, "bm25 % 100 >> listwise", docs=DOCUMENTS).cost is None
    gap = 1 - sum(1 / math.log2(4 * q + 2) for q in range(3)) / QUERIES
    before = 1 - gap
    assert found.quality.value == pytest.approx(before + SHARE * gap)


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        ("bi-encoder", "write 'bm25 >> bi-encoder'"),
        ("run >> bi-encoder", "'run' reads what was found before"),
        ("tantivy(path='mine') >> bi-encoder", "an index of its own has one size"),
        ("bm25 >> fuse(bi-encoder)", "does not order by its scores alone"),
        ("bm25 >> route(keep, bi-encoder)", "decides query by query"),
        ("dense % 10", "dense: not measured (there is: bm25, bi-encoder); dense was left out"),
    ],
)
def test_what_cannot_be_planned_with_is_refused_in_a_sentence(pipeline, said):
    with pytest.raises(ConfigError) as caught:
        outlook(measurements(), pipeline, docs=1000)
    assert said in str(caught.value)


def test_made_collections_have_the_size_the_words_and_the_lengths_of_the_one_they_are_made_of():
    documents = [
        Document(id=str(n), text=" ".join(f"w{n}x{m}" for m in range(20)), metadata={"year": n})
        for n in range(50)
    ]
    large = resized(documents, 500)
    assert len(large) == len({one.id for one in large}) == 500
    words = {word for one in documents for word in one.text.split()}
    assert all(len(one.text.split()) == 20 and set(one.text.split()) <= words for one in large)
    assert all(one.text.startswith(f"w{one.metadata['year']}x0 ") for one in large)
    assert resized(documents, 500) == large
    assert {one.id for one in resized(documents, 20)} < {one.id for one in documents}


@given(st.integers(1, 400))
def test_places_are_spread_evenly_from_any_beginning(count):
    places = spread(count)
    assert sorted(places) == list(range(count))
    for size in (8, 16):
        if size <= count:
            ordered = sorted(places[:size])
            gaps = [b - a for a, b in pairwise(ordered)]
            assert max(gaps, default=0) <= 2 * math.ceil(count / (size // 2))
