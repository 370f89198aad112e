"""Judges over positions, and how a plan is played against one."""

from dataclasses import dataclass

from llmrerank.rounds import Done, Pool, Verdict, advance
from llmrerank.types import Detail


@dataclass
class Played:
    order: list
    rounds: list
    orders: list

    @property
    def slates(self):
        return [slate for slates in self.rounds for slate in slates]

    @property
    def taken(self):
        return {
            "calls": len(self.slates),
            "documents": sum(map(len, self.slates)),
            "rounds": len(self.rounds),
        }


def play(algorithm, size, judge, top=10, prior=()):
    """Run a plan against a judge; the provisional orders are those before each round."""
    plan = algorithm.plan(Pool(size=size, top=top, prior=prior))
    rounds, orders = [], []
    step = advance(plan)
    while not isinstance(step, Done):
        rounds.append(step.asked.slates)
        orders.append(list(step.asked.order))
        step = advance(plan, [judge(slate) for slate in step.asked.slates])
    return Played(list(step.result), rounds, orders)


def best_first(hidden):
    """The true order of a pool: by a hidden value, higher first."""
    return sorted(range(len(hidden)), key=lambda position: -hidden[position])


def oracle(hidden, detail=Detail.SCORES):
    """Never errs; says as much as it is asked to."""

    def judge(slate):
        ordered = sorted(slate, key=lambda position: -hidden[position])
        if detail is Detail.BEST and len(ordered) > 2:
            return Verdict(slate=slate, tiers=((ordered[0],), tuple(ordered[1:])))
        scores = tuple(float(hidden[p]) for p in slate) if detail is Detail.SCORES else None
        return Verdict(slate=slate, tiers=tuple((p,) for p in ordered), scores=scores)

    return judge


def noisy(hidden, rnd, noise):
    """Sees every document anew in every slate."""

    def judge(slate):
        seen = {position: hidden[position] + rnd.gauss(0, noise) for position in slate}
        return oracle(seen)(slate)

    return judge


def silent(rnd):
    """Ties everything, or fails."""
    return lambda slate: Verdict.tie(slate, degraded=rnd.random() < 0.5)


def hostile(rnd):
    """Anything that a verdict can be: failed, tied, random tiers, the best alone, documents missing."""

    def judge(slate):
        shuffled = rnd.sample(slate, len(slate))
        scores = tuple(rnd.choice((None, rnd.random(), 0.5)) for _ in slate)
        kind = rnd.choice(("failed", "tied", "order", "tiers", "best", "missing", "lonely"))
        if kind in ("failed", "tied"):
            return Verdict.tie(slate, degraded=kind == "failed")
        named = {"best": 1, "missing": rnd.randint(1, len(slate)), "lonely": len(slate) - 1}.get(kind)
        if named is not None:
            tiers = [(position,) for position in shuffled[:named]]
            tiers += [tuple(shuffled[named:])] if shuffled[named:] else []
        else:
            tiers = []
            while shuffled:
                taken = 1 if kind == "order" else rnd.randint(1, len(shuffled))
                tiers.append(tuple(shuffled[:taken]))
                shuffled = shuffled[taken:]
        missing = kind in ("missing", "lonely")
        return Verdict(
            slate=slate,
            tiers=tuple(tiers),
            scores=scores if rnd.random() < 0.5 else None,
            repaired=frozenset({"missing"}) if missing else frozenset(),
        )

    return judge


def drawn(seed, size=100, agreement=0.6):
    """A list as algorithms.md draws them: hidden values in first-stage order, and the first-stage scores."""
    import random

    rnd = random.Random(seed)
    relevance = [rnd.gauss(0, 1) for _ in range(size)]
    score = [agreement * value + rnd.gauss(0, 1) for value in relevance]
    order = sorted(range(size), key=lambda position: -score[position])
    return [relevance[p] for p in order], tuple(score[p] for p in order)
