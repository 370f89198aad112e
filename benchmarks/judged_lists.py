"""Lists to be ranked and judges that err, for `algorithms.py`: drawn at random, from judgements, from logs.

A list is positions in first-stage order with its scores, a quality for any order of it, and judges: a new one
for each algorithm, so that algorithms meet the same lists and their own noise.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import NormalDist, fmean

import numpy
from replay_logs import LoggedAnswers, beginning, letters

from llmrerank.answers import read
from llmrerank.evaluate import Dataset, Measures

__all__ = [
    "DL19",
    "MODELS",
    "RUNS",
    "Disagreement",
    "Judged",
    "Noise",
    "disagreement",
    "drawn",
    "emulated",
    "from_judgements",
    "fused",
    "queries",
]

DL19 = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "dl19"
MODELS = {
    "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T183614": "bm25+output_v2_aug_vicuna_7b_",
    "bm25+vicuna-7b-checkpoint-800_4096_100.2023-09-08T210809": "bm25+vicuna-7b-checkpoint-800_",
}
"""A log that is emulated, and how the names of all logs of its model begin."""
RUNS = {
    "gpt-3.5-turbo": "bm25+gpt-3.5-turbo_4096_100.",
    "RankVicuna (output_v2_aug_vicuna_7b)": "bm25+output_v2_aug_vicuna_7b_4096_100.",
}
"""Models with several runs over the same lists, and how the names of the runs begin."""
_SIZE = 100
_AGREEMENT = 0.6  # how much of the relevance is in the first-stage score of a drawn list

Slate = tuple[int, ...]
Looks = tuple[str, ...]
"""How the passages of a slate begin; logs cannot tell passages apart that begin alike."""
Judge = Callable[[Slate], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How a judge errs, as standard deviations: anew in every call, and alike in all of them."""

    fresh: float
    shared: float = 0.0


@dataclass(slots=True, kw_only=True)
class Judged:
    """A list with its judge.

    Attributes:
        group: Lists of one group are not independent: repeats of a query.
        repeat: Which time this query comes; of drawn lists, which list.
        prior: First-stage scores, falling.
        merit: What the judge sees, by position, its shared error included.
        fresh: Standard deviation of what every call adds to it.
        quality: nDCG@10 of an order.
        looks: How the passages begin, by position, where `known` asks.
        known: By the looks of a slate, its order by place; given in the place of a judgement.
    """

    group: int
    repeat: int
    prior: tuple[float, ...]
    merit: numpy.ndarray
    fresh: float
    quality: Callable[[Sequence[int]], float]
    seed: Sequence[int]
    looks: Looks = ()
    known: Mapping[Looks, Sequence[int]] = field(default_factory=dict)

    def judge(self, name: str, unknown: list[Slate] | None = None, *, logged: bool = True) -> Judge:
        """A judge with noise of its own; `unknown` collects the slates that it had no answer to.

        With `logged=False` it has an answer to none.
        """
        noise = numpy.random.default_rng([*self.seed, zlib.crc32(name.encode())])
        known = self.known if logged else {}

        def judge(slate: Slate) -> Sequence[int]:
            if known:
                answer = known.get(tuple(self.looks[position] for position in slate))
                if answer is not None:
                    return [slate[place] for place in answer]
            if unknown is not None:
                unknown.append(slate)
            seen = self.merit[list(slate)]
            if self.fresh:
                seen = seen + noise.normal(0, self.fresh, len(slate))
            # What is equal to the judge is equal in every order of presentation: ties as in the first stage.
            return [slate[place] for place in numpy.lexsort((slate, -seen))]

        return judge


