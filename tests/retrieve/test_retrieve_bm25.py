"""BM25, by all engines, against the formula written out."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmrerank.errors import ConfigError
from llmrerank.ranking import Ranking
from llmrerank.registry import bind
from llmrerank.retrieve.bm25 import Bm25
from llmrerank.retrieve.rank_bm25 import RankBm25
from llmrerank.retrieve.retriever import Source
from llmrerank.retrieve.tantivy import Tantivy
from llmrerank.spec import parse_call
from llmrerank.types import Document, Query, documents_from

Stage = Bm25 | RankBm25 | Tantivy
ENGINES = [Bm25, RankBm25, Tantivy]
TUNED = [Bm25, RankBm25]


CAT = Document(id="0", text="cat", metadata={"year": 2})


def found(stage: Stage, texts: Sequence[str], query: str, k: int = 1000) -> Ranking:
    retriever = stage.open(Source(corpus=documents_from(texts)))
    [ranking] = retriever.search([Query(text=query)], k=k)
    return ranking


def ids(ranking: Ranking) -> list[str | int]:
    return [hit.document.id for hit in ranking]


def by_formula(
    texts: Sequence[str], query: str, *, k1: float, b: float, half: float = 0.5
) -> dict[str, float]:
    """Lucene's BM25 in plain Python; `half` is what is added to the document frequency."""
    documents = [Counter(text.split()) for text in texts]
    lengths = [sum(document.values()) for document in documents]
    mean = sum(lengths) / len(lengths)
    scores: dict[str, float] = {}
    for position, (document, length) in enumerate(zip(documents, lengths, strict=True)):
        for term in query.split():
            if term not in document:
                continue
            frequency = sum(term in other for other in documents)
            rarity = math.log((len(documents) + 1) / (frequency + half))
            tf = document[term]
            weight = rarity * tf / (tf + k1 * (1 - b + b * length / mean))
            scores[str(position)] = scores.get(str(position), 0.0) + weight
    return scores


text = st.lists(st.sampled_from(["ant", "bee", "cat", "dog", "eel"]), max_size=8).map(" ".join)
corpora = st.lists(text, min_size=1, max_size=12)
queries = st.lists(st.sampled_from(["ant", "bee", "cat", "dog", "eel", "fox"]), min_size=1, max_size=4).map(
    " ".join
)
k1s = st.sampled_from([0.0, 0.4, 1.2, 3.0])
bs = st.sampled_from([0.0, 0.75, 1.0])


@pytest.mark.parametrize(("engine", "half"), [(Bm25, 0.5), (RankBm25, 0.0)])
@settings(deadline=None)
@given(texts=corpora, query=queries, k1=k1s, b=bs)
def test_scores_are_those_of_the_formula(
    engine: type[Bm25 | RankBm25], half: float, texts: list[str], query: str, k1: float, b: float
) -> None:
    ranking = found(engine(k1=k1, b=b, language=None), texts, query)
    agree(ranking, by_formula(texts, query, k1=k1, b=b, half=half))


@settings(deadline=None)
@given(texts=corpora, query=queries)
def test_the_scores_of_tantivy_are_those_of_the_formula(texts: list[str], query: str) -> None:
    ranking = found(Tantivy(language=None), texts, query)
    agree(ranking, by_formula(texts, query, k1=1.2, b=0.75))


def agree(ranking: Ranking, expected: dict[str, float]) -> None:
    assert {hit.document.id: hit.score for hit in ranking} == pytest.approx(expected, rel=1e-4)
    scores = [hit.score for hit in ranking]
    assert scores == sorted(scores, reverse=True)
    assert [hit.rank for hit in ranking] == [hit.previous_rank for hit in ranking]
    assert [hit.rank for hit in ranking] == list(range(1, len(ranking) + 1))


@pytest.mark.parametrize("engine", ENGINES)
@settings(deadline=None)
@given(texts=corpora, query=queries, k=st.integers(min_value=1, max_value=14))
def test_a_cut_is_a_prefix_with_ties_in_corpus_order(
    engine: type[Stage], texts: list[str], query: str, k: int
) -> None:
    everything = found(engine(language=None), texts, query)
    assert ids(found(engine(language=None), texts, query, k)) == ids(everything)[:k]
    keys = [(-(hit.score or 0.0), int(hit.document.id)) for hit in everything]
    assert keys == sorted(keys)


@pytest.mark.parametrize("engine", ENGINES)
def test_only_documents_that_share_a_term_are_found(engine: type[Stage]) -> None:
    texts = ["", "cats sleep", "dogs bark", "A cat and a dog", "the of and"]
    ranking = found(engine(), texts, "cat")
    assert ids(ranking) == ["1", "3"]
    assert ranking.score_kind == "bm25"
    assert all(type(hit.score) is float for hit in ranking)
    assert ids(found(engine(), texts, "zebra")) == []
    assert ids(found(engine(), texts, "the of and")) == []
    assert ids(found(engine(), texts, "?!")) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_term_in_every_document_still_finds_them(engine: type[Stage]) -> None:
    assert ids(found(engine(), ["cat", "cat", "cat"], "cat", 2)) == ["0", "1"]
    assert ids(found(engine(), ["cat"], "cat")) == ["0"]


