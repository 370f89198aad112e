"""Rerank endpoints through the public doors: pipelines, comparisons, limits, and what the books say."""

import asyncio
import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "clients"))

from rerank_servers import SERVERS, Answered, logit

from llmrerank import ConfigError, Limits, Pipeline, Reranker, rerank
from llmrerank.cli.app import run
from llmrerank.cli.exits import Exit
from llmrerank.clients.rerank_dialects.endpoint import forget
from llmrerank.errors import PermanentError
from llmrerank.evaluate import Dataset, compare
from llmrerank.settings import Settings
from llmrerank.stages import Course
from llmrerank.trace import Called, Degraded

DOCUMENTS = [
    {"id": "a", "text": "dogs bark at roman cats"},
    {"id": "b", "title": "Roman roads", "text": "of stone"},
    {"id": "c", "text": "dogs bark"},
    {"id": "d", "text": "roads"},
    {"id": "e", "text": "dogs bark"},
]
QUERY = "roman roads"
KEYS = {"cohere": "COHERE_API_KEY", "jina": "JINA_API_KEY", "voyage": "VOYAGE_API_KEY"}


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.delenv("CO_API_KEY", raising=False)
    for name in KEYS.values():
        monkeypatch.setenv(name, "k")
    forget()
    yield
    forget()


def ids(ranking):
    return [hit.document.id for hit in ranking]


@pytest.mark.parametrize("name", SERVERS)
def test_documents_are_ranked_by_the_endpoint_s_scores(name):
    """Title and text are read; documents of equal score, and of equal text, keep their order."""
    with SERVERS[name](score=logit) if name == "llama-server" else SERVERS[name]() as server:
        ranking = rerank(QUERY, DOCUMENTS, strategy=f"api(dialect='{name}')", model="m", base_url=server.url)
    assert ids(ranking) == ["b", "a", "d", "c", "e"]
    assert ranking.trace.calls == ranking.trace.rounds == 1
    assert not ranking.degraded
    [called] = ranking.trace.of(Called)
    assert called.model == "m"
    assert ranking.trace.paid == called.usage


def test_a_pipeline_with_a_first_stage():
    documents = [f"road {place} of the romans" for place in range(30)] + ["roman roads", "dogs"]
    with SERVERS["tei"]() as server:
        strategy = f"bm25 % 20 >> api(dialect='tei', base_url='{server.url}') % 5"
        with Pipeline(strategy, corpus=documents) as pipeline:
            predicted = pipeline.estimate(QUERY)
            ranking = pipeline.search(QUERY)
        assert len(server.posts[0].body["texts"]) == 20
    assert len(ranking) == 5
    assert ranking[0].document.text == "roman roads"
    assert ranking.score_kind == "probability"
    assert (predicted.calls.least, predicted.calls.most, predicted.pairs.most) == (1, 1, 0)
    assert predicted.tokens_in.most > 0
    assert predicted.cost is None


def test_batches_are_calls_and_are_predicted_as_such():
    documents = [f"roads {place}" for place in range(25)]
    with SERVERS["vllm"]() as server, Reranker("api(batch=10)", base_url=server.url, model="m") as reranker:
        assert reranker.estimate(QUERY, documents).calls.most == 3
        ranking = reranker.rank(QUERY, documents)
        assert sorted(len(one.body["documents"]) for one in server.posts) == [5, 10, 10]
    assert ranking.trace.calls == 3
    assert ranking.trace.rounds == 1


def test_calls_at_once_keep_to_the_limit_and_parts_count_as_calls():
    documents = [f"roads {place}" for place in range(40)]
    with SERVERS["tei"]() as server:
        server.most = 4
        with Reranker("api(parallel=2)", base_url=server.url) as reranker:
            ranking = reranker.rank(QUERY, documents)
        assert len(server.posts) == ranking.trace.calls == 10
        assert server.most_at_once <= 2
    assert ids(ranking) == [str(place) for place in range(40)]


