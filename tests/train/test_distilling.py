"""Learning from a teacher: runs, traces, records and caches; and rankings that do not belong."""

import gzip
import json
import re
from dataclasses import replace

import pytest
from toy import BAD, DEPTH, GOOD, QUICK, teacher_run

from llmrerank import Reranker, rerank
from llmrerank.errors import ConfigError, DataError
from llmrerank.evaluate import Dataset
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer
from llmrerank.trace_file import TraceFile
from llmrerank.train import Ranked, Teacher, distil
from llmrerank.train.distilled import distilled
from llmrerank.train.teachers import agreed, read_teacher
from llmrerank.types import Query

RANK = replace(QUICK, loss="ranknet")


@pytest.fixture
def run(tmp_path):
    return teacher_run(tmp_path / "teacher.trec")


@pytest.fixture
def asked(folder):
    return Dataset.open(folder, split="train", all_queries=True)


def test_a_student_learns_what_its_teacher_said(asked, base, run, tmp_path):
    out = tmp_path / "student"
    student = distil(asked, out, teachers=[run], base=str(base), recipe=replace(RANK, epochs=6))
    assert (student.kind, student.queries, student.pairs) == ("distil", 24, 24 * DEPTH)
    assert student.dev[-1].ndcg > student.dev[0].ndcg
    documents = [f"{BAD} boat", f"milk {BAD}", f"{GOOD} cat"]
    assert (
        rerank("n77", documents, strategy=f"cross-encoder(model={str(out)!r})")[0].document.text
        == documents[2]
    )
    card = (out / "README.md").read_text()
    assert "- Teacher: teacher.trec; no judgement was read." in card
    assert '"distilled"' in card
    assert json.loads((out / "training.json").read_text())["origin"]["teachers"] == ["teacher.trec"]


def test_judgements_are_not_looked_at(asked, run):
    of_judged = distilled(asked, [read_teacher(run)], recipe=RANK)
    of_none = distilled(replace(asked, qrels={}), [read_teacher(run)], recipe=RANK)
    assert of_judged.digest() == of_none.digest()


def test_several_rankings_are_joined_by_mean_reciprocal_rank():
    first, second = Ranked(ids=("a", "b", "c"), scores=(3.0, 2.0, 1.0)), Ranked(ids=("b", "c"))
    ids, gains, scores = agreed([first, second])
    assert ids == ("b", "a", "c")
    assert gains == pytest.approx((0.75, 0.5, (1 / 3 + 1 / 2) / 2))
    assert scores is None
    assert agreed([first])[2] == (3.0, 2.0, 1.0)


def test_a_ranking_is_dealt_into_lists_that_hold_all_of_it_once(asked, run):
    material = distilled(asked, [read_teacher(run)], recipe=RANK, size=2, shuffles=2)
    assert len(material.lists) == 24 * 3 * 2
    one = [single for single in material.lists if single.query.id == material.lists[0].query.id]
    for dealt in (one[:3], one[3:]):
        assert len({document.id for single in dealt for document in single.documents}) == DEPTH
    assert one[:3] != one[3:]
    gains = {str(d.id): g for single in one for d, g in zip(single.documents, single.gains, strict=True)}
    assert sorted(gains.values(), reverse=True) == pytest.approx([1 / rank for rank in range(1, DEPTH + 1)])


def test_packed_runs_candidates_and_traces_are_read_alike(asked, run, tmp_path):
    packed = tmp_path / "teacher.trec.gz"
    packed.write_bytes(gzip.compress(run.read_bytes()))
    trace = tmp_path / "trace.jsonl"
    texts = {str(document.id): document for document in asked.corpus}
    with Reranker("bm25") as reranker, TraceFile(trace) as file:
        for name, [ranked] in read_teacher(run).rankings.items():
            query = next(query for query in asked.queries if query.id == name)
            ranking = reranker.rank(query, [texts[one] for one in ranked.ids])
            file.write(query, ranking, seconds=0.0)
    orders = [
        {query: ranked.ids for query, [ranked] in read_teacher(path).rankings.items()}
        for path in (run, packed, trace)
    ]
    assert orders[0] == orders[1] == orders[2]
    assert read_teacher(trace).name == "trace.jsonl (bm25)"


