"""Rerank endpoints: each dialect against a server that speaks it, and what must never pass for a ranking."""

import asyncio
import json
import math

import pytest
from rerank_servers import SERVERS, Answered, Gateway, logit, overlap

from llmrerank.calls import ListCall, PairCall
from llmrerank.clients.rerank_api import rerank_client
from llmrerank.clients.rerank_dialects.endpoint import forget
from llmrerank.clients.rerank_dialects.failures import Malformed
from llmrerank.errors import ConfigError, PermanentError, TransientError
from llmrerank.settings import Settings
from llmrerank.tokens import expected

QUERY = "roman roads"
DOCUMENTS = ("dogs bark", "roman roads", "", "roads of stone", "dogs bark", "roman roads")
SHARES = (0.0, 1.0, 0.0, 0.5, 0.0, 1.0)
KEYS = {"cohere": "COHERE_API_KEY", "jina": "JINA_API_KEY", "voyage": "VOYAGE_API_KEY"}
OWN = [name for name in SERVERS if name not in KEYS]
KINDS = {
    "cohere": "utility",
    "jina": "utility",
    "voyage": "utility",
    "vllm": "probability",
    "tei": "probability",
    "infinity": "probability",
    "llama-server": "logit",
}
SECRET = "sk-secret-0123456789"


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    """Keys of the vendors, and nothing remembered of any server."""
    for name in (*KEYS.values(), "CO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in KEYS.values():
        monkeypatch.setenv(name, SECRET)
    forget()
    yield
    forget()


def server_for(name, **options):
    return SERVERS[name](score=logit if name == "llama-server" else overlap, **options)


def expected_scores(name, shares=SHARES):
    return tuple(10 * share - 5 if name == "llama-server" else share for share in shares)


def ask(*calls, base_url, dialect="auto", model="m", key_env=None, client=None, **settings):
    """Replies to calls sent one after another through one client; the reply itself where there is one."""

    async def run():
        made = client or rerank_client(
            Settings(**{"retries": 2, **settings}),
            model=model,
            base_url=base_url,
            dialect=dialect,
            key_env=key_env,
        )
        try:
            return [await made.send(call) for call in calls]
        finally:
            await made.aclose()

    replies = asyncio.run(run())
    return replies[0] if len(calls) == 1 else replies


def call(documents=DOCUMENTS, instruction="", query=QUERY):
    return ListCall(query=query, documents=tuple(documents), instruction=instruction)


# --- every dialect ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVERS)
def test_scores_come_back_by_index_with_their_meaning(name):
    """Equal texts are different documents, whatever order the server puts them in."""
    with server_for(name) as server:
        reply = ask(call(), base_url=server.url, dialect=name)
    assert reply.scores == pytest.approx(expected_scores(name))
    assert reply.score_kind == KINDS[name]
    assert (reply.attempts, reply.answered, reply.text) == (1, 1, None)


@pytest.mark.parametrize("name", OWN)
def test_a_server_of_ones_own_is_recognised(name):
    with server_for(name) as server:
        first, second = ask(call(), call(("a b",)), base_url=server.url)
        assert first.scores == pytest.approx(expected_scores(name))
        assert first.score_kind == KINDS[name]
        assert f"dialect='{name}'" in first.notes[0]
        assert second.notes == ()
        gets = sum(one.method == "GET" for one in server.asked)
        again = ask(call(), base_url=server.url)
        assert again.notes == ()
        assert sum(one.method == "GET" for one in server.asked) == gets


BODIES = {
    "cohere": {"model": "m", "documents": list(DOCUMENTS)},
    "jina": {"model": "m", "documents": list(DOCUMENTS), "return_documents": False},
    "voyage": {"model": "m", "documents": [text or " " for text in DOCUMENTS], "truncation": True},
    "vllm": {"model": "m", "documents": list(DOCUMENTS), "truncate_prompt_tokens": -1},
    "tei": {"texts": list(DOCUMENTS), "truncate": True},
    "infinity": {"model": "m", "documents": list(DOCUMENTS), "return_documents": False},
    "llama-server": {"model": "m", "documents": list(DOCUMENTS)},
}


@pytest.mark.parametrize("name", SERVERS)
def test_what_is_sent(name):
    """Nothing that would drop a document, and nothing that the server does not know."""
    with server_for(name) as server:
        ask(call(), base_url=server.url, dialect=name)
        [sent] = server.posts
    assert sent.body == {"query": QUERY, **BODIES[name]}


@pytest.mark.parametrize(
    ("name", "sent", "unread"),
    [
        ("vllm", {"instruction": "be strict", "query": QUERY}, False),
        ("voyage", {"query": f"be strict\nQuery: {QUERY}"}, False),
        ("cohere", {"query": QUERY}, True),
        ("jina", {"query": QUERY}, True),
        ("tei", {"query": QUERY}, True),
        ("infinity", {"query": QUERY}, True),
        ("llama-server", {"query": QUERY}, True),
    ],
)
def test_an_instruction_goes_where_it_has_a_place(name, sent, unread):
    with server_for(name) as server:
        reply = ask(call(instruction="be strict"), base_url=server.url, dialect=name)
        [posted] = server.posts
    assert {key: posted.body[key] for key in ("instruction", "query") if key in posted.body} == sent
    assert reply.answers == ("otherwise" if unread else "call")


def test_models_that_follow_no_instruction_are_given_none():
    with SERVERS["voyage"](model="rerank-2") as server:
        reply = ask(call(instruction="be strict"), base_url=server.url, dialect="voyage", model="rerank-2")
        assert server.posts[0].body["query"] == QUERY
    assert reply.answers == "otherwise"


COUNTED = ("jina", "voyage", "vllm", "tei", "llama-server")


@pytest.mark.parametrize("name", SERVERS)
def test_tokens_are_those_that_the_server_counted_or_an_estimate(name):
    """Cohere counts searches, and Infinity's tokens are characters: neither passes for tokens."""
    asked = call(("internationalisation",))
    with server_for(name) as server:
        reply = ask(asked, base_url=server.url, dialect=name)
    assert reply.counted is (name in COUNTED)
    assert expected(asked).input > 3
    assert reply.usage.input == (3 if name in COUNTED else expected(asked).input)
    assert ("billed as 1 search unit" in reply.notes) is (name == "cohere")


def test_a_count_of_zero_is_none():
    with server_for("vllm") as server:
        server.change = lambda body: {**body, "usage": {"prompt_tokens": 0, "total_tokens": 0}}
        reply = ask(call(), base_url=server.url, dialect="vllm")
    assert (reply.counted, reply.usage) == (False, expected(call()))


SPELLINGS = ("", "/", "/v1", "/v1/", "/v2", "/rerank", "/v1/rerank", "/v1/rerank/", "/v2/rerank")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", SERVERS)
def test_an_address_may_be_spelled_in_any_way(name, spelling):
    with server_for(name) as server:
        reply = ask(call(), base_url=server.url + spelling, dialect=name)
        assert reply.scores == pytest.approx(expected_scores(name))
        assert server.posts[-1].path in server.routes
        answered = len(server.posts)
        ask(call(("a",)), base_url=server.url + spelling, dialect=name)
        assert len(server.posts) <= 2 * answered
    assert reply.attempts == 1


def test_the_route_that_answered_is_kept_to():
    with Gateway() as server:
        ask(call(), call(("a",)), call(("b",)), base_url=server.url)
        assert [one.path for one in server.posts] == ["/v1/rerank", "/rerank", "/rerank", "/rerank"]


def test_a_server_under_a_path_of_its_own():
    with SERVERS["vllm"]() as server:
        server.routes = ("/models/one/v1/rerank",)
        reply = ask(call(), base_url=server.url + "/models/one/v1", dialect="vllm")
        assert reply.scores == SHARES
        server.routes = ("/v1/rank-it/rerank",)
        ask(call(), base_url=server.url + "/v1/rank-it/rerank", dialect="vllm")


@pytest.mark.parametrize("base_url", ["localhost:8000", "ftp://x/rerank", "http://"])
def test_an_address_that_is_none(base_url):
    with pytest.raises(ConfigError, match="base URL"):
        rerank_client(Settings(), base_url=base_url)


# --- addresses, models, keys --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.cohere.com", "cohere"),
        ("https://api.cohere.com/v2/rerank", "cohere"),
        ("https://api.jina.ai/v1", "jina"),
        ("https://api.voyageai.com/v1/", "voyage"),
    ],
)
def test_vendors_are_told_from_their_host(url, name):
    client = rerank_client(Settings(), model="m", base_url=url)
    assert json.loads(client.identity.extra) == {"dialect": name}
    assert client.identity == rerank_client(Settings(), model="m", dialect=name).identity


