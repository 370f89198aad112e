"""The parts of the ranking cache: what is kept and read back, what memory holds, how amounts are written."""

import json
from dataclasses import replace

import hypothesis.strategies as some
import pytest
from hypothesis import given

from llmrerank.limits import NO_FURTHER, Prices
from llmrerank.quantities import bytes_of, seconds_of
from llmrerank.ranking import Hit, Place, Ranking
from llmrerank.ranking_cache.candidates import Candidates
from llmrerank.ranking_cache.kept import Kept, is_whole
from llmrerank.ranking_cache.memory import WEIGHT, Memory
from llmrerank.redis_address import shown
from llmrerank.trace import (
    Called,
    Degraded,
    Exhausted,
    Recalled,
    Retried,
    RoundDone,
    Scored,
    StageDone,
    Trace,
)
from llmrerank.types import Document, Usage

NUMBERS = some.none() | some.floats(allow_nan=False) | some.integers(-9, 9)
TEXTS = some.text(max_size=5)
PLACES = some.builds(Place, stage=TEXTS, rank=some.integers(1, 99), score=NUMBERS)
EVENTS = some.one_of(
    some.builds(
        Called,
        stage=TEXTS,
        round=some.integers(1, 9),
        slate=some.lists(some.integers(0, 9), max_size=4).map(tuple),
        model=TEXTS,
        usage=some.builds(Usage, input=some.integers(0, 99), output=some.integers(0, 99)),
        counted=some.booleans(),
        seconds=some.floats(0, 9),
        attempts=some.just(1),
        cached=some.booleans(),
        cost=some.none() | some.floats(0, 1),
        answered=some.just(1),
    ),
    some.builds(
        Scored,
        stage=TEXTS,
        round=some.integers(1, 9),
        model=TEXTS,
        pairs=some.integers(0, 9),
        cached=some.just(0),
        seconds=some.floats(0, 9),
    ),
    some.builds(
        StageDone,
        stage=TEXTS,
        documents_in=some.just(3),
        documents_out=some.just(3),
        seconds=NUMBERS.filter(bool),
    ),
)


@some.composite
def rankings(draw):
    """A ranking, and the candidates that it was made of: as given, or found by a first stage."""
    size = draw(some.integers(0, 6))
    documents = [Document(id=place, text=draw(TEXTS)) for place in range(size)]
    before = [tuple(draw(some.lists(PLACES, max_size=2))) for _ in documents]
    found = [
        Hit(rank=rank, previous_rank=rank, score=1.0, document=document, history=history)
        for rank, (document, history) in enumerate(zip(documents, before, strict=True), start=1)
    ]
    candidates = Candidates(documents=documents)
    if draw(some.booleans()):
        candidates = Candidates.of(Ranking(query="q", strategy="s", hits=tuple(found)))
    order = draw(some.permutations(range(size)))[: draw(some.integers(0, size))]
    hits = [
        Hit(
            rank=rank,
            previous_rank=place + 1,
            score=draw(NUMBERS),
            document=documents[place],
            deviation=draw(NUMBERS),
            spans=tuple(draw(some.lists(some.tuples(some.integers(0, 9), some.integers(0, 9)), max_size=2))),
            suspicious=draw(some.booleans()),
            history=(
                *(before[place] if candidates.hits else ()),
                *draw(some.lists(PLACES, max_size=2)),
            ),
        )
        for rank, place in enumerate(order, start=1)
    ]
    events = draw(some.lists(EVENTS, max_size=4))
    ranking = Ranking(
        query="q", strategy="s", hits=tuple(hits), score_kind="logit", trace=Trace(tuple(events))
    )
    return ranking, candidates


@given(rankings())
def test_what_is_kept_is_read_back(made):
    ranking, candidates = made
    kept = Kept.of(ranking, candidates)
    read = Kept.from_json(kept.to_json(), candidates=len(candidates.documents))
    assert read == kept
    again = read.restored(candidates, query="q", strategy="s", tier="file", seconds=0.5, prices=Prices())
    assert again.hits == ranking.hits
    assert again.score_kind == "logit"
    recalled, *events = again.trace
    assert (recalled.tier, recalled.kept, recalled.seconds) == ("file", kept.moment, 0.5)
    assert [type(event) for event in events] == [type(event) for event in ranking.trace]
    assert (again.trace.calls, again.trace.pairs, again.trace.paid) == (0, 0, Usage())
    assert Kept.of(again, replace(candidates, events=())) == replace(
        kept, moment=pytest.approx(kept.moment, abs=9)
    )


