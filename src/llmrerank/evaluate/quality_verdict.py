"""What the measurements mean, in words: one verdict for each strategy, and what to do. Pure.

The rules are asked in this order, and the first that holds is the verdict:

| finding | holds where |
| --- | --- |
| `absent` | no answer came |
| `unreadable` | fewer than half of the answers could be used |
| `few` | fewer than 5 queries were finished |
| `lifts` | nDCG@10 is above the first stage's and p < 0.05 |
| `place` | agreement < 0.2, and places explain half or more of the variance of the ranks given |
| `noise` | agreement < 0.2 |
| `same` | nine tenths or more of a query's documents share one rank |
| `blind` | the order for a query that has nothing to do with it agrees at least 0.8 times as well as two \
readings for the query itself do |
| `hurts` | nDCG@10 is below the first stage's and p < 0.05 |
| `unclear` | else: more queries, or a larger difference, would be needed |

Agreement is Kendall's tau between readings of the same documents: two orders by chance have 0, with a
standard deviation of 0.16 for one pair of readings of 20 documents and of 0.04 for the mean of twenty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .quality_measured import Measured

__all__ = ["Finding", "Verdict", "advice", "verdict_on"]

Finding = Literal[
    "absent", "unreadable", "few", "lifts", "place", "noise", "same", "blind", "hurts", "unclear"
]

SIGNIFICANT = 0.05
READABLE = 0.5
FEWEST = 5
CHANCE = 0.2
PULL = 0.5
TIED = 0.9
BLIND = 0.8
WORTH_SAYING = 0.1
UNSTEADY = 0.5
CLOSE = 0.02
"""Difference in nDCG@10 at which the cheaper of two good strategies is advised."""

_WITHOUT_LLM = "'bm25 % 50 >> bi-encoder' or the first stage alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be thought of one strategy on one model.

    Attributes:
        strategy: As it is written.
        finding: The rule that held.
        sentence: The same in words, with the figures that decided.
        cautions: What else is worth knowing where the strategy is, or may be, of use.
    """

    strategy: str
    finding: Finding
    sentence: str
    cautions: tuple[str, ...] = ()

    @property
    def worthless(self) -> bool:
        """Whether what the strategy returns on this model is known to say nothing about relevance."""
        return self.finding in ("unreadable", "place", "noise", "same", "blind")

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "strategy": self.strategy,
            "finding": self.finding,
            "sentence": self.sentence,
            "cautions": list(self.cautions),
        }


def verdict_on(measured: Measured) -> Verdict:
    """The first rule of the table above that holds."""
    finding = _finding(measured)
    hopeful = finding in ("lifts", "hurts", "unclear")
    return Verdict(
        strategy=measured.strategy,
        finding=finding,
        sentence=_sentence(finding, measured),
        cautions=tuple(_cautions(measured)) if hopeful else (),
    )


def _finding(measured: Measured) -> Finding:
    answers, difference, agreement = measured.answers, measured.difference, measured.agreement
    if not answers.came:
        return "absent"
    if answers.usable < READABLE:
        return "unreadable"
    if measured.queries < FEWEST or difference is None:
        return "few"
    told_apart = difference.p < SIGNIFICANT
    if told_apart and difference.mean > 0:
        return "lifts"
    if agreement is not None and agreement < CHANCE:
        pulled = measured.places is not None and measured.places.share >= PULL
        return "place" if pulled else "noise"
    if measured.tied >= TIED:
        return "same"
    if measured.other is not None and agreement is not None and measured.other >= BLIND * agreement:
        return "blind"
    return "hurts" if told_apart else "unclear"