def drawn(number: int, noise: Noise, *, seed: int = 0) -> Judged:
    """List `number` of 100 documents: relevance and first-stage error are normal, grades go by relevance.

    The best 5 have grade 3, the next 8 grade 2, the next 18 grade 1. The list does not depend on the noise.
    """
    draw = numpy.random.default_rng([seed, number])
    relevance, error, fixed = draw.normal(size=(3, _SIZE))
    score = _AGREEMENT * relevance + error
    order = numpy.argsort(-score)
    relevance, score = relevance[order], score[order]
    grade = numpy.zeros(_SIZE)
    for best, value in ((31, 1), (13, 2), (5, 3)):
        grade[numpy.argsort(-relevance)[:best]] = value
    gain = 2**grade - 1
    discount = 1 / numpy.log2(numpy.arange(2, 12))
    ideal = float((numpy.sort(gain)[::-1][:10] * discount).sum())
    return Judged(
        group=number,
        repeat=number,
        prior=tuple(score),
        merit=relevance + noise.shared * fixed,
        fresh=noise.fresh,
        quality=lambda order: float((gain[list(order[:10])] * discount).sum()) / ideal,
        seed=(seed, number, round(1000 * noise.fresh), round(1000 * noise.shared)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """A judged query with its candidates."""

    qid: str
    text: str
    docids: tuple[str, ...]
    scores: tuple[float, ...]
    looks: Looks
    grades: Mapping[str, int]

    def quality(self, order: Sequence[int]) -> float:
        """nDCG@10 as trec_eval has it."""
        run = {self.qid: [self.docids[position] for position in order]}
        over = Measures(("nDCG@10",)).over({self.qid: self.grades})
        return over.evaluate(run).per_query["nDCG@10"][self.qid]


@cache
def queries(folder: Path) -> tuple[_Query, ...]:
    """The judged queries of a collection with their candidates."""
    qrels = Dataset.open(folder).qrels
    found = []
    with gzip.open(folder / "candidates.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            qid = str(entry["query"]["qid"])
            if qid in qrels:
                found.append(
                    _Query(
                        qid=qid,
                        text=letters(entry["query"]["text"]),
                        docids=tuple(str(one["docid"]) for one in entry["candidates"]),
                        scores=tuple(float(one["score"]) for one in entry["candidates"]),
                        looks=tuple(beginning(one["doc"]["contents"]) for one in entry["candidates"]),
                        grades=dict(qrels[qid]),
                    )
                )
    return tuple(found)


def from_judgements(folder: Path, number: int, noise: Noise, *, seed: int = 0) -> Judged:
    """A real list whose judge sees the real grade, unjudged as 0, with noise in grades."""
    judged = queries(folder)
    group, query = number % len(judged), judged[number % len(judged)]
    grades = numpy.asarray([query.grades.get(docid, 0) for docid in query.docids], dtype=float)
    fixed = numpy.random.default_rng([seed, number]).normal(size=len(grades))
    return Judged(
        group=group,
        repeat=number // len(judged),
        prior=query.scores,
        merit=grades + noise.shared * fixed,
        fresh=noise.fresh,
        quality=query.quality,
        seed=(seed, number, round(1000 * noise.fresh), round(1000 * noise.shared)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """How often two runs of a model order a pair of documents differently.

    Attributes:
        log: The log that is emulated.
        others: How many other logs of the model there are.
        pairs, share: Pairs of documents that both this log and another one have in some window, counted for
            each pair of windows, and the share of them in which the two disagree.
        same_pairs, same_share: Those of them in windows that show the same documents in the same order.
        within_pairs, within_share: The same for two windows of this log, which show a pair twice.
        places: Standard deviation, in places of the final run, of the noise that gives `share`.
    """

    log: str
    others: int
    pairs: int
    share: float
    same_pairs: int
    same_share: float
    within_pairs: int
    within_share: float
    places: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """The answers of one log: by number of the query, the looks of a window and its order, by place."""

    windows: tuple[Mapping[Looks, tuple[int, ...]], ...]

    @classmethod
    @cache
    def read(cls, folder: Path, name: str) -> _Log:
        logged = LoggedAnswers.read(folder / "responses" / f"{name}.jsonl.gz", folder / "candidates.jsonl.gz")
        number_of = {query.text: number for number, query in enumerate(queries(folder))}
        windows: list[dict[Looks, tuple[int, ...]]] = [{} for _ in number_of]
        for (text, begins), raw in logged.answers.items():
            answer = read(raw, answer="permutation", count=len(begins))
            windows[number_of[text]][begins] = answer.order[: answer.named]
        return cls(windows=tuple(windows))

    def pairs(self, number: int) -> Mapping[Looks, list[tuple[Looks, bool]]]:
        """For each pair of passages, sorted: the windows that show it, and whether the first of them won."""
        found = defaultdict(list)
        for shown, order in self.windows[number].items():
            for winner, loser in itertools.combinations((shown[place] for place in order), 2):
                if shown.count(winner) == shown.count(loser) == 1:  # else which one is meant?
                    found[min(winner, loser), max(winner, loser)].append((shown, winner < loser))
        return found


@cache
def disagreement(folder: Path, log: str) -> Disagreement:
    """Measure it over all logs of the model, and find the noise that explains it."""
    names = [path.name.removesuffix(".jsonl.gz") for path in sorted((folder / "responses").iterdir())]
    others = [name for name in names if name.startswith(MODELS[log]) and name != log]
    distances: list[int] = []
    unlike, same_unlike, within = [], [], []
    for number in range(len(queries(folder))):
        looks = queries(folder)[number].looks
        place = {looks[position]: rank for rank, position in enumerate(_final(folder, log)[number])}
        own = _Log.read(folder, log).pairs(number)
        for seen in own.values():
            within += [one != other for (_, one), (_, other) in itertools.combinations(seen, 2)]
        for name in others:
            for pair, theirs in _Log.read(folder, name).pairs(number).items():
                for (shown, one), (again, other) in itertools.product(own.get(pair, ()), theirs):
                    unlike.append(one != other)
                    distances.append(abs(place[pair[0]] - place[pair[1]]))
                    if shown == again:
                        same_unlike.append(one != other)
    share = sum(unlike) / len(unlike)
    return Disagreement(
        log=log,
        others=len(others),
        pairs=len(unlike),
        share=share,
        same_pairs=len(same_unlike),
        same_share=sum(same_unlike) / max(len(same_unlike), 1),
        within_pairs=len(within),
        within_share=sum(within) / max(len(within), 1),
        places=_noise_for(share, distances),
    )


def _noise_for(share: float, distances: Sequence[int]) -> float:
    """The standard deviation per document at which two answers disagree on such a share of these pairs."""
    counted = numpy.bincount(distances)
    normal = NormalDist()

    def expected(deviation: float) -> float:
        right = [normal.cdf(apart / (deviation * math.sqrt(2))) for apart in range(len(counted))]
        unlike = numpy.asarray([2 * one * (1 - one) for one in right])
        return float((counted * unlike).sum() / counted.sum())

    low, high = 1e-3, 1e3
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if expected(middle) < share else (low, middle)
    return math.sqrt(low * high)


@cache
def _final(folder: Path, log: str) -> tuple[Slate, ...]:
    """The final order of a log's run, by number of the query, as positions."""
    orders: dict[str, list[str]] = defaultdict(list)
    with gzip.open(folder / "runs" / f"{log}.trec.gz", "rt", encoding="utf-8") as lines:
        for qid, _, docid, *_ in map(str.split, lines):
            orders[qid].append(docid)
    return tuple(_ranked(query, orders[query.qid]) for query in queries(folder))


def _ranked(query: _Query, docids: Sequence[str]) -> Slate:
    position_of = {docid: position for position, docid in enumerate(query.docids)}
    return tuple(position_of[docid] for docid in docids)


def emulated(folder: Path, log: str, number: int, *, seed: int = 0) -> Judged:
    """A real list whose judge gives the logged answer, else the final run's order, disturbed."""
    judged = queries(folder)
    group, query = number % len(judged), judged[number % len(judged)]
    final = _final(folder, log)[group]
    merit = numpy.zeros(len(query.docids))
    merit[list(final)] = -numpy.arange(len(final), dtype=float)
    return Judged(
        group=group,
        repeat=number // len(judged),
        prior=query.scores,
        merit=merit,
        fresh=disagreement(folder, log).places,
        quality=query.quality,
        seed=(seed, number, zlib.crc32(log.encode())),
        looks=query.looks,
        known=_Log.read(folder, log).windows[group],
    )


def fused(folder: Path, begins: str) -> tuple[int, float, float]:
    """How many runs of a model there are, the mean of their nDCG@10, and that of their mean places."""
    names = [path.name.removesuffix(".trec.gz") for path in sorted((folder / "runs").iterdir())]
    orders = [_final(folder, name) for name in names if name.startswith(begins)]
    single, together = [], []
    for number, query in enumerate(queries(folder)):
        places = numpy.zeros(len(query.docids))
        for order in orders:
            single.append(query.quality(order[number]))
            places[list(order[number])] += numpy.arange(len(query.docids))
        together.append(query.quality([int(position) for position in numpy.argsort(places, kind="stable")]))
    return len(orders), fmean(single), fmean(together)