@pytest.mark.parametrize("name", KEYS)
def test_a_vendor_needs_a_model(name):
    with pytest.raises(ConfigError, match=rf"api\(model='.+', dialect='{name}'\)"):
        rerank_client(Settings(), dialect=name)


@pytest.mark.parametrize("dialect", ["auto", "tei"])
def test_no_address_and_no_vendor(dialect):
    with pytest.raises(ConfigError, match=r"api\(base_url='http"):
        rerank_client(Settings(base_url="http://chat.test/v1"), model="m", dialect=dialect)


def test_an_unknown_dialect():
    with pytest.raises(ConfigError, match="did you mean 'cohere'"):
        rerank_client(Settings(), dialect="coherre")


@pytest.mark.parametrize("name", KEYS)
def test_a_missing_key_is_named_and_nothing_is_sent(name, monkeypatch):
    monkeypatch.delenv(KEYS[name])
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with server_for(name) as server:
        with pytest.raises(ConfigError, match=f"set {KEYS[name]}"):
            ask(call(), base_url=server.url, dialect=name, api_key=SECRET)
        assert server.asked == []


def test_cohere_knows_two_names_for_its_key(monkeypatch):
    monkeypatch.delenv("COHERE_API_KEY")
    monkeypatch.setenv("CO_API_KEY", SECRET)
    with server_for("cohere", key=SECRET) as server:
        ask(call(), base_url=server.url, dialect="cohere")


