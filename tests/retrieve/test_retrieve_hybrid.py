"""`hybrid` against reciprocal rank fusion written out, and documents that must not merge."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrerank import ConfigError, Document, Pipeline, rerank
from llmrerank.errors import DataError
from llmrerank.ranking import Ranking
from llmrerank.registry import bind
from llmrerank.retrieve.hybrid import HybridRetriever
from llmrerank.retrieve.results import ranking_of
from llmrerank.retrieve.retriever import Source
from llmrerank.spec import parse_call
from llmrerank.stages import Course
from llmrerank.trace import Trace, Warned
from llmrerank.types import Query

CORPUS = tuple(Document(id=str(n), text=f"text {n % 3}") for n in range(8))
LEXICAL = "hybrid(bm25, rank-bm25)"


ALIKE = tuple(Document(id="same", text="the same text") for _ in range(8))


def places_of(corpus):
    return {id(document): place for place, document in enumerate(corpus)}


class Fixed:
    """A first stage that finds what it was told to, best first."""

    score_kind = "utility"

    def __init__(self, corpus, places):
        self.corpus, self.places, self.asked = corpus, places, []

    def search(self, queries, *, k):
        self.asked.append(k)
        found = [(self.corpus[place], float(-rank)) for rank, place in enumerate(self.places)]
        warned = Trace((Warned(stage="fixed", message="an index is old"),))
        return [
            Ranking(
                query=q.text,
                strategy="fixed",
                hits=ranking_of(q, "fixed", found[:k], "utility").hits,
                trace=warned,
            )
            for q in queries
        ]


def fuse(corpus, orders, *, k=60, depth=8):
    stages = [(f"stage-{n}", Fixed(corpus, order)) for n, order in enumerate(orders)]
    retriever = HybridRetriever(stages, corpus, k, "hybrid")
    [ranking] = retriever.search([Query(text="q")], k=depth)
    return ranking, stages


@given(
    st.lists(
        st.permutations(range(8)).flatmap(lambda p: st.integers(0, 8).map(lambda n: p[:n])),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 100),
    st.integers(1, 8),
)
def test_the_score_is_the_sum_of_reciprocal_ranks(orders, k, depth):
    ranking, _ = fuse(CORPUS, orders, k=k, depth=depth)
    expected = {
        place: sum(1 / (k + order.index(place) + 1) for order in orders if place in order)
        for place in range(8)
        if any(place in order for order in orders)
    }
    assert len(ranking) == min(depth, len(expected))
    for hit in ranking:
        assert hit.score == pytest.approx(expected[int(hit.document.id)])
    scores = [hit.score for hit in ranking]
    assert scores == sorted(scores, reverse=True)
    left = [value for place, value in expected.items() if str(place) not in {h.document.id for h in ranking}]
    assert all(value <= scores[-1] + 1e-12 for value in left)


@given(
    st.lists(
        st.permutations(range(8)).flatmap(lambda p: st.integers(0, 8).map(lambda n: p[:n])),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 100),
)
def test_the_order_is_that_of_a_plain_sort_with_ties_by_stage(orders, k):
    def key(place):
        ranks = [order.index(place) + 1 if place in order else math.inf for order in orders]
        return (-math.fsum(1 / (k + rank) for rank in ranks if rank < math.inf), *ranks)

    expected = sorted({place for order in orders for place in order}, key=key)
    for corpus in (CORPUS, ALIKE):
        ranking, _ = fuse(corpus, orders, k=k)
        assert [places_of(corpus)[id(hit.document)] for hit in ranking] == expected
        assert [hit.rank for hit in ranking] == list(range(1, len(expected) + 1))
        assert [hit.previous_rank for hit in ranking] == [hit.rank for hit in ranking]


def test_equal_sums_stand_in_the_order_of_the_first_stage():
    ranking, _ = fuse(CORPUS, [[0, 1, 2], [2, 1, 0]])
    assert [hit.document.id for hit in ranking] == ["0", "2", "1"]
    ranking, _ = fuse(CORPUS, [[5], [3]])
    assert [hit.document.id for hit in ranking] == ["5", "3"]


def test_a_shallow_result_is_the_beginning_of_a_deep_one():
    shallow, stages = fuse(CORPUS, [[0, 1, 2, 3], [3, 2, 1, 7]], depth=2)
    deep, _ = fuse(CORPUS, [[0, 1, 2, 3], [3, 2, 1, 7]], depth=8)
    assert [h.document.id for h in shallow] == [h.document.id for h in deep][:2]
    assert [stage.asked for _, stage in stages] == [[1000], [1000]]


def test_each_hit_tells_where_every_stage_had_it_and_no_warning_is_lost():
    ranking, _ = fuse(CORPUS, [[0, 1], [1]])
    [top] = [hit for hit in ranking if hit.document.id == "1"]
    assert [(p.stage, p.rank) for p in top.history] == [("stage-0", 2), ("stage-1", 1)]
    assert ranking.trace.warnings == ("an index is old",)


def test_documents_of_one_text_and_id_stay_apart():
    one = Document(id="x", text="cats purr")
    for corpus in ([one, one, one], [Document(id="x", text="cats purr") for _ in range(3)]):
        retriever = bind(parse_call(LEXICAL)).build().open(Source(corpus=corpus))
        [ranking] = retriever.search([Query(text="cats")], k=10)
        assert len(ranking) == 3
        assert len({hit.score for hit in ranking}) == 3
    ranking = rerank("cats", [one, one, "dogs"], strategy=LEXICAL)
    assert [hit.previous_rank for hit in ranking] == [1, 2, 3]


def test_what_an_index_of_its_own_brings_is_known_by_its_id():
    corpus = tuple(Document(id=n, text=f"text {n}") for n in range(4))
    theirs = [Document(id=str(n), text=f"as their index has it: {n}") for n in (2, 0, 9)]
    stages = [("ours", Fixed(corpus, [0, 1, 2])), ("theirs", Fixed(theirs, [0, 1, 2]))]
    [ranking] = HybridRetriever(stages, corpus, 60, "hybrid").search([Query(text="q")], k=10)
    assert [(str(hit.document.id), len(hit.history)) for hit in ranking] == [
        ("0", 2),
        ("2", 2),
        ("1", 1),
        ("9", 1),
    ]
    assert ranking[0].document is corpus[0]


def test_documents_of_one_id_from_elsewhere_stay_apart_too():
    theirs = [Document(id="x", text="one"), Document(id="x", text="another"), Document(id="", text="none")]
    stages = [("a", Fixed(theirs, [0, 1])), ("b", Fixed(theirs, [1, 2]))]
    [ranking] = HybridRetriever(stages, (), 60, "hybrid").search([Query(text="q")], k=10)
    assert len(ranking) == 3
    corpus = (Document(id="", text="in the corpus"),)
    stages = [("a", Fixed(corpus, [0])), ("b", Fixed(theirs, [0, 1]))]
    [ranking] = HybridRetriever(stages, corpus, 60, "hybrid").search([Query(text="q")], k=10)
    assert {hit.document.text for hit in ranking} == {"in the corpus", "one", "another"}


def test_a_document_that_a_stage_lists_twice_counts_once():
    ranking, _ = fuse(CORPUS, [[3, 3, 1], [1]])
    assert [hit.document.id for hit in ranking] == ["1", "3"]
    [twice] = [hit for hit in ranking if hit.document.id == "3"]
    assert twice.score == pytest.approx(1 / 61)


def test_a_corpus_that_makes_its_documents_anew_is_searched_all_the_same():
    class Fresh:
        def __len__(self):
            return 3

        def __getitem__(self, place):
            if isinstance(place, slice):
                return [self[at] for at in range(*place.indices(3))]
            if not 0 <= place < 3:
                raise IndexError(place)
            return Document(id="x", text="cats purr" if place else "cats bark")

        def __iter__(self):
            return (self[place] for place in range(3))

    [ranking] = (
        bind(parse_call(LEXICAL)).build().open(Source(corpus=Fresh())).search([Query(text="cats")], k=9)
    )
    assert sorted(hit.document.text for hit in ranking) == ["cats bark", "cats purr", "cats purr"]


def test_real_stages_through_the_doors():
    corpus = ["cats purr", "dogs bark at night", "a cat and a dog", "nothing"]
    with Pipeline(f"{LEXICAL} % 2", corpus=corpus) as pipeline:
        ranking = pipeline.search("cat dog")
        assert ranking[0].document.text == "a cat and a dog"
        assert ranking.score_kind == "rrf"
        assert [place.stage for place in ranking[0].history] == [
            "bm25",
            "rank-bm25",
            LEXICAL.replace("(bm25, ", "(b="),
        ]
        assert len(ranking) == 2
    ranking = rerank("cat dog", corpus, strategy=LEXICAL)
    assert ranking[-1].document.text == "nothing"
    assert ranking[-1].score is None


def test_any_first_stage_may_take_part_a_stored_run_too(tmp_path):
    run = tmp_path / "run.trec"
    run.write_text("q Q0 3 1 9.0 x\nq Q0 0 2 8.0 x\n")
    source = Source(
        corpus=tuple(Document(id=str(n), text=t) for n, t in enumerate(["ab", "cd", "ef", "gh"])),
        folder=tmp_path,
    )
    stage = bind(parse_call("hybrid(bm25, run(path='run.trec'), hybrid(rank-bm25, bm25))")).build()
    [ranking] = stage.open(source).search([Query(text="gh", id="q")], k=5)
    assert [hit.document.id for hit in ranking] == ["3", "0"]
    assert [place.stage for place in ranking[0].history] == [
        "bm25",
        "run(path='run.trec')",
        "rank-bm25",
        "bm25",
        "hybrid(rank-bm25, bm25)",
    ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("hybrid(k=0)", "k must be 1 or more"),
        ("hybrid(bm25, cross-encoder)", "cannot stand where a first stage belongs"),
        ("hybrid(bm25, nonsense)", "unknown"),
        ("bm25 >> hybrid", "can only open"),
    ],
)
def test_what_cannot_be_fused_is_said(spec, said):
    with pytest.raises(ConfigError, match=said):
        Pipeline(spec, corpus=["a"])


def test_the_bare_name_is_its_one_spelling():
    assert str(Course.of("hybrid % 50").spec) == "hybrid % 50"
    assert str(Course.of("hybrid(bm25, dense, k=60)").spec) == "hybrid"


def test_one_stage_that_finds_nothing_leaves_the_other_in_its_order_and_that_is_said():
    ranking, _ = fuse(CORPUS, [[], [4, 2]])
    assert [hit.document.id for hit in ranking] == ["4", "2"]
    assert any("'stage-0' found nothing for this query" in said for said in ranking.trace.warnings)
    nothing, _ = fuse(CORPUS, [[], []])
    assert len(nothing) == 0
    assert nothing.trace.warnings == ("an index is old",)


def test_a_stage_that_fails_is_heard(tmp_path):
    with pytest.raises(ConfigError, match="has nothing to read"):
        bind(parse_call("hybrid(bm25, run)")).build().open(Source(corpus=CORPUS, folder=tmp_path))

    class Broken:
        score_kind = "none"

        def search(self, queries, *, k):
            raise DataError("the index is gone")

    stages = [("bm25", Fixed(CORPUS, [0])), ("broken", Broken())]
    with pytest.raises(DataError, match="the index is gone"):
        HybridRetriever(stages, CORPUS, 60, "hybrid").search([Query(text="q")], k=1)