def test_no_more_requests_are_made_than_the_limit_allows():
    """What was scored until then is used; the rest stands behind it, marked."""
    documents = [f"dogs {place}" for place in range(7)] + ["roman roads", *(f"roads {n}" for n in range(8))]
    with SERVERS["tei"]() as server:
        server.most = 4
        ranking = rerank(QUERY, documents, strategy="api", base_url=server.url, limits=Limits(calls=2))
        assert len(server.posts) == ranking.trace.calls == 2
    assert ranking[0].document.text == "roman roads"
    assert [hit.degraded for hit in ranking] == [False] * 8 + [True] * 8
    assert any("a limit allowed no further request" in note for note in ranking.trace.of(Called)[0].notes)
    with SERVERS["vllm"]() as server:
        ranking = rerank(QUERY, documents, strategy="api", base_url=server.url, limits=Limits(calls=0))
        assert server.posts == []
    assert ranking.trace.exhausted is not None
    assert ids(ranking) == [str(place) for place in range(16)]


def test_a_deadline_ends_the_wait():
    with SERVERS["vllm"]() as server:
        server.hold()
        ranking = rerank(QUERY, DOCUMENTS, strategy="api", base_url=server.url, limits=Limits(seconds=0.3))
    assert ranking.trace.exhausted.limit == "seconds"
    assert ids(ranking) == ["a", "b", "c", "d", "e"]
    assert ranking.degraded


def test_a_document_without_a_score_is_marked_and_said():
    def without_the_best(body):
        return {**body, "results": body["results"][1:]}

    with SERVERS["vllm"]() as server:
        server.change = without_the_best
        ranking = rerank(QUERY, DOCUMENTS, strategy="api(dialect='vllm')", model="m", base_url=server.url)
    assert ids(ranking) == ["a", "d", "c", "e", "b"]
    assert [hit.degraded for hit in ranking] == [False, False, False, False, True]
    [event] = ranking.trace.of(Degraded)
    assert "1 of 5 documents" in event.reason
    assert '"results"' in event.raw


def test_an_empty_ranking_is_none():
    """Every document was asked for; an answer without any is asked for once more, then marked."""
    with SERVERS["vllm"]() as server:
        server.change = lambda body: {**body, "results": []}
        ranking = rerank(
            QUERY, ["x", "y", "z"], strategy="api(dialect='vllm')", model="m", base_url=server.url
        )
        assert len(server.posts) == 2
    assert ids(ranking) == ["0", "1", "2"]
    assert all(hit.degraded and hit.score is None for hit in ranking)


def test_a_batch_that_fails_keeps_its_order_and_the_others_are_ranked():
    with SERVERS["vllm"]() as server:
        server.first = [Answered(503, "busy", {"retry-after-ms": "1"})] * 1
        with Reranker(
            "api(batch=3, parallel=1)", settings=Settings(base_url=server.url, retries=0)
        ) as reranker:
            ranking = reranker.rank(QUERY, DOCUMENTS)
    assert ranking.degraded
    assert sum(hit.degraded for hit in ranking) in (2, 3)


def test_an_instruction_that_has_no_place_is_said_even_from_the_cache(tmp_path):
    with SERVERS["tei"]() as server:
        options = {
            "strategy": "api(dialect='tei')",
            "base_url": server.url,
            "instruction": "only roads",
            "cache": tmp_path / "c.sqlite",
        }
        for calls in (1, 0):
            ranking = rerank(QUERY, DOCUMENTS, **options)
            assert ranking.trace.calls == calls
            assert any("takes no instruction" in warning for warning in ranking.trace.warnings)
    with SERVERS["vllm"]() as server:
        ranking = rerank(QUERY, DOCUMENTS, **{**options, "strategy": "api", "base_url": server.url})
        assert server.posts[0].body["instruction"] == "only roads"
    assert not any("instruction" in warning for warning in ranking.trace.warnings)


