"""What a strategy is: a registered recipe of an algorithm, a judge and their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from llmrerank.errors import ConfigError, IncompatibleJudge
from llmrerank.hidden import secrets_in
from llmrerank.judges import Carrier, Judge
from llmrerank.registry import Bound, Entry, Kind, Option, add, bind, options_of
from llmrerank.rounds import Algorithm
from llmrerank.settings import Settings
from llmrerank.spec import Call
from llmrerank.types import Example

__all__ = ["Recipe", "Strategy", "strategy"]

_CHAT_OPTIONS = (
    Option(name="judge", default=None, type=Call | None),
    Option(name="model", default=None, type=str | None),
    Option(name="base_url", default=None, type=str | None),
    Option(name="instruction", default=None, type=str | None),
    Option(name="examples", default=(), type=tuple[tuple[str, str, str], ...]),
    Option(name="parallel", default=None, type=int | None),
)
_LOCAL = ("cross-encoder", "bi-encoder")
_LOCAL_OPTIONS = (Option(name="judge", default=None, type=Call | None),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An algorithm and the judge it is served with, as classes.

    Attributes:
        algorithm: A frozen dataclass of options with `plan` and `cost`.
        judge: A frozen dataclass of options with `ask`; its `carrier` says what carries its calls.
        defaults: Options of either whose default differs here.
    """

    algorithm: type[Any]
    judge: type[Any]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def options(self) -> tuple[Option, ...]:
        """The algorithm's options, the judge's, then those that every strategy of its kind takes."""
        own = [*options_of(self.algorithm), *options_of(self.judge)]
        common = _LOCAL_OPTIONS if self.judge.carrier in _LOCAL else _CHAT_OPTIONS
        names = {option.name for option in own}
        if self.judge.carrier == "rerank":
            names.add("examples")  # such an endpoint has no place for them
        taken = [
            replace(option, default=self.defaults.get(option.name, option.default))
            for option in own
            if option.name != "answer_tokens"
        ]
        return (*taken, *(option for option in common if option.name not in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A strategy with its options, ready to be joined to a client.

    Attributes:
        spec: As it was written.
        model, base_url, instruction, examples, parallel: The stage's own, which win over the settings';
            None or empty where it has none.
        looks_over: Documents are looked over for attacks on the judge before it runs.
    """

    spec: Call
    algorithm: Algorithm
    judge: Judge
    model: str | None = None
    base_url: str | None = None
    instruction: str | None = None
    examples: tuple[Example, ...] = ()
    parallel: int | None = None
    looks_over: bool = False

    def __post_init__(self) -> None:
        if self.judge.gives < self.algorithm.needs:
            raise IncompatibleJudge(
                f"'{self.spec}': the algorithm needs {self.algorithm.needs.name.lower()} and its judge gives "
                f"only {self.judge.gives.name.lower()}; choose another judge or algorithm"
            )
        window = getattr(self.algorithm, "window", None)
        capacity = self.judge.capacity
        if isinstance(window, int) and capacity is not None and window > capacity:
            raise IncompatibleJudge(
                f"'{self.spec}': a window of {window} is more than the {capacity} documents that its judge "
                f"can be shown; {self._smaller(capacity)}"
            )

    def _smaller(self, capacity: int) -> str:
        """How to show a judge no more than it can be shown."""
        algorithm: Any = self.algorithm
        while hasattr(algorithm, "inner"):
            algorithm = algorithm.inner
        options = {one.name for one in fields(algorithm)}
        if "window" in options:
            return f"write window={capacity} or less"
        if "children" in options and capacity > 2:
            return f"write children={capacity - 1} or less"
        return "choose another judge"

    @property
    def carrier(self) -> Carrier:
        """What carries the judge's calls: an endpoint of some kind, or a local model."""
        return self.judge.carrier

    def judge_with(self, settings: Settings) -> Judge:
        """The judge, with the room for answers that the settings ask for."""
        room = settings.answer_tokens
        judge: Any = self.judge
        if room is None or not hasattr(judge, "answer_tokens"):
            return self.judge
        made: Judge = replace(judge, answer_tokens=room)
        return made

    @classmethod
    def of(cls, call: Call) -> Strategy:
        """Build the strategy that a call names.

        Raises:
            ConfigError: Unknown or contradictory names and options, in one sentence.
            IncompatibleJudge: The judge says too little for the algorithm.
        """
        bound = bind(call, Kind.STRATEGY, Kind.WRAPPER)
        if bound.entry.kind is Kind.WRAPPER:
            wrapper = bound.build()
            wrapped: Strategy = wrapper.wrap(cls.of(wrapper.inner))
            return replace(wrapped, spec=call)
        recipe: Recipe = bound.entry.target
        algorithm = _make(recipe.algorithm, recipe, bound)
        serving = bound
        inner = bound.values.get("judge")
        if inner is not None:
            _refuse_replaced(recipe, bound, inner)
            serving = bind(inner, Kind.STRATEGY)
            _refuse_algorithm(serving, inner)
        judge = _make(serving.entry.target.judge, serving.entry.target, serving)
        values = {**bound.values, **{k: v for k, v in serving.values.items() if v is not None}}
        _refuse_secrets(call.name, values.get("base_url"))
        return cls(
            spec=call,
            algorithm=algorithm,
            judge=judge,
            model=values.get("model"),
            base_url=values.get("base_url"),
            instruction=values.get("instruction"),
            examples=tuple(Example(query=q, document=d, label=a) for q, d, a in values.get("examples", ())),
            parallel=values.get("parallel"),
        )


def strategy(
    name: str,
    *,
    algorithm: type[Any],
    judge: type[Any],
    summary: str,
    source: str = "",
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Register a recipe under a name.

    Args:
        name: Kebab-case.
        algorithm: Which documents to compare.
        judge: How to ask about them.
        summary: One line.
        source: Address of the paper.
        defaults: Options whose default differs here.
    """
    recipe = Recipe(algorithm=algorithm, judge=judge, defaults=defaults or {})
    add(
        Entry(
            name=name,
            kind=Kind.STRATEGY,
            target=recipe,
            options=recipe.options(),
            summary=summary,
            source=source,
        )
    )


def _make(cls: type[Any], recipe: Recipe, bound: Bound) -> Any:
    own = {one.name for one in fields(cls)}
    values = {**recipe.defaults, **bound.values}
    return cls(**{name: value for name, value in values.items() if name in own})


def _refuse_secrets(name: str, base_url: str | None) -> None:
    """A strategy is printed in tables, traces, reports and files, with all that is written in it."""
    if base_url and secrets_in(base_url):
        raise ConfigError(
            f"the base_url of '{name}' holds a password or a key, and a strategy is shown in tables, traces "
            "and files; give it as --base-url, as OPENAI_BASE_URL or as an endpoint in llmrerank.toml"
        )


def _refuse_replaced(recipe: Recipe, bound: Bound, inner: Call) -> None:
    """An option of the judge that `judge=` replaces would be lost; say where it belongs."""
    kept = {one.name for one in fields(recipe.algorithm)}
    lost = [
        name
        for name in (one.name for one in fields(recipe.judge))
        if name in bound.values and name not in kept and name != "model"
    ]
    if lost:
        raise ConfigError(
            f"'{bound.entry.name}': {', '.join(lost)} belongs to the judge that judge={inner} replaces; "
            f"write it inside, as judge={inner.name}({lost[0]}=...)"
        )


def _refuse_algorithm(serving: Bound, inner: Call) -> None:
    """Only the judge of an inner strategy is used; options of its algorithm would be lost."""
    own = {one.name for one in fields(serving.entry.target.judge)}
    lost = [
        one.name
        for one in fields(serving.entry.target.algorithm)
        if one.name in serving.values and one.name not in own
    ]
    if lost or serving.values.get("judge") is not None:
        name = lost[0] if lost else "judge"
        raise ConfigError(f"judge={inner}: '{name}' is no option of a judge; only its judge is used here")