def test_margins_are_learned_where_there_are_scores(asked, base, run, tmp_path):
    recipe = replace(RANK, loss="margin-mse", epochs=6, checks=1)
    student = distil(asked, tmp_path / "student", teachers=[run], base=str(base), recipe=recipe)
    assert student.best > 0.5
    lone = Teacher(
        name="orders",
        rankings={
            q.id: [Ranked(ids=(f"{q.id.replace('q', 'd')}-0", f"{q.id.replace('q', 'd')}-1"))]
            for q in asked.queries
        },
    )
    with pytest.raises(ConfigError, match="this teacher gives an order alone"):
        distil(asked, tmp_path / "other", teachers=[lone], base=str(base), recipe=recipe)


def good_first(body):
    """An LLM that puts the passage with the good word first."""
    passages = re.findall(r"\[(\d+)\]\n(n\d+ .+)", body["messages"][-1]["content"])
    order = sorted(passages, key=lambda passage: GOOD not in passage[1])
    return " > ".join(f"[{label}]" for label, _ in order)


STRATEGY = f"bm25 % {DEPTH} >> listwise"


@pytest.mark.parametrize("kept", ["cache", "record"])
def test_paid_judgements_teach_without_a_further_call(asked, base, tmp_path, kept):
    from llmrerank.evaluate.preparation import pipelines_of

    file = tmp_path / "answers"
    with StubServer(good_first) as server:
        settings = Settings(model="stub", base_url=server.base_url)
        [pipeline] = pipelines_of(asked, [STRATEGY], settings=replace(settings, **{kept: file}))
        with pipeline:
            for query in asked.queries[:25]:
                assert pipeline.search(query)[0].document.id == f"d{query.id[1:]}-{DEPTH - 1}"
        paid = len(server.requests)
        given = {"cache": file} if kept == "cache" else {"teachers": [file]}
        student = distil(
            *(asked, tmp_path / "student"),
            **given,
            strategy=STRATEGY,
            base=str(base),
            recipe=replace(RANK, epochs=1),
            settings=settings,
        )
        assert len(server.requests) == paid
    assert (student.queries, student.dev_queries) == (20, 5)
    assert any("5 of 30 queries are not answered in full" in warning for warning in student.warnings)
    assert "listwise" in (tmp_path / "student" / "README.md").read_text()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"d3-5": "d999"}, "names 180 documents, of which toy lacks 1, such as 'd999'"),
        ({"q": "topic"}, "ranks no query of toy (it ranks 'topic0', for one)"),
    ],
)
def test_a_run_of_another_collection_is_refused(asked, run, change, part):
    text = run.read_text()
    for old, new in change.items():
        text = text.replace(old, new)
    run.write_text(text)
    with pytest.raises(DataError) as caught:
        distilled(asked, [read_teacher(run)], recipe=RANK)
    assert part in str(caught.value)


def test_too_few_ranked_queries_say_how_many_are_needed(asked, run):
    run.write_text("\n".join(run.read_text().splitlines()[: 9 * DEPTH]) + "\n")
    with pytest.raises(
        DataError, match="9 queries that a teacher ranked are too few to train on; 10 are needed"
    ):
        distilled(asked, [read_teacher(run)], recipe=RANK)


def test_a_query_is_known_by_its_text_where_the_teacher_has_no_id(asked):
    by_text = Teacher(
        name="log",
        rankings={
            query.text: [Ranked(ids=(f"d{query.id[1:]}-5", f"d{query.id[1:]}-0"))] for query in asked.queries
        },
    )
    assert distilled(asked, [by_text], recipe=RANK).queries == 24
    assert Query(text="n0", id="q0") == asked.queries[0]