KEPT = Kept(score_kind="none", hits=(), events=(), idf=None, moment=1.0)
WHOLE = json.loads(KEPT.to_json())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        "[]",
        "null",
        "{}",
        *(
            json.dumps({**WHOLE, **changed})
            for changed in (
                {"schema": 1},
                {"score_kind": "else"},
                {"hits": [[0, None, None, [], [], False], [0, None, None, [], [], False]]},
                {"hits": [[5, None, None, [], [], False]]},
                {"hits": [[-1, None, None, [], [], False]]},
                {"hits": [[True, None, None, [], [], False]]},
                {"hits": [[0, "1", None, [], [], False]]},
                {"hits": [[0, None, None, [[1]], [], False]]},
                {"hits": [[0, None, None, [], [[0, 1, None]], False]]},
                {"hits": [[0, None, None, [], [], 0]]},
                {"hits": [[0, None, None, [], []]]},
                {"events": [{"kind": "later"}]},
                {"events": [{"kind": "called"}]},
                {"events": 3},
                {"moment": None},
            )
        ),
    ],
    ids=lambda text: str(text)[:60],
)
def test_what_was_written_by_somebody_else_is_made_anew(text):
    assert Kept.from_json(json.dumps(WHOLE), candidates=2) == KEPT
    assert Kept.from_json(text, candidates=2) is None


def called(**more):
    values = {"stage": "s", "round": 1, "slate": (0,), "model": "m", "usage": Usage(), "counted": True}
    return Called(**{**values, "seconds": 1.0, "attempts": 1, "cached": False, "cost": None, **more})


def test_what_the_transport_repeated_is_no_part_of_what_is_kept():
    again = Retried(stage="s", round=1, slate=(0,), attempts=2, reason="busy")
    asked = replace(again, reason="the answer was unusable")
    events = (
        called(attempts=2),
        again,
        asked,
        called(),
        RoundDone(stage="s", round=1, slates=1, seconds=1.0),
    )
    ranking = Ranking(query="q", strategy="s", hits=(), trace=Trace(events))
    kept = Kept.of(ranking, Candidates(documents=()))
    assert [getattr(event, "reason", type(event)) for event in kept.events] == [
        Called,
        "the answer was unusable",
        Called,
        RoundDone,
    ]
    assert kept.answers == 2


@pytest.mark.parametrize(
    "event",
    [
        Degraded(stage="s", round=1, slate=(0,), reason="r", raw=None),
        Exhausted(stage="s", limit="calls", reason="r"),
        called(notes=(f"{NO_FURTHER}: more",)),
    ],
    ids=["degraded", "exhausted", "cut short"],
)
def test_half_a_ranking_is_not_whole(event):
    assert is_whole([called(), Recalled(stage="s", tier="file", kept=0.0, seconds=0.0)])
    assert not is_whole([called(), event])


def test_memory_holds_as_much_as_fits():
    memory = Memory(10 * WEIGHT)
    for name in b"abc":
        memory.put(bytes([name]), KEPT, characters=3)
    assert memory.get(b"a") is not None  # used: b is older now
    memory.put(b"d", KEPT, characters=4)
    assert [memory.get(name) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    memory.put(b"d", KEPT, characters=1)
    memory.put(b"e", KEPT, characters=11)
    assert (len(memory), memory.size) == (3, 7 * WEIGHT)
    memory.drop(b"a")
    memory.drop(b"a")
    assert memory.size == 4 * WEIGHT


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("900", 900),
        (0, 0),
        (2.5, 2.5),
        ("20min", 1200),
        ("12h", 43_200),
        ("30 d", 2_592_000),
        ("2W", 1_209_600),
    ],
)
def test_ages_are_written_so(written, meant):
    assert seconds_of(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1GB", 10**9), ("1.5kB", 1500), ("1GiB", 2**30), ("7", 7), (7, 7), ("2 mb", 2_000_000)],
)
def test_sizes_are_written_so(written, meant):
    assert bytes_of(written) == meant


@pytest.mark.parametrize("written", ["", "d", "-1d", "1y", "1e3", "1 GB", True, None, -1, float("inf")])
def test_what_is_no_age(written):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller says what was wrong
        seconds_of(written)


def test_the_url_of_a_redis_is_shown_without_its_secrets():
    assert shown("redis://user:secret@host/2?password=secret") == "redis://host:6379/2"
    assert shown("unix:///run/redis.sock?password=secret") == "unix:///run/redis.sock"
    for wrong in ("http://h", "redis://", "redis://h/name", "redis://h:port/0", "nonsense"):
        with pytest.raises(Exception, match="redis://127") as raised:
            shown(wrong.replace("h", ":secret@h"))
        assert "secret" not in str(raised.value)
