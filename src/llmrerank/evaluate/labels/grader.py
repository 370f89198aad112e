"""The model that labels: one document at a time, shown with its query and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from llmrerank.carriers import Carriers
from llmrerank.counted import counted
from llmrerank.engine import Job, judge_pool
from llmrerank.errors import BudgetExceeded, ConfigError, ContentFiltered
from llmrerank.judges import Question
from llmrerank.judges.observed import Observation, Observed
from llmrerank.limits import Ledger
from llmrerank.prompt_files import locate
from llmrerank.rounds import Pool
from llmrerank.settings import Settings
from llmrerank.spec import Call
from llmrerank.strategies import Strategy
from llmrerank.trace import Called, Exhausted, Trace
from llmrerank.types import Example

from .judgement import Judgement, Pair, digest_of

__all__ = ["Grader", "to_find"]

_JUDGE = "graded"  # the name of the strategy, and of the prompt that it has where nobody names one


def to_find(settings: Settings) -> Settings:
    """The settings of what finds documents: model and endpoint belong to the judge and to stages that chat.

    A bi-encoder or a rerank endpoint does not take them for its own.
    """
    return replace(settings, chat_only=settings.chat_only | {"model", "base_url"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grader:
    """The graded judge, and the client that carries its calls. Make one with `Grader.of`.

    Attributes:
        strategy: The graded judge, with its prompt.
        prompt: As it was named.
        scale: The grades that there are, ascending.
        instruction: What makes a document relevant here.
        examples: Worked judgements that are shown, labelled on the scale.
        run: Digest of all that judgements depend on beside pair and model.
        settings: How calls are made.
        carriers: The client.
        warnings: What is not used.
    """

    strategy: Strategy
    prompt: str
    scale: tuple[int, ...]
    instruction: str
    examples: tuple[Example, ...]
    run: str
    settings: Settings
    carriers: Carriers
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, prompt: str, *, instruction: str, examples: tuple[Example, ...], settings: Settings
    ) -> Grader:
        """Settle the judge; nothing is sent.

        Args:
            prompt: Name or path of a prompt that answers `grade`, on a scale of whole numbers.
            instruction: As in `Question`.
            examples: As in `Question`; those with labels of another scale are not shown.
            settings: How calls are made.

        Raises:
            ConfigError: The prompt cannot work for labels.
        """
        strategy = Strategy.of(Call(_JUDGE, () if prompt == _JUDGE else (("prompt", prompt),)))
        judge: Any = strategy.judge
        scale = judge.asks.contents.scale
        if not scale or any(value != int(value) for value in scale.values()):
            raise ConfigError(
                f"judgements are whole numbers, and the prompt '{prompt}' has "
                f"{'a scale of ' + ', '.join(map(str, scale.values())) if scale else 'no scale'}; "
                "write one under [scale]"
            )
        shown = tuple(one for one in examples if one.label.strip() in scale)
        left_out = len(examples) - len(shown)
        return cls(
            strategy=strategy,
            prompt=prompt,
            scale=tuple(sorted({int(value) for value in scale.values()})),
            instruction=instruction,
            examples=shown,
            run=digest_of(
                locate(prompt).read_text(encoding="utf-8"),
                instruction,
                [[one.query, one.document, one.label] for one in shown],
                settings.effort,
                dict(settings.extra_body),
            ),
            settings=settings,
            carriers=Carriers(),
            warnings=(
                f"not shown: {counted(left_out, 'example')} with a label that is not on the prompt's scale",
            )
            if left_out
            else (),
        )

    async def grade(self, pair: Pair, *, ledger: Ledger) -> Judgement:
        """Ask about one pair; twice, if the first answer cannot be read.

        Raises:
            CallError: Nobody answered.
            AnswerError: The answer cannot be read and `on_error` is `raise`.
            BudgetExceeded: A limit is in the way; `args` are the limit and the sentence.
            ConfigError: The prompt cannot show what it is given.
        """
        told: list[Observation] = []
        client = self.carriers.client(self.strategy, self.settings)
        job = Job(
            stage=str(self.strategy.spec),
            algorithm=self.strategy.algorithm,
            judge=Observed(self.strategy.judge_with(self.settings), told.append),
            client=client,
            question=Question(
                query=pair.query.text,
                instruction=self.instruction,
                examples=self.examples,
                seed=self.settings.seed,
            ),
            documents=[pair.document],
            pool=Pool(size=1, top=1),
            ledger=ledger,
            on_error=self.settings.on_error,
        )
        try:
            outcome = await judge_pool(job)
        except ContentFiltered as error:
            return self._said(pair, client.identity.model, Trace(), None, ("refused",), str(error))
        trace, score = Trace(outcome.events), outcome.scores[0]
        exhausted = next(iter(trace.of(Exhausted)), None)
        if score is None and exhausted is not None:
            raise BudgetExceeded(exhausted.limit, exhausted.reason)
        last = told[-1].opinion if told else None
        flags = tuple(sorted(last.flags)) if last else ()
        raw = last.raw if last else None
        return self._said(pair, client.identity.model, trace, score, flags, raw)

    def _said(
        self,
        pair: Pair,
        model: str,
        trace: Trace,
        score: float | None,
        flags: tuple[str, ...],
        raw: str | None,
    ) -> Judgement:
        query, document = pair.key
        called = trace.of(Called)
        return Judgement(
            query=query,
            document=document,
            digest=pair.digest,
            grade=None if score is None else self.nearest(score),
            score=score,
            given=pair.given,
            judge=called[-1].model if called else model,
            prompt=self.prompt,
            instruction=digest_of(self.instruction) if self.instruction else "",
            seconds=round(sum(call.seconds for call in called), 6),
            calls=trace.calls,
            cached=trace.cached,
            tokens_in=trace.paid.input,
            tokens_out=trace.paid.output,
            cost=trace.cost,
            flags=flags,
            raw=raw if score is None else None,
        )

    def nearest(self, score: float) -> int:
        """The grade of the scale that is nearest to an expected one; of two equally near the lower."""
        return min(self.scale, key=lambda grade: (abs(grade - score), grade))