@pytest.mark.parametrize("name", SERVERS)
def test_a_refused_key_is_named_and_never_shown(name, monkeypatch):
    monkeypatch.setenv("MY_KEY", SECRET)
    with server_for(name, key="another") as server:
        with pytest.raises(PermanentError, match="does not accept the key from MY_KEY") as caught:
            ask(call(), base_url=server.url, dialect=name, key_env="MY_KEY")
        assert server.posts[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in str(caught.value)
    assert caught.value.status == 401


def test_a_variable_that_was_named_must_be_set(monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    with server_for("vllm") as server, pytest.raises(ConfigError, match="set MY_KEY"):
        ask(call(), base_url=server.url, dialect="vllm", key_env="MY_KEY")


def test_the_key_goes_to_the_endpoint_that_was_given_with_it_and_to_no_other():
    with server_for("vllm", key=SECRET) as server:
        mine = Settings(base_url=server.url, api_key=SECRET)
        client = rerank_client(mine, model="m", base_url=server.url, dialect="vllm")
        ask(call(), base_url=server.url, client=client)
        with pytest.raises(PermanentError, match="key_env"):
            ask(call(), base_url=server.url, dialect="vllm", api_key=SECRET)


def test_a_key_that_the_server_repeats_is_masked(monkeypatch):
    monkeypatch.setenv("MY_KEY", SECRET)
    with server_for("vllm") as server:
        server.first = [Answered(400, {"error": {"message": f"bad header Bearer {SECRET}"}})]
        with pytest.raises(PermanentError) as caught:
            ask(call(), base_url=server.url, dialect="vllm", key_env="MY_KEY")
        server.change = lambda body: {**body, "results": [{"index": 9, "relevance_score": 1, "x": SECRET}]}
        with pytest.raises(Malformed) as malformed:
            ask(call(), base_url=server.url, dialect="vllm", key_env="MY_KEY")
    assert SECRET not in str(caught.value) + str(malformed.value) + malformed.value.raw


@pytest.mark.parametrize("name", OWN)
def test_the_only_model_is_found_out(name):
    with server_for(name, model="bge-reranker") as server:
        client = rerank_client(Settings(), base_url=server.url, dialect=name)
        assert client.identity.model == ""
        ask(call(), base_url=server.url, client=client)
        assert client.identity.model == "bge-reranker"


def test_several_models_ask_for_a_choice():
    with server_for("vllm") as server:
        cards = [{"id": name, "owned_by": "vllm"} for name in ("bge", "gte")]
        server.get = lambda path: Answered(200, {"data": cards})
        with pytest.raises(ConfigError, match=r"serves bge, gte; say which, as api\(model='bge'"):
            ask(call(), base_url=server.url, model=None)
        assert server.posts == []


# --- failures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVERS)
def test_a_refused_request_says_what_the_server_said(name):
    with server_for(name) as server:
        server.first = [Answered(400, {"message": "the query is a riddle"})]
        with pytest.raises(PermanentError, match="refused the request: the query is a riddle") as caught:
            ask(call(), base_url=server.url, dialect=name)
    assert caught.value.call == call()
    assert caught.value.status == 400


@pytest.mark.parametrize("name", SERVERS)
def test_what_may_pass_is_sent_again(name):
    at_once = {"retry-after": "0"} if name == "cohere" else {"retry-after": "0", "retry-after-ms": "1"}
    busy = Answered(429, {"error": "Model is overloaded", "error_type": "Overloaded"}, at_once)
    with server_for(name) as server:
        server.first = [busy]
        reply = ask(call(), base_url=server.url, dialect=name)
        assert reply.scores == pytest.approx(expected_scores(name))
        assert (reply.attempts, reply.answered, len(server.posts)) == (2, 1, 2)
        assert reply.notes[0] == "the endpoint failed and was asked again"
        server.first = [Answered(503, "loading", {"retry-after-ms": "1"})] * 3
        with pytest.raises(TransientError, match=r"failed with status 503: loading \(tried 3 times\)"):
            ask(call(), base_url=server.url, dialect=name)


def test_nobody_is_there():
    with server_for("vllm") as server:
        url = server.url
    for dialect in ("auto", "vllm"):
        with pytest.raises(TransientError, match="is the server running"):
            ask(call(), base_url=url, dialect=dialect, retries=0)


def test_no_route_names_every_address_that_was_tried():
    with server_for("vllm") as server:
        server.routes = ()
        with pytest.raises(PermanentError, match="no rerank route") as caught:
            ask(call(), base_url=server.url + "/v1", dialect="vllm")
    assert f"{server_root(caught)}/v1/rerank answered 404" in str(caught.value)
    assert "/rerank answered 404" in str(caught.value)


def server_root(caught):
    return str(caught.value).partition(" ")[0]


def test_an_unknown_model_is_said():
    with (
        server_for("vllm") as server,
        pytest.raises(PermanentError, match="The model `other` does not exist"),
    ):
        ask(call(), base_url=server.url, dialect="vllm", model="other")


def test_a_server_without_reranking_says_so():
    with server_for("llama-server") as server:
        server.reranking = False
        for dialect in ("auto", "llama-server"):
            with pytest.raises(PermanentError, match=r"cannot rerank: .* Start it with `--reranking`"):
                ask(call(), base_url=server.url, dialect=dialect)


def test_a_text_that_is_too_long_for_a_server_that_does_not_cut():
    advice = r"chunks\(api\(\.\.\.\), tokens=\.\.\.\)"
    with server_for("llama-server") as server, pytest.raises(PermanentError, match=advice):
        ask(call(("word " * 600,)), base_url=server.url, dialect="llama-server")
    with server_for("vllm") as server:
        assert ask(call(("word " * 600,)), base_url=server.url, dialect="vllm").scores == (0.0,)


@pytest.mark.parametrize("name", SERVERS)
def test_an_error_of_status_200_is_no_ranking(name):
    with server_for(name) as server:
        for body in (
            {"error": {"message": "out of luck", "type": "ServerError", "code": 400}},
            {"detail": "out of luck"},
            {"message": "out of luck"},
            {"error": "out of luck"},
        ):
            server.first = [Answered(200, body)]
            with pytest.raises(PermanentError, match="out of luck"):
                ask(call(), base_url=server.url, dialect=name)


@pytest.mark.parametrize(
    ("body", "error", "sentence"),
    [
        ("<html>Sign in</html>", PermanentError, "sent a web page"),
        ('{"results": [{"index"', TransientError, "not whole JSON"),
        ({"choices": []}, PermanentError, "no ranking"),
        ("", TransientError, "not whole JSON"),
    ],
)
@pytest.mark.parametrize("name", SERVERS)
def test_what_is_no_ranking_at_all(name, body, error, sentence):
    with server_for(name) as server:
        server.first = [Answered(200, body)] * 3
        with pytest.raises(error, match=sentence):
            ask(call(), base_url=server.url, dialect=name, retries=0)


def rows_of(body):
    return body if isinstance(body, list) else body.get("results", body.get("data"))


def changed(change):
    """The same reply with its rows changed in place."""

    def apply(body):
        change(rows_of(body))
        return body

    return apply


def set_in(place, **fields):
    return changed(lambda rows: rows[place].update(fields))


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"index": 6}, "document 6, and there are 6"),
        ({"index": -1}, "document -1"),
        ({"index": "0"}, "without the index"),
        ({"index": True}, "without the index"),
        ({"index": None}, "without the index"),
        ({"relevance_score": math.nan, "score": math.nan}, "nan as the score"),
        ({"relevance_score": math.inf, "score": math.inf}, "inf as the score"),
        ({"relevance_score": "0.9", "score": "0.9"}, "'0.9' as the score"),
        ({"relevance_score": None, "score": None}, "None as the score"),
        ({"relevance_score": True, "score": True}, "True as the score"),
    ],
)
def test_a_reply_that_cannot_be_a_ranking_is_refused_with_its_body(name, fields, sentence):
    with server_for(name) as server:
        server.change = set_in(1, **fields)
        with pytest.raises(Malformed, match=sentence) as caught:
            ask(call(), base_url=server.url, dialect=name)
        assert len(server.posts) == 1
    assert "score" in caught.value.raw


