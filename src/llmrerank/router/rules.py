"""`by='rules'`: three reasons for care, each in words; as many as hold, so many arms further.

**Complex**: two or more of: many words, clauses, a negation, a comparison, constraints, how or why. It speaks
for arms that ask an LLM and for no other: LLMs are better where relevance takes reasoning (Wang et al.,
"BIRCO", 2024), while small models match such queries hardly better than words do (Bendersky and Croft,
"Analysis of long queries in a large scale search log", 2009). **Undecided**: the scores of the cheap order do
not part its head from what follows; where the order is that of the first stage and the words of the query are
rare, words are trusted all the same (He and Ounis, "Inferring query performance using pre-retrieval
predictors", SPIRE 2004). **Contrary**: the cheap arm turned the order over, or the rankings that
were fused have little in common (Shtok et al. 2012 and Diaz, "Performance prediction using spatial
autocorrelation", SIGIR 2007, predict by such agreement).

The bounds on words are round numbers. Those on scores and agreement are about quartiles of the features,
never of outcomes, on the queries of cacm and cisi; that rare words are excepted was seen in the outcomes of
these two. Each bound is passed by about a quarter of the queries, so that a dearer arm that turns out worse
does little harm; `docs/router.md` has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmrerank.carriers import LOCAL
from llmrerank.errors import ConfigError
from llmrerank.spec import parse_call
from llmrerank.strategies import Strategy

from .choice import Choice, Part
from .evidence import KEEP
from .features import FeatureSet

__all__ = ["Rules", "asks_llm"]

CONTENT_WORDS, CLAUSES, CONSTRAINTS = 8, 3, 2
SIGNS = 2
"""So many signs make a query complex."""
UNDECIDED = {"kept": (0.90, 0.30), "reranked": (0.98, 0.10)}
"""Upper quartile of the entropy and lower one of the margin: of a first stage's order, of a reranker's."""
RARE = 3.0
"""Mean idf of words of which one document in twenty, on average, has each."""
AGREEMENT, FIRST_AGREEMENT = 0.30, 0.15
"""Lower quartiles."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Few rules, each with its reason; the default."""

    name = "rules"

    def check(self, arms: Sequence[str]) -> None:
        """Rules decide between any arms."""

    def decide(self, features: FeatureSet, arms: Sequence[str]) -> Choice:
        """No reason for care: the cheap arm; one: the next one; two: the one after it, and so on.

        A complex query goes to the first arm that asks an LLM at least, and is no reason where none does.
        """
        if (features["candidates"] or 0.0) < 2:
            return Choice(arm=0, reason="there are not two candidates to put in order")
        reader = next((place for place, arm in enumerate(arms) if place and asks_llm(arm)), None)
        parts = (_complex(features, reads=reader is not None), _undecided(features), _contrary(features))
        fired = [part for part in parts if part.weight > 0.0]
        arm = len(fired)
        if parts[0].weight and reader is not None:
            arm = max(arm, reader)
        reason = "; ".join(part.says for part in fired) or "no rule asks for more than the cheap arm"
        return Choice(arm=min(arm, len(arms) - 1), reason=reason, parts=parts)


@lru_cache(maxsize=256)
def asks_llm(arm: str) -> bool:
    """Whether an arm asks a model behind an endpoint; one that cannot be read, such as a stored run, may."""
    if arm == KEEP:
        return False
    try:
        return Strategy.of(parse_call(arm)).carrier not in LOCAL
    except ConfigError:
        return True


def _complex(features: FeatureSet, *, reads: bool) -> Part:
    signs = list(_signs(features))
    if len(signs) >= SIGNS and not reads:
        said = f"the query is complex ({', '.join(signs)}), and no arm asks an LLM"
        return Part(name="complex", weight=0.0, says=said)
    if len(signs) >= SIGNS:
        return Part(name="complex", weight=1.0, says=f"the query is complex ({', '.join(signs)})")
    found = f"only {signs[0]}" if signs else "no sign of a complex query"
    return Part(name="complex", weight=0.0, says=f"{found}; {SIGNS} signs are needed")


def _signs(features: FeatureSet) -> Iterator[str]:
    def value(name: str) -> float:
        return features[name] or 0.0

    if value("content_words") >= CONTENT_WORDS:
        yield f"{value('content_words'):.0f} content words"
    if value("clauses") >= CLAUSES:
        yield f"{value('clauses'):.0f} clauses"
    if value("negations"):
        yield "a negation"
    if value("comparisons"):
        yield "a comparison"
    if value("constraints") >= CONSTRAINTS:
        yield f"{value('constraints'):.0f} constraints"
    if value("explanation"):
        yield "how or why"


def _undecided(features: FeatureSet) -> Part:
    entropy, margin, idf = features["entropy"], features["margin"], features["idf_mean"]
    if entropy is None or margin is None:
        return Part(name="undecided", weight=0.0, says="the cheap order has no scores to be undecided by")
    kept = features["agreement"] is None
    even, near = UNDECIDED["kept" if kept else "reranked"]
    told = f"entropy of the head {entropy:.2f}, margin of the best {margin:.2f}"
    if entropy < even or margin >= near:
        needed = f"{even:g} or more with a margin below {near:g} is undecided"
        return Part(name="undecided", weight=0.0, says=f"{told}; {needed}")
    if kept and idf is not None and idf >= RARE:
        rare = f"but its words are rare (mean idf {idf:.1f}), and rare words are found by words"
        return Part(name="undecided", weight=0.0, says=f"{told}: undecided, {rare}")
    return Part(name="undecided", weight=1.0, says=f"the cheap order is undecided ({told})")


def _contrary(features: FeatureSet) -> Part:
    seen = [
        (features[name], bound, what)
        for name, bound, what in (
            ("agreement", AGREEMENT, "the orders before and after the cheap arm"),
            ("first_agreement", FIRST_AGREEMENT, "the rankings that were fused"),
        )
    ]
    there = [(value, bound, what) for value, bound, what in seen if value is not None]
    if not there:
        return Part(name="contrary", weight=0.0, says="there are no two orders to agree or not")
    told = [f"{what} agree to {value:.2f}" for value, bound, what in there if value < bound]
    if told:
        return Part(name="contrary", weight=1.0, says=" and ".join(told))
    calm = " and ".join(f"{what} agree to {value:.2f}, not below {bound:g}" for value, bound, what in there)
    return Part(name="contrary", weight=0.0, says=calm)
