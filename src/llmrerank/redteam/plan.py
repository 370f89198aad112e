"""What is to be measured: strategies with their arms, lists with their hostile documents, trials in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmrerank.calls import Call
from llmrerank.errors import ConfigError
from llmrerank.evaluate.quality_asks import samples_of
from llmrerank.judges import Question
from llmrerank.passages import Prepared
from llmrerank.settings import Settings
from llmrerank.strategies import Strategy
from llmrerank.types import Document

from .defences import AS_GIVEN, DEFENCES, Arm, Setup, setup_of
from .planting import Place
from .rankings import first_calls, slate_calls
from .suite import Attack
from .trials import Target, Trial, chosen_attacks, chosen_places, drawn, targets_of

if TYPE_CHECKING:
    from llmrerank.evaluate.dataset import Dataset

__all__ = ["DEPTH", "QUERIES", "STRATEGIES", "TRIALS", "Plan", "Work", "plan_of"]

STRATEGIES = ("listwise", "setwise", "pairwise", "pointwise", "graded")
"""One for every form in which a judge is asked."""
QUERIES, TRIALS, DEPTH = 8, 24, 10

_SHORT = 40
"""Characters of a text in which places are probed."""
_PROBE = Attack(name="probe", family="first", text="A probe of what is shown.", split="dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One list to be ranked by one arm; `trial` is None for the list as it was found."""

    target: Target
    trial: Trial | None
    filler: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is decided before anything is sent.

    Attributes:
        dataset: Name of the collection.
        settings: As given, with the dataset's instruction and examples where nobody gave others.
        setups: One for each strategy.
        targets: The lists.
        trials: In order.
        unshown: By strategy as typed, places that its prompt does not show: what stands there is never read.
        depth: Documents of a list.
    """

    dataset: str
    settings: Settings
    setups: tuple[Setup, ...]
    targets: tuple[Target, ...]
    trials: tuple[Trial, ...]
    unshown: Mapping[str, tuple[Place, ...]]
    depth: int

    def arms(self) -> Iterator[tuple[Setup, Arm]]:
        """Every arm of every strategy."""
        for setup in self.setups:
            for arm in setup.arms.values():
                yield setup, arm

    def work(self) -> Iterator[Work]:
        """Every list that each arm ranks."""
        for target in self.targets:
            yield Work(target=target, trial=None)
        for trial in self.trials:
            for filler in (True, False):
                yield Work(target=trial.target, trial=trial, filler=filler)

    def given(self, strategy: Strategy, work: Work) -> tuple[tuple[Document, ...], str]:
        """The documents and the instruction that a strategy is given for one list."""
        trial = work.trial
        instruction = strategy.instruction or self.settings.instruction
        if trial is None:
            return work.target.documents, instruction
        return trial.documents(filler=work.filler), trial.instruction(instruction, filler=work.filler)

    def calls(self, strategy: Strategy, work: Work, *, prepared: Prepared) -> list[Call]:
        """What the first round of one ranking asks; `prepared` is what was made for others of the query."""
        documents, instruction = self.given(strategy, work)
        question = Question(
            query=work.target.query,
            instruction=instruction,
            examples=strategy.examples or self.settings.examples,
            seed=self.settings.seed,
            prepared=prepared,
        )
        return first_calls(strategy, question, documents, self.settings)


def plan_of(
    dataset: Dataset,
    *,
    settings: Settings,
    strategies: Sequence[str] = STRATEGIES,
    attacks: Sequence[str] = (),
    places: Sequence[str] = (),
    defences: Sequence[str] = tuple(DEFENCES),
    queries: int = QUERIES,
    trials: int = TRIALS,
    depth: int = DEPTH,
) -> Plan:
    """Decide what is measured; nothing is sent.

    Args:
        dataset: With judgements and a corpus.
        settings: Endpoint, model, cache and limits; `seed` decides what is drawn.
        strategies: In the one notation, no pipelines.
        attacks: Names, families or splits of the suite; empty: all.
        places: Where they are planted; empty: everywhere that some strategy shows.
        defences: Names of `DEFENCES`, or wrappers written with `{strategy}`.
        queries: How many, evenly spread over the dataset's.
        trials: Attacks planted, spread evenly over queries, families and places.
        depth: Documents of a list, 2 or more: the best that BM25 finds.

    Raises:
        ConfigError: Unknown names, too many queries, a dataset without a corpus, nothing to plant in.
    """
    if depth < 2 or trials < 1:
        raise ConfigError(f"depth must be 2 or more and trials 1 or more, got {depth} and {trials}")
    setups = tuple(setup_of(typed, defences, settings) for typed in dict.fromkeys(strategies))
    if not setups:
        raise ConfigError("there is no strategy to attack; name one, such as listwise")
    chosen, wanted = chosen_attacks(attacks), chosen_places(places)
    settings = replace(
        settings,
        instruction=settings.instruction or dataset.instruction,
        examples=settings.examples or dataset.examples,
    )
    targets = targets_of(samples_of(dataset, queries, depth=depth))
    unshown = {setup.strategy: _unshown(setup, targets[:1], wanted, settings) for setup in setups}
    shown = [place for place in wanted if any(place not in hidden for hidden in unshown.values())]
    if targets and not shown:
        raise ConfigError(
            f"nothing can be planted: no prompt of {', '.join(unshown)} shows {' or '.join(wanted)}"
        )
    return Plan(
        dataset=dataset.name,
        settings=settings,
        setups=setups,
        targets=targets,
        trials=drawn(targets, chosen, shown, count=trials, seed=settings.seed),
        unshown=unshown,
        depth=depth,
    )


def _unshown(
    setup: Setup, targets: Sequence[Target], places: Sequence[Place], settings: Settings
) -> tuple[Place, ...]:
    """The places whose text is no part of what is asked, or that the prompt has no room for.

    Probed in short texts: which places of a long one are cut off is another matter for every list.
    """
    strategy = setup.arms[AS_GIVEN].strategy
    judge = strategy.judge_with(settings)
    given = strategy.instruction or settings.instruction

    def asked(target: Target, documents: Sequence[Document], instruction: str) -> list[str] | None:
        other = documents[target.position - 1]
        question = Question(query=target.query, instruction=instruction)
        try:
            return [call.key for call in slate_calls(judge, question, [documents[target.position], other])]
        except ConfigError:
            return None

    found = []
    for whole in targets:
        short = tuple(replace(document, text=document.text[:_SHORT]) for document in whole.documents)
        target = replace(whole, documents=short)
        plain = asked(target, target.documents, given)
        for place in places:
            trial = Trial(target=target, attack=_PROBE, place=place)
            keys = asked(target, trial.documents(filler=False), trial.instruction(given, filler=False))
            if keys is None or keys == plain:
                found.append(place)
    return tuple(found)