def _sentence(finding: Finding, measured: Measured) -> str:
    name, answers = measured.strategy, measured.answers
    figures = f"nDCG@10 {measured.ndcg:.3f}, first stage {measured.first:.3f}"
    p = f", p = {measured.difference.p:.3f}" if measured.difference else ""
    match finding:
        case "absent":
            return f"{name} was not measured: no answer came"
        case "unreadable":
            return (
                f"{name} cannot be read on this model: {answers.unusable} of {answers.came} answers said "
                "nothing that could be used"
            )
        case "few":
            return (
                f"nothing can be said of {name}: only {measured.queries} queries were finished, and "
                f"{FEWEST} are the least"
            )
        case "place":
            return (
                f"{name} is noise on this model: what it returns is the place in the window "
                f"(agreement of reshuffled readings {measured.agreement:.2f}, {_pull(measured)})"
            )
        case "noise":
            return (
                f"{name} is noise on this model: two readings of the same documents agree no better than "
                f"chance ({measured.agreement:.2f})"
            )
        case "same":
            return (
                f"{name} says the same of nearly every document on this model ({measured.tied:.0%} share one "
                "score): what it returns is the order of the first stage"
            )
        case "blind":
            return (
                f"{name} hardly looks at the query on this model: for another query it gives nearly the "
                f"same order (agreement {measured.other:.2f}; {measured.agreement:.2f} for the query itself)"
            )
        case "lifts":
            taken = measured.taken
            way = f", {taken:.0%} of the way to the best order there is" if taken is not None else ""
            return f"{name} lifts the first stage significantly ({figures}{p}{way})"
        case "hurts":
            return f"{name} ranks significantly below the first stage ({figures}{p})"
        case "unclear":
            return (
                f"{name} cannot be told from the first stage over {measured.queries} queries ({figures}{p})"
            )


def _pull(measured: Measured) -> str:
    places = measured.places
    if places is None:
        return "no places"
    if abs(places.correlation) < PULL:
        return f"places explain {places.share:.0%} of it"
    how = "as shown" if places.correlation > 0 else "in reverse"
    return f"correlation of place shown and place given {places.correlation:.2f}: documents come back {how}"


def _cautions(measured: Measured) -> Iterator[str]:
    name, answers, places = measured.strategy, measured.answers, measured.places
    for count, what in ((answers.repaired, "had to be mended"), (answers.unusable, "could not be used")):
        if count >= WORTH_SAYING * answers.came:
            yield f"{name}: {count} of {answers.came} answers {what}"
    if measured.agreement is not None and measured.agreement < UNSTEADY:
        yield (
            f"{name}: its order depends much on how the documents happen to be shown "
            f"(agreement of readings {measured.agreement:.2f})"
        )
    if places is not None and places.share >= WORTH_SAYING:
        yield f"{name}: the place in the window explains {places.share:.0%} of the rank given"
    if measured.tied >= UNSTEADY:
        yield f"{name}: {measured.tied:.0%} of the documents share one score; ties keep the earlier order"


def advice(measured: Sequence[Measured], verdicts: Sequence[Verdict], *, more: bool) -> str:
    """What to do, in one or two sentences.

    Args:
        measured: By strategy.
        verdicts: `verdicts[i]` is on `measured[i]`.
        more: Whether there are queries that were not asked.
    """
    found = {verdict.strategy: verdict for verdict in verdicts}
    lifting = sorted(
        (one for one in measured if found[one.strategy].finding == "lifts"), key=lambda one: -one.ndcg
    )
    if lifting:
        best = lifting[0]
        near = [one for one in lifting if best.ndcg - one.ndcg <= CLOSE]
        chosen = min(near, key=lambda one: one.calls)
        others = [one for one in lifting if one is not chosen]
        said = f"use {chosen.strategy}"
        if others:
            beside = ", ".join(f"{one.strategy} has {one.ndcg:.3f} with {one.calls:.0f}" for one in others)
            calls = f"{chosen.calls:.0f} {'call' if round(chosen.calls) == 1 else 'calls'}"
            said += f" ({chosen.ndcg:.3f} with {calls} a query; {beside})"
        left = [verdict.strategy for verdict in verdicts if verdict.worthless]
        return said + (f"; leave {' and '.join(left)} alone with this model" if left else "")
    open_ones = [one for one in verdicts if one.finding in ("few", "unclear", "absent")]
    if not open_ones:
        who = "neither beats" if len(verdicts) == 2 else "it does not beat"
        return f"{who} its first stage: use a stronger model; until then use {_WITHOUT_LLM}"
    names = " and ".join(verdict.strategy for verdict in open_ones)
    how = "with more --queries, or with llmrerank compare" if more else "with llmrerank compare"
    return (
        f"nothing shows yet that this model is worth its calls: measure {names} {how} on judgements of your "
        f"own, or use a stronger model; until then use {_WITHOUT_LLM}"
    )