@pytest.mark.parametrize("name", SERVERS)
def test_a_document_that_comes_twice_is_refused(name):
    with server_for(name) as server:
        server.change = changed(lambda rows: rows.append(rows[0]))
        with pytest.raises(Malformed, match="two results for document"):
            ask(call(), base_url=server.url, dialect=name)


@pytest.mark.parametrize("name", SERVERS)
def test_a_document_that_is_left_out_has_no_score(name):
    with server_for(name) as server:
        server.change = changed(lambda rows: rows.remove(next(row for row in rows if row["index"] == 3)))
        reply = ask(call(), base_url=server.url, dialect=name)
    given = expected_scores(name)
    assert reply.scores == (*given[:3], None, *given[4:])
    assert '"index"' in reply.text


@pytest.mark.parametrize("name", ["vllm", "tei", "infinity"])
def test_raw_scores_do_not_pass_for_probabilities(name):
    with SERVERS[name](score=logit) as server:
        reply = ask(call(), base_url=server.url, dialect=name)
    assert reply.score_kind == "logit"
    assert "raw scores" in reply.notes[-1]


def test_a_call_of_another_kind():
    with server_for("vllm") as server, pytest.raises(ConfigError, match="scores lists of documents"):
        ask(PairCall(query="q", document="d"), base_url=server.url, dialect="vllm")


