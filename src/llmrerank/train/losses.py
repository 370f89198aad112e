"""The losses by name: what one row of training data is for each, and the module of sentence-transformers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmrerank.errors import ConfigError

from .lists import TrainingList

__all__ = ["LOSSES", "Loss"]

Columns = dict[str, list[Any]]

_NOTHING = 1e-4
"""What stands for a gain of 0 where its logarithm is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One loss.

    Attributes:
        about: What it does, in half a sentence.
        source: Its paper.
        columns: Makes the columns of the training rows from lists and the level of a full gain.
        build: Makes the module from a `CrossEncoder` and the pairs that it scores at once.
        pairwise: Whether a row is a single pair, so that a batch of lists is many rows.
        scored: Whether it needs a teacher's scores, not only an order.
    """

    about: str
    source: str
    columns: Callable[[Sequence[TrainingList], int], Columns]
    build: Callable[[Any, int], Any]
    pairwise: bool = False
    scored: bool = False


def _texts(one: TrainingList) -> list[str]:
    from llmrerank.clients.batches import readable

    return [readable(document.full_text) for document in one.documents]


def _listed(label: Callable[[float], float]) -> Callable[[Sequence[TrainingList], int], Columns]:
    """A row is a query with all documents of its list, the longest first: what is scored at once is alike."""

    def columns(lists: Sequence[TrainingList], level: int) -> Columns:
        found: Columns = {"query": [], "documents": [], "label": []}
        for one in lists:
            rows = sorted(zip(_texts(one), one.gains, strict=True), key=lambda row: -len(row[0]))
            found["query"].append(one.query.text)
            found["documents"].append([text for text, _ in rows])
            found["label"].append([label(gain) for _, gain in rows])
        return found

    return columns


def _pairs(lists: Sequence[TrainingList], level: int) -> Columns:
    """A row is a query and a document, with 1 for a full gain and 0 for none."""
    rows = [
        (one.query.text, text, min(float(gain), level) / level)
        for one in lists
        for text, gain in zip(_texts(one), one.gains, strict=True)
    ]
    # A document that stands in several lists of a query is one pair.
    query, document, label = zip(*dict.fromkeys(rows), strict=True)
    return {"query": list(query), "document": list(document), "label": list(label)}


def _best_first(lists: Sequence[TrainingList]) -> Iterator[tuple[TrainingList, list[int], list[str]]]:
    """Lists with the places of their documents, the best in front, all cut or filled to one length."""
    width = sorted(len(one.documents) for one in lists)[len(lists) // 2]
    for one in lists:
        places = sorted(range(len(one.documents)), key=lambda place: -one.gains[place])
        best, others = places[0], [place for place in places if one.gains[place] < one.gains[places[0]]]
        if not others:
            continue
        filled = [best, *(others[place % len(others)] for place in range(width - 1))]
        yield one, filled, _texts(one)


def _positives(lists: Sequence[TrainingList], level: int) -> Columns:
    """A row is a query, its best document and a column for each of the others."""
    found: Columns = {}
    for one, places, texts in _best_first(lists):
        found.setdefault("query", []).append(one.query.text)
        for column, place in enumerate(places):
            found.setdefault(f"document_{column}", []).append(texts[place])
    return found


def _margins(lists: Sequence[TrainingList], level: int) -> Columns:
    """The same, with the teacher's scores of all of them."""
    found = _positives(lists, level)
    found["label"] = []
    for one, places, _ in _best_first(lists):
        if one.scores is None:
            raise ConfigError(
                "the loss 'margin-mse' learns the teacher's scores, and this teacher gives an order alone; "
                "choose ranknet or listnet"
            )
        found["label"].append([one.scores[place] for place in places])
    return found


def _module(name: str, **options: Any) -> Callable[[Any, int], Any]:
    def build(model: Any, at_once: int) -> Any:
        from sentence_transformers.cross_encoder import losses

        return getattr(losses, name)(model, **options)

    return build


def _list_module(name: str, **options: Any) -> Callable[[Any, int], Any]:
    def build(model: Any, at_once: int) -> Any:
        from sentence_transformers.cross_encoder import losses

        return getattr(losses, name)(model, mini_batch_size=at_once, **options)

    return build


LOSSES: Mapping[str, Loss] = {
    "bce": Loss(
        about="each document by itself, relevant or not",
        source="Nogueira and Cho, 1901.04085",
        columns=_pairs,
        build=_module("BinaryCrossEntropyLoss"),
        pairwise=True,
    ),
    "lambda": Loss(
        about="pairs of a list, weighted by what they are worth in nDCG",
        source="Wang et al., CIKM 2018",
        columns=_listed(float),
        build=_list_module("LambdaLoss"),
    ),
    "listmle": Loss(
        about="the likelihood of the whole order",
        source="Xia et al., ICML 2008",
        columns=_listed(float),
        build=_list_module("ListMLELoss", respect_input_order=False),
    ),
    "listnet": Loss(
        about="a list's share of the gain falls to each document by its score",
        source="Cao et al., ICML 2007",
        # The target is a soft-max of the labels: of logarithms it is in proportion to the gains.
        columns=_listed(lambda gain: math.log(max(gain, _NOTHING))),
        build=_list_module("ListNetLoss"),
    ),
    "margin-mse": Loss(
        about="the teacher's margins between the best document and the others",
        source="Hofstätter et al., 2010.02666",
        columns=_margins,
        build=_module("MarginMSELoss"),
        scored=True,
    ),
    "mnrl": Loss(
        about="the best document against the others and those of other queries in the batch",
        source="Henderson et al., 1705.00652",
        columns=_positives,
        build=_module("MultipleNegativesRankingLoss"),
    ),
    "plistmle": Loss(
        about="the likelihood of the whole order, its top weighted",
        source="Lan et al., UAI 2014",
        columns=_listed(float),
        build=_list_module("PListMLELoss", respect_input_order=False),
    ),
    "ranknet": Loss(
        about="every pair of a list in its order",
        source="Burges et al., ICML 2005",
        columns=_listed(float),
        build=_list_module("RankNetLoss"),
    ),
}
"""By name."""
