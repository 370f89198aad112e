"""A pipeline resolved: its first stage, its reranking stages, and how hits pass through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .carriers import LOCAL, SHARED, Carriers
from .errors import ConfigError
from .expansion import expand
from .limits import Ledger
from .logs import log_events
from .ranking import Ranking
from .registry import Bound, Kind, bind, canonical, find
from .router.deciding import Decision, decided
from .settings import Settings
from .spec import PipelineSpec, Stage, parse
from .stage_cost import TOP
from .stage_run import StageRun, Watch, smaller
from .strategies import Strategy
from .strategies.routes import Route
from .trace import Trace
from .types import ScoreKind

__all__ = ["TOP", "Course", "Fork", "Step", "Watch", "smaller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One reranking stage: a strategy and how many documents it passes on (None: all)."""

    strategy: Strategy
    cut: int | None

    def __str__(self) -> str:
        return str(Stage(self.strategy.spec, self.cut))

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """All strategies that may run in this stage."""
        return (self.strategy,)

    def with_strategies(self, change: Callable[[Strategy], Strategy]) -> Step:
        """The same stage with its strategy changed."""
        return replace(self, strategy=change(self.strategy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """One reranking stage that is decided query by query, and how many documents it passes on (None: all)."""

    route: Route
    cut: int | None

    def __str__(self) -> str:
        return str(Stage(self.route.spec, self.cut))

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """All strategies that may run in this stage."""
        return self.route.strategies

    def with_strategies(self, change: Callable[[Strategy], Strategy]) -> Fork:
        """The same stage with every arm's strategy changed."""
        return replace(self, route=self.route.with_strategies(change))


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A pipeline whose names, options and models are settled.

    Attributes:
        spec: In its one spelling.
        first: The first stage, or None where the pipeline starts with a reranker.
        first_cut: How many documents the first stage passes on, or None.
        steps: The reranking stages in order.
    """

    spec: PipelineSpec
    first: Bound | None
    first_cut: int | None
    steps: tuple[Step | Fork, ...]

    @classmethod
    def of(cls, text: str, *, model: str | None = None, base_url: str | None = None) -> Course:
        """Parse and settle a pipeline.

        Args:
            text: In the one notation.
            model: Configures the chat stages; where there is none, the only stage that takes a model.
            base_url: Configures the chat stages; where there is none, the rerank endpoints.

        Raises:
            ConfigError: Whatever cannot work, in one sentence.
        """
        spec = canonical(expand(parse(text)))
        head, *rest = spec.stages
        kinds = (Kind.FIRST_STAGE, Kind.STRATEGY, Kind.WRAPPER, Kind.ROUTE)
        find(head.call.name, *kinds)
        first = bind(head.call) if find(head.call.name).kind is Kind.FIRST_STAGE else None
        if first is not None:
            first.build()  # options that cannot be meant are refused now
        judged = rest if first is not None else [head, *rest]
        for stage in judged:
            if find(stage.call.name, *kinds).kind is Kind.FIRST_STAGE:
                raise ConfigError(
                    f"'{stage.call.name}' is a first stage and can only open a pipeline: {spec}"
                )
        steps = tuple(map(_step, judged))
        course = cls(spec=spec, first=first, first_cut=head.cut if first else None, steps=steps)
        if course.chats:
            return course
        course = course._with_model(model) if model else course
        return course._with_base_url(base_url) if base_url else course

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """All strategies that may run, those of every route's arms included."""
        return tuple(strategy for step in self.steps for strategy in step.strategies)

    @property
    def chats(self) -> bool:
        """Whether any stage uses the model and the endpoint that are given for the whole pipeline."""
        return any(strategy.carrier in SHARED for strategy in self.strategies)

    @property
    def instructed(self) -> bool:
        """Whether any stage may read an instruction."""
        return any(strategy.carrier not in LOCAL for strategy in self.strategies)

    @property
    def ends(self) -> tuple[tuple[str, ScoreKind], ...]:
        """What may give the scores in the end, each with what they mean.

        More than one where the last stage is a route; a first stage says what its scores mean when it has
        been opened, and is not among them.
        """
        if not self.steps:
            return ()
        before, last = replace(self, steps=self.steps[:-1]), self.steps[-1]
        kept = before.ends if isinstance(last, Fork) and last.route.arms[0].strategy is None else ()
        return (*kept, *((str(one.spec), one.judge.score_kind) for one in last.strategies))

    def for_settings(self, settings: Settings) -> Course:
        """The course with the arms of `auto` that these settings can serve."""
        if settings.chat_configured:
            return self
        steps = (
            replace(step, route=step.route.without_chat()) if isinstance(step, Fork) else step
            for step in self.steps
        )
        return replace(self, steps=tuple(steps))

    def find_models(self) -> None:
        """Find every local model that all queries need, by download where it is not here; none is loaded.

        Opening a first stage may mean encoding a whole corpus: what could not rerank it shows before.

        Raises:
            ConfigError: A model is nowhere to be found.
            MissingExtra: sentence-transformers is not installed.
        """
        for step in self.steps:
            needed = step.strategy if isinstance(step, Step) else step.route.arms[0].strategy
            if needed is None:
                continue
            if (kind := needed.carrier) == "cross-encoder" or kind == "bi-encoder":
                from .clients.models import find as find_model

                find_model(kind, needed.model)

    def _with_base_url(self, base_url: str) -> Course:
        """Apply an endpoint to the stages that score by one and name none."""

        def applied(strategy: Strategy) -> Strategy:
            open_ = strategy.carrier == "rerank" and strategy.base_url is None
            return replace(strategy, base_url=base_url) if open_ else strategy

        return replace(self, steps=tuple(step.with_strategies(applied) for step in self.steps))

    def _with_model(self, model: str) -> Course:
        """Apply a model to the only stage that takes one, in a pipeline that does not chat."""
        first = self.first
        takes = first is not None and any(option.name == "model" for option in first.entry.options)
        open_first = takes and first is not None and first.values.get("model") is None
        open_strategies = [strategy for strategy in self.strategies if strategy.model is None]
        if len(open_strategies) + open_first > 1:
            names = [first.entry.name] if open_first and first else []
            names += [strategy.spec.name for strategy in open_strategies]
            raise ConfigError(
                f"the model {model!r} could be for {' or '.join(names)}; "
                f"write it into the stage, as {names[-1]}(model={model!r})"
            )
        if open_first and first is not None:
            return replace(self, first=replace(first, values={**first.values, "model": model}))

        def applied(strategy: Strategy) -> Strategy:
            return replace(strategy, model=model) if strategy.model is None else strategy

        return replace(self, steps=tuple(step.with_strategies(applied) for step in self.steps))

    async def rerank(
        self,
        ranking: Ranking,
        *,
        settings: Settings,
        carriers: Carriers,
        ledger: Ledger,
        top: int | None,
        whole: bool = False,
        watch: Watch | None = None,
    ) -> Ranking:
        """Pass hits through the reranking stages; `top` cuts the last one, as `% top` would.

        Args:
            ranking: What the first stage found, or the documents as given.
            settings: How calls are made.
            carriers: The clients.
            ledger: What may be spent.
            top: Leading places that must be right, and how many hits are returned.
            whole: Return the rest as well: somebody else will choose from all of them.
            watch: Who is told meanwhile.

        Raises:
            CallError, AnswerError, ConfigError: As `engine.judge_pool`.
        """
        run = StageRun(
            pipeline=str(self.spec), settings=settings, carriers=carriers, ledger=ledger, watch=watch
        )
        log_events(ranking.trace.events)
        for number, step in enumerate(self.steps, start=1):
            cut = smaller(step.cut, top) if number == len(self.steps) else step.cut
            kept = step.cut if whole and number == len(self.steps) else cut
            if isinstance(step, Step):
                ranking = await run.through(step.strategy, ranking, cut=cut, kept=kept)
                continue
            cheap = step.route.arms[0].strategy
            before = ranking
            if cheap is not None:
                ranking = await run.through(cheap, ranking, cut=cut, kept=None)
            decision = decided(step.route, before, ranking, cut=cut, settings=settings, ledger=ledger)
            ranking = _booked(ranking, decision)
            if decision.strategy is not None:
                ranking = await run.through(decision.strategy, ranking, cut=cut, kept=kept)
            ranking = replace(ranking, hits=ranking.hits[:kept])
        return replace(ranking, strategy=str(self.spec))


def _step(stage: Stage) -> Step | Fork:
    if find(stage.call.name).kind is Kind.ROUTE:
        return Fork(route=Route.of(stage.call), cut=stage.cut)
    return Step(strategy=Strategy.of(stage.call), cut=stage.cut)


def _booked(ranking: Ranking, decision: Decision) -> Ranking:
    log_events(decision.events)
    return replace(ranking, trace=Trace((*ranking.trace.events, *decision.events)))