def test_half_a_surrogate_pair_is_sent_as_a_question_mark():
    with server_for("vllm") as server:
        ask(call(("a \ud800", "é 😀"), query="\udfff q"), base_url=server.url, dialect="vllm")
        assert server.posts[0].body["documents"] == ["a ?", "é 😀"]


# --- another dialect than configured ------------------------------------------------------------------------

UNDERSTOOD = {
    ("cohere", "vllm"),
    ("jina", "vllm"),
    ("jina", "llama-server"),
    ("vllm", "llama-server"),
    ("vllm", "infinity"),
    ("vllm", "jina"),
    ("infinity", "vllm"),
    ("infinity", "jina"),
    ("infinity", "llama-server"),
    ("llama-server", "vllm"),
    ("llama-server", "infinity"),
    ("llama-server", "jina"),
    ("tei", "llama-server"),
}
"""Pairs of a given dialect and a server that understands it too."""


@pytest.mark.parametrize("served", SERVERS)
@pytest.mark.parametrize("given", SERVERS)
def test_a_server_that_speaks_another_dialect_is_named(given, served):
    """Never a wrong ranking; and a server that can be asked what it is, is named with what to write."""
    if given == served:
        return
    with server_for(served) as server:
        if (given, served) in UNDERSTOOD:
            reply = ask(call(), base_url=server.url, dialect=given)
            assert reply.scores == pytest.approx(expected_scores(served))
            if served == "llama-server":
                assert reply.score_kind in ("logit", "utility")
            return
        with pytest.raises(PermanentError) as caught:
            ask(call(), base_url=server.url, dialect=given)
    if served in OWN:
        assert f"write api(dialect='{served}', ...)" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_reply_in_the_form_of_voyage_is_recognised():
    with Gateway() as server:
        server.change = lambda body: {"data": body["results"]}
        with pytest.raises(PermanentError, match=r"that of Voyage; write api\(dialect='voyage'"):
            ask(call(), base_url=server.url, dialect="llama-server")