def test_two_endpoints_in_one_pipeline():
    barking = SERVERS["cohere"](score=lambda _, text: float("bark" in text))
    with SERVERS["vllm"]() as first, barking as second:
        last = f"api(model='m', dialect='cohere', base_url='{second.url}') % 1"
        strategy = f"api(base_url='{first.url}') % 3 >> {last}"
        ranking = rerank(QUERY, DOCUMENTS, strategy=strategy)
    assert ids(ranking) == ["a"]
    assert ranking.trace.calls == 2
    assert [place.stage[:4] for place in ranking[0].history[-2:]] == ["api(", "api("]


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        ("api", "address of the rerank endpoint is missing"),
        ("api(dialect='tei')", "rerank endpoint of Text Embeddings Inference is missing"),
        ("api(dialect='cohere')", r"api\(model='rerank-v3.5', dialect='cohere'\)"),
        ("api(dialect='coherre')", "did you mean 'cohere'"),
        ("api(batch=0)", "batch must be 1 or more"),
        ("api(examples=(('q', 'd', 'yes'),))", "unknown option 'examples'"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(strategy, sentence):
    with pytest.raises(ConfigError, match=sentence):
        rerank(QUERY, DOCUMENTS, strategy=strategy)


def test_another_dialect_than_configured_is_named():
    with (
        SERVERS["tei"]() as server,
        pytest.raises(PermanentError, match=r"write api\(dialect='tei', \.\.\.\)"),
    ):
        rerank(QUERY, DOCUMENTS, strategy="api(dialect='jina')", model="m", base_url=server.url)


def test_one_reranker_serves_one_loop_after_another():
    async def once(reranker):
        async with reranker:
            return await reranker.arank(QUERY, DOCUMENTS)

    with SERVERS["infinity"]() as server:
        reranker = Reranker("api", base_url=server.url)
        for _ in range(3):
            assert ids(asyncio.run(once(reranker))) == ["b", "a", "d", "c", "e"]


@pytest.fixture
def collection(tmp_path):
    """Three queries with one relevant document each."""
    folder = tmp_path / "roads"
    (folder / "qrels").mkdir(parents=True)
    texts = ["roman roads", "roman roman roads cats", "sea charts", "star maps", "cats"]
    rows = [json.dumps({"_id": f"d{n}", "title": "", "text": text}) for n, text in enumerate(texts)]
    (folder / "corpus.jsonl").write_text("\n".join(rows) + "\n")
    queries = {"q0": "roman roads", "q1": "sea charts", "q2": "star maps"}
    rows = [json.dumps({"_id": name, "text": text}) for name, text in queries.items()]
    (folder / "queries.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td2\t1\nq2\td3\t1\n"
    )
    return folder


def test_a_row_of_a_comparison_has_calls_and_tokens(collection):
    with SERVERS["jina"]() as server:
        strategies = ["bm25", f"bm25 % 3 >> api(model='m', dialect='jina', base_url='{server.url}')"]
        comparison = compare(Dataset.open(collection), strategies, measures=["RR@10"])
        assert len(server.posts) == 3
    first, second = (row.to_dict() for row in comparison.rows)
    assert (first["calls"], first["tokens_in"], first["errors"]) == (0, 0, 0)
    assert (second["calls"], second["rounds"], second["errors"], second["degraded"]) == (3, 1.0, 0, 0)
    assert second["tokens_in"] > 0
    assert second["measures"]["RR@10"] == 1.0


def test_the_command_line_ends_as_it_should(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COHERE_API_KEY")
    documents = tmp_path / "docs.txt"
    documents.write_text("dogs bark\nroman roads\n", encoding="utf-8")

    def end(strategy, *words):
        code = run(["rank", "--query", QUERY, "--docs", str(documents), "--strategy", strategy, *words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    with SERVERS["tei"]() as server:
        at = ("--base-url", server.url)
        code, out, _ = end("api", *at, "--json")
        assert code == Exit.DONE
        found = json.loads(out)
        assert (found["hits"][0]["text"], found["score_kind"]) == ("roman roads", "probability")
        code, _, err = end("api(dialect='vllm')", *at)
        assert code == Exit.PROVIDER
        assert "write api(dialect='tei', ...)" in err
        code, _, err = end("api(model='m', dialect='cohere')")
        assert code == Exit.USAGE
        assert "set COHERE_API_KEY or CO_API_KEY" in err
        code, out, _ = end("api", *at, "--dry-run", "--json")
        assert code == Exit.DONE
        code, _, err = end("api")
        assert code == Exit.USAGE
        assert "api(base_url=" in err


PAGE = Path(__file__).parents[2] / "docs" / "endpoints.md"


def test_the_page_about_endpoints_tells_the_truth():
    """Its code runs and prints what it shows, every strategy on it can be used, and no dialect is missing."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"(?<!-->\n)```python\n(.*?)```\n```text\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 1
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, {})
        assert out.getvalue() == shown
    strategies = re.findall(r'(?:strategy=|--pipeline |bge = )"(.*?)"', text)
    strategies += [" ".join(found.split()) for found in re.findall(r"`((?:api|chunks)\([^`.]+\))`", text)]
    assert len(strategies) >= 9
    for strategy in strategies:
        assert "api(" in str(Course.of(strategy).spec)
    named = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) - {"dialect"}
    assert named == set(SERVERS)


def test_chunks_of_long_documents_are_scored_in_the_same_call():
    long = "Dogs bark at night. " * 100 + "All roman roads lead there."
    with SERVERS["vllm"]() as server:
        ranking = rerank(
            QUERY,
            [*DOCUMENTS, {"id": "long", "text": long}],
            strategy="chunks(api(dialect='vllm'), tokens=64)",
            model="m",
            base_url=server.url,
        )
        assert len(server.posts) == 1
    assert ids(ranking)[:2] == ["b", "long"]


RERANKING = """
import sys, xllamacpp
from llmrerank import endpoint
parameters = endpoint._parameters(endpoint.model_file(), port=0, context=512, slots=1)
if sys.argv[1] == "rank":
    parameters.embedding = True
    parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
server = xllamacpp.Server(parameters)
endpoint._await_ready(server.listening_address)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def llama(request):
    """The real llama-server with the packaged model, in a process of its own."""
    pytest.importorskip("xllamacpp")
    from llmrerank.endpoint import packaged_model

    if packaged_model() is None:
        pytest.skip("the packaged model is not installed")
    with subprocess.Popen(
        [sys.executable, "-c", RERANKING, request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("llama", ["rank"], indirect=True)
def test_a_real_llama_server_is_recognised_and_read(llama):
    """The packaged model is no reranker: its scores mean nothing, but their form is the real one."""
    ranking = rerank(QUERY, DOCUMENTS, strategy="api", base_url=llama)
    assert ranking.score_kind == "logit"
    assert not ranking.degraded
    [called] = ranking.trace.of(Called)
    assert "dialect='llama-server'" in called.notes[0]
    assert called.counted
    assert "SmolLM2" in called.model
    scores = {hit.document.id: hit.score for hit in ranking}
    assert scores["c"] == pytest.approx(scores["e"], abs=1e-4)
    assert [hit.score for hit in ranking] == sorted(scores.values(), reverse=True)
    as_tei = rerank(QUERY, DOCUMENTS, strategy="api(dialect='tei')", base_url=llama)
    assert ids(as_tei) == ids(ranking)
    assert as_tei.score_kind == "logit"
    with pytest.raises(PermanentError, match="does not cut it"):
        rerank(QUERY, ["word " * 2000], strategy="api", base_url=llama)
    with pytest.raises(PermanentError, match=r"write api\(dialect='llama-server'"):
        rerank(QUERY, DOCUMENTS, strategy="api(dialect='cohere')", model="m", base_url=llama)


@pytest.mark.slow
@pytest.mark.parametrize("llama", ["chat"], indirect=True)
def test_a_real_llama_server_that_does_not_rerank_says_so(llama):
    with pytest.raises(PermanentError, match=r"cannot rerank: .* Start it with `--reranking`"):
        rerank(QUERY, DOCUMENTS, strategy="api", base_url=llama + "/v1")
