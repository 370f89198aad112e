"""All features of a decision, by name, with what each means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmrerank.trace import Features as Values

from .evidence import Evidence
from .feature import Feature
from .order_evidence import order_features
from .query_text import query_features
from .score_shape import score_features

__all__ = ["DESCRIPTIONS", "VERSION", "FeatureSet", "features_of"]

VERSION = 1
"""Changes when a feature is added, dropped or measured otherwise: a model fitted to others is refused."""

DESCRIPTIONS: Mapping[str, str] = {
    "words": "words of the query (pairs of characters in Chinese, Japanese and Korean)",
    "content_words": "words that carry a topic",
    "constraints": "numbers, dates, versions, quotations and bounds",
    "question": "1 where it is a question",
    "explanation": "1 where it begins by asking how or why",
    "clauses": "clauses, by joining words and strong marks",
    "negations": "words that exclude something",
    "comparisons": "words that hold one thing against another",
    "english": "1 where its function words are English",
    "idf_max": "inverse document frequency of its rarest term",
    "idf_mean": "mean inverse document frequency of its terms",
    "nqc": "spread of the first stage's scores over their mean (Shtok et al. 2012)",
    "wig": "how far its best five scores stand above the mean (Zhou and Croft 2007)",
    "smv": "magnitude and variance of its scores (Tao and Wu 2014)",
    "gap": "best score less the second, as a share of the range",
    "head_gap": "best score less the tenth, as a share of the range",
    "candidates": "documents that are there to be ordered",
    "first_agreement": "rank-biased overlap of the two rankings that the first stage fuses",
    "agreement": "rank-biased overlap of the orders before and after the cheap arm",
    "margin": "cheap arm: best score less the second, in standard deviations",
    "entropy": "cheap arm: how evenly belief spreads over the first ten, 0 to 1",
    "near_duplicates": "share of the first ten documents that repeat an earlier one",
}
"""What each feature is, in the order in which they are gathered."""


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The features of one decision, in the order of `DESCRIPTIONS`."""

    features: tuple[Feature, ...]

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __getitem__(self, name: str) -> float | None:
        """A value by name; None where there is none. Raises KeyError where nobody knows the name."""
        for feature in self.features:
            if feature.name == name:
                return feature.value
        raise KeyError(name)

    @property
    def values(self) -> Values:
        """Names with values, as the trace keeps them."""
        return tuple((feature.name, feature.value) for feature in self.features)

    def to_list(self) -> list[dict[str, Any]]:
        """JSON values: name, value, what it is, and why there is no value."""
        return [
            {
                "name": one.name,
                "value": one.value,
                "what": DESCRIPTIONS[one.name],
                "why": one.why or None,
            }
            for one in self.features
        ]


def features_of(evidence: Evidence) -> FeatureSet:
    """Measure everything. Cost: a millisecond or so, for 100 candidates; nothing is loaded or asked."""
    text = tuple(query_features(evidence.query))
    words = int(text[0].value or 0)
    gathered = (
        *text,
        *_idf_features(evidence),
        *score_features(evidence.first, evidence.first_kind, words=words),
        *order_features(evidence),
    )
    return FeatureSet(gathered)


def _idf_features(evidence: Evidence) -> Iterator[Feature]:
    names = ("idf_max", "idf_mean")
    if not evidence.idf:
        why = "no index of words is at hand" if evidence.idf is None else "the query has no term to look up"
        yield from (Feature(name=name, value=None, why=why) for name in names)
        return
    yield Feature(name="idf_max", value=max(evidence.idf))
    yield Feature(name="idf_mean", value=sum(evidence.idf) / len(evidence.idf))