def test_tei_behind_a_proxy_is_recognised_by_its_error():
    """Its /info is not reachable; the batch is then its default, or what its refusal says."""
    with server_for("tei") as server:
        server.get = lambda path: Answered(403, "forbidden")
        server.most = 20
        documents = [f"roads {place}" for place in range(50)]
        reply = ask(call(documents), base_url=server.url)
        assert reply.scores == (0.5,) * 50
        assert "dialect='tei'" in reply.notes[0]
        taken = [len(one.body["texts"]) for one in server.posts if "texts" in one.body]
        assert sorted(taken) == [12, 18, 20, 32]


def test_calls_at_once_find_the_dialect_out_together():
    with server_for("tei") as server:
        server.get = lambda path: Answered(404)

        async def run():
            client = rerank_client(Settings(), model="m", base_url=server.url)
            try:
                return await asyncio.gather(*(client.send(call((f"roads {n}",))) for n in range(6)))
            finally:
                await client.aclose()

        assert [reply.scores for reply in asyncio.run(run())] == [(0.5,)] * 6


def test_a_server_that_nobody_recognises():
    with Gateway() as server:
        reply = ask(call(), base_url=server.url, model=None)
        assert server.posts[-1].body == {
            "query": QUERY,
            "documents": list(DOCUMENTS),
            "return_documents": False,
        }
    assert reply.scores == SHARES
    assert reply.score_kind == "utility"
    assert (reply.usage.input, reply.counted) == (7, True)
    assert "give model=" in reply.notes[0]


def test_a_bare_list_of_an_unknown_server_is_read():
    """As SGLang answers."""
    with Gateway() as server:
        server.change = lambda body: [
            {"score": row["relevance_score"], "document": "x", "index": row["index"], "meta_info": None}
            for row in body["results"]
        ]
        assert ask(call(), base_url=server.url).scores == SHARES


# --- long lists ---------------------------------------------------------------------------------------------


def many(size):
    """Documents of which every third is relevant."""
    return [f"roman roads {place}" if place % 3 == 0 else f"dogs {place}" for place in range(size)]


def shares(size):
    return tuple(1.0 if place % 3 == 0 else 0.0 for place in range(size))


def test_tei_is_sent_as_many_as_it_says_it_takes():
    with server_for("tei") as server:
        server.most = 8
        reply = ask(call(many(50)), base_url=server.url, dialect="tei")
        assert sorted(len(one.body["texts"]) for one in server.posts) == [2, 8, 8, 8, 8, 8, 8]
    assert reply.scores == shares(50)
    assert (reply.answered, reply.attempts, reply.counted) == (7, 1, True)
    assert reply.usage.input == sum(len(text.split()) + 2 for text in many(50))
    assert reply.notes == ("sent in 7 requests",)