@pytest.mark.parametrize("engine", ENGINES)
def test_equal_texts_stay_apart(engine: type[Stage]) -> None:
    corpus = [Document(id=name, text="same cat") for name in ("z", "a", "m", "a")]
    [ranking] = engine().open(Source(corpus=corpus)).search([Query(text="cat")], k=3)
    assert ids(ranking) == ["z", "a", "m"]
    assert ranking[1].document is corpus[1]


@pytest.mark.parametrize("engine", ENGINES)
def test_titles_are_read_and_terms_repeated_in_the_query_count(engine: type[Stage]) -> None:
    corpus = [Document(id="a", title="Cats", text="bark"), Document(id="b", text="dogs meow")]
    retriever = engine().open(Source(corpus=corpus))
    once, twice = retriever.search([Query(text="cat"), Query(text="cat cat")], k=9)
    assert ids(once) == ids(twice) == ["a"]
    assert twice[0].score == pytest.approx(2 * (once[0].score or 0), rel=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("texts", [[], [""], ["", "the", "?"]])
def test_a_corpus_without_terms_finds_nothing(engine: type[Stage], texts: list[str]) -> None:
    assert ids(found(engine(), texts, "cat the")) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_language_is_an_option(engine: type[Stage]) -> None:
    assert ids(found(engine(), ["libraries"], "library")) == ["0"]
    assert ids(found(engine(language=None), ["libraries"], "library")) == []
    assert ids(found(engine(language="de"), ["Häuser"], "Haus")) == ["0"]
    assert ids(found(engine(), ["信息检索系统", "系统"], "检索")) == ["0"]


@pytest.mark.parametrize("name", ["bm25", "rank-bm25", "tantivy"])
def test_rankings_carry_the_stage_in_the_one_notation(name: str) -> None:
    option = "where='year > 1'" if name == "tantivy" else "k1=0.9, b=0.4"
    for spec in (name, f"{name}({option})", f"{name}(language=None)"):
        stage = bind(parse_call(spec)).build()
        [ranking] = stage.open(Source(corpus=[CAT])).search([Query(text="cat")], k=1)
        assert ranking.strategy == spec
        assert ranking.query == "cat"


@pytest.mark.parametrize("engine", TUNED)
@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"k1": -0.1}, "k1 must be 0 or more"),
        ({"k1": math.nan}, "k1 must be 0 or more"),
        ({"b": 1.5}, "b must lie between 0 and 1"),
        ({"k1": -1, "b": -1}, "k1 .*; b "),
        ({"language": "klingon"}, "unknown language 'klingon'"),
    ],
)
def test_options_out_of_range_are_refused(
    engine: type[Stage], options: dict[str, object], fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        engine(**options)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("engine", ENGINES)
def test_no_corpus_and_no_depth_are_refused(engine: type[Stage]) -> None:
    with pytest.raises(ConfigError, match="searches a corpus and the shelf has none"):
        engine().open(Source(name="the shelf"))
    with pytest.raises(ConfigError, match="1 document or more, got 0"):
        found(engine(), ["cat"], "cat", 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_printed(engine: type[Stage], capfd: pytest.CaptureFixture[str]) -> None:
    found(engine(), ["cat", "dog"], "cat")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("engine", [Bm25, Tantivy])
def test_threads_share_a_retriever(engine: type[Stage], tmp_path: Path) -> None:
    texts = [f"word{number % 17} word{number % 5} cat" for number in range(300)]
    retriever = engine().open(Source(corpus=documents_from(texts), index=tmp_path))
    asked = [Query(text=f"word{number} cat") for number in range(17)]
    expected = [ids(ranking) for ranking in retriever.search(asked, k=20)]
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: retriever.search(asked, k=20), range(8)))
    assert all([ids(ranking) for ranking in result] == expected for result in results)


@pytest.mark.parametrize("before", ["", "import jax; "])
def test_jax_starts_for_no_search_and_stays_where_it_was_imported(tmp_path, before):
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("print('jax')\n", encoding="utf-8")
    (tmp_path / "jax" / "lax.py").write_text("def top_k(*_): print('jax')\n", encoding="utf-8")
    program = (
        "from llmrerank import Pipeline\n"
        "with Pipeline('bm25', corpus=['Roman roads', 'Tides', 'Cats']) as pipeline:\n"
        "    print(pipeline.search('roads').documents[0].text)\n"
        "import jax.lax\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", before + program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:-1] == (
        ["jax", "jax", "Roman roads"] if before else ["Roman roads", "jax"]
    )