@pytest.mark.parametrize(("info", "sizes"), [(404, [8, 8, 8, 8, 32]), (200, [8, 8, 8, 8])])
def test_a_batch_that_is_too_large_is_sent_in_smaller_ones(info, sizes):
    """The server's refusal names its limit, which is kept to from then on."""
    with server_for("tei") as server:
        server.most = 8
        if info == 404:
            server.get = lambda path: Answered(404)
        first, second = ask(call(many(32)), call(many(30)), base_url=server.url, dialect="tei")
        taken = [len(one.body["texts"]) for one in server.posts]
        assert sorted(taken[: len(sizes)]) == sizes
        assert sorted(taken[len(sizes) :]) == [6, 8, 8, 8]
    assert first.scores == shares(32)
    assert second.scores == shares(30)


@pytest.mark.parametrize(("name", "limit"), [("voyage", 1000), ("infinity", 2048)])
def test_lists_above_a_documented_limit(name, limit):
    with server_for(name) as server:
        reply = ask(call(many(limit + 1)), base_url=server.url, dialect=name)
        assert sorted(len(one.body["documents"]) for one in server.posts) == [1, limit]
    assert reply.scores == shares(limit + 1)


def test_too_much_text_in_one_request_is_halved():
    with server_for("voyage") as server:
        server.most_tokens = 60
        reply = ask(call(many(32)), base_url=server.url, dialect="voyage")
        assert max(len(one.body["documents"]) for one in server.posts[-4:]) <= 16
    assert reply.scores == shares(32)
    with server_for("voyage") as server:
        server.most_tokens = 3
        with pytest.raises(PermanentError, match="takes fewer documents in one request; lower batch"):
            ask(call(("one two three",)), base_url=server.url, dialect="voyage")


def test_a_part_that_fails_fails_the_list():
    with server_for("tei") as server:
        server.most = 4
        server.first = [Answered(424, {"error": "Inference failed", "error_type": "Backend"})]
        with pytest.raises(PermanentError, match="Inference failed"):
            ask(call(many(10)), base_url=server.url, dialect="tei")


# --- what is kept -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVERS)
def test_what_was_scored_is_not_sent_again(name, tmp_path):
    with server_for(name) as server:
        options = {"base_url": server.url, "dialect": name, "cache": tmp_path / "answers.sqlite"}
        first = ask(call(), **options)
        posts = len(server.posts)
        second = ask(call(), **options)
        assert len(server.posts) == posts
        ask(call(query="other"), **options)
        assert len(server.posts) == posts + 1
    assert (second.scores, second.score_kind, second.cached) == (first.scores, first.score_kind, True)
    assert second.usage == first.usage
    assert SECRET.encode() not in (tmp_path / "answers.sqlite").read_bytes()


def test_only_the_parts_that_are_not_kept_are_paid(tmp_path):
    with server_for("tei") as server:
        server.most = 10
        options = {"base_url": server.url, "dialect": "tei", "cache": tmp_path / "answers.sqlite"}
        ask(call(many(20)), **options)
        reply = ask(call(many(30)), **options)
        assert len(server.posts) == 3
    assert reply.scores == shares(30)
    assert (reply.cached, reply.answered) == (False, 1)
    assert reply.usage.input == sum(len(text.split()) + 2 for text in many(30)[20:])


def test_answers_of_an_unnamed_model_are_not_kept(tmp_path):
    """Another model may be served at the same address tomorrow."""
    with Gateway() as server:
        options = {"base_url": server.url, "model": None, "cache": tmp_path / "answers.sqlite"}
        ask(call(), **options)
        assert ask(call(), **options).cached is False


def test_a_vendor_whose_answers_are_kept_needs_no_key(tmp_path, monkeypatch):
    with server_for("cohere") as server:
        options = {"base_url": server.url, "dialect": "cohere", "cache": tmp_path / "answers.sqlite"}
        first = ask(call(), **options)
        monkeypatch.delenv("COHERE_API_KEY")
        assert ask(call(), **options).scores == first.scores


def test_a_recording_answers_in_place_of_the_server(tmp_path):
    record = tmp_path / "calls.jsonl"
    with server_for("tei") as server:
        server.most = 10
        given = ask(call(many(25), "be kind"), base_url=server.url, dialect="tei", record=record)
    lines = record.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["model"] == "m"
    assert SECRET not in lines[0]
    again = ask(call(many(25), "be kind"), base_url=None, dialect="tei", replay=record)
    assert (again.scores, again.answers, again.score_kind) == (given.scores, "otherwise", "probability")
