"""One slate, from question to verdict: pump the inquiry, ask once more, degrade; and the events of it all."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .calls import Call, ChatCall, ListCall, PairCall, Reply
from .carriage import Carriage, together
from .errors import AnswerError, BudgetExceeded, CallError, PermanentError
from .judges import Inquiry, Judge, Opinion, Question
from .rounds import Done, Slate, Verdict, advance
from .settings import OnError
from .trace import Called, Degraded, Event, Repaired, Retried, Seen, Truncated, Warned
from .types import Detail, Document, ScoreKind

__all__ = ["Asked", "Asking"]

_MENDED = frozenset({"missing", "duplicate", "out_of_range"})
_FACTS = frozenset({"bounded", "in_words"})
_ASKS = 2  # the first time and once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of one slate.

    Attributes:
        verdict: A degraded tie where there was no evidence.
        events: In the order in which they happened.
        error: The provider's failure that degraded it, or None.
        kind: What the scores mean.
        pairs: Pairs scored, and how many of them came from the cache.
        facts: What the reader of its scores must know: `bounded`, `in_words`.
        unread: Positions that got no score although others of the slate did.
        spans: By position, the best character ranges of the document, where the judge found any.
        stopped: The limit that ended it early and the sentence that says so, or None.
    """

    verdict: Verdict
    events: tuple[Event, ...]
    error: CallError | None = None
    kind: ScoreKind = "none"
    pairs: tuple[int, int] = (0, 0)
    facts: frozenset[str] = frozenset()
    unread: Slate = ()
    spans: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    stopped: tuple[str, str] | None = None


class Asking:
    """The state of one slate's questioning. `first` holds the calls that the round is admitted with."""

    def __init__(
        self,
        *,
        judge: Judge,
        question: Question,
        documents: Sequence[Document],
        slate: Slate,
        on_error: OnError,
        witness: Callable[[Seen], None] | None = None,
    ) -> None:
        self.judge = judge
        self.question = question
        self.documents = documents
        self.slate = slate
        self.on_error = on_error
        self.witness = witness
        self.events: list[Event] = []
        self.pairs = self.pairs_cached = 0
        self._inquiry = self._start(slate, attempt=0)
        self._begun = advance(self._inquiry)

    @property
    def first(self) -> Sequence[Call]:
        """The calls of the first step."""
        return () if isinstance(self._begun, Done) else self._begun.asked

    def _start(self, shown: Slate, *, attempt: int) -> Inquiry:
        return self.judge.ask(self.question, [self.documents[p] for p in shown], attempt=attempt)

    async def ask(self, carriage: Carriage) -> Asked:
        """Ask until there is evidence, twice at most; then degrade or raise.

        Raises:
            PermanentError: No other slate could do better.
            CallError, AnswerError: The slate failed and `on_error` is `raise`.
        """
        shown = self.slate
        opinion: Opinion | None = None
        try:
            for attempt in range(_ASKS):
                if attempt:
                    shown = self._reordered(attempt)
                    self._inquiry = self._start(shown, attempt=attempt)
                    self._begun = advance(self._inquiry)
                    reason = ", ".join(sorted(opinion.flags)) if opinion else ""
                    self.events.append(
                        Retried(
                            stage=carriage.stage,
                            round=carriage.round,
                            slate=shown,
                            attempts=attempt + 1,
                            reason=f"the answer was unusable ({reason}); asked again",
                        )
                    )
                opinion = await self._pump(carriage, shown, admitted=attempt == 0)
                if opinion.usable:
                    return self._concluded(carriage, shown, opinion)
        except BudgetExceeded as refusal:
            return self.abandoned(carriage, *map(str, refusal.args))
        except PermanentError:
            raise
        except CallError as error:
            if self.on_error == "raise":
                raise
            return self._degraded(carriage, str(error), opinion, error)
        flags = ", ".join(sorted(opinion.flags)) if opinion and opinion.flags else "no usable answer"
        if self.on_error == "raise":
            raise AnswerError(
                f"{carriage.stage}: no usable answer after {_ASKS} askings ({flags})",
                raw=opinion.raw if opinion else None,
            )
        return self._degraded(carriage, flags, opinion, None)

    def _reordered(self, attempt: int) -> Slate:
        """The slate in another, seeded order."""
        shown = list(self.slate)
        random.Random(f"{self.question.seed}:{attempt}:{self.slate}").shuffle(shown)
        if len(shown) > 1 and tuple(shown) == self.slate:
            shown.reverse()
        return tuple(shown)

    async def _pump(self, carriage: Carriage, shown: Slate, *, admitted: bool) -> Opinion:
        step = self._begun
        while not isinstance(step, Done):
            calls = step.asked
            if not admitted:
                carriage.admit(calls)
            admitted = False
            answered = await together([carriage.carry(call) for call in calls])
            for call, (reply, booked) in zip(calls, answered, strict=True):
                if booked:
                    self._book(carriage, call, reply, shown)
                if self.witness is not None:
                    self.witness(
                        Seen(stage=carriage.stage, round=carriage.round, slate=shown, call=call, reply=reply)
                    )
            step = advance(self._inquiry, [reply for reply, _ in answered])
        return step.result

    def _book(self, carriage: Carriage, call: Call, reply: Reply, shown: Slate) -> None:
        if isinstance(call, PairCall):
            self.pairs += 1
            self.pairs_cached += reply.cached
            return
        identity, prices = carriage.client.identity, carriage.ledger.prices
        stage, number = carriage.stage, carriage.round
        self.events.append(
            Called(
                stage=stage,
                round=number,
                slate=shown,
                model=identity.model,
                usage=reply.usage,
                counted=reply.counted,
                seconds=reply.seconds,
                attempts=reply.attempts,
                cached=reply.cached,
                cost=prices.cost(identity.model, reply.usage),
                answered=reply.answered,
                notes=reply.notes,
            )
        )
        wanted = isinstance(call, ChatCall) and call.logprobs and not reply.choices
        if wanted and getattr(self.judge, "read", None) == "logprobs":
            lost = "the endpoint gave no log-probabilities, which read='logprobs' asks for; words were read"
            self.events.append(Warned(stage=stage, message=lost))
        if isinstance(call, ListCall) and reply.answers == "otherwise":
            lost = f"{identity.endpoint} takes no instruction: it was asked without the one that was given"
            self.events.append(Warned(stage=stage, message=lost))
        if reply.attempts > 1 and not reply.cached:
            self.events.append(
                Retried(
                    stage=stage,
                    round=number,
                    slate=shown,
                    attempts=reply.attempts,
                    reason="; ".join(reply.notes) or "the endpoint failed and was asked again",
                )
            )

    def _concluded(self, carriage: Carriage, shown: Slate, opinion: Opinion) -> Asked:
        stage, number = carriage.stage, carriage.round
        judged = sum(map(len, opinion.tiers))
        if judged != len(shown):
            name = type(self.judge).__name__
            raise ValueError(f"tiers of the judge {name} hold {judged} documents of {len(shown)} shown")
        if opinion.cut:
            self.events.append(Truncated(stage=stage, round=number, slate=shown, tokens=opinion.cut))
        mended = opinion.flags & _MENDED
        if mended:
            self.events.append(
                Repaired(
                    stage=stage,
                    round=number,
                    slate=shown,
                    flags=tuple(sorted(opinion.flags)),
                    raw=opinion.raw,
                )
            )
        place = {position: index for index, position in enumerate(self.slate)}
        tiers = tuple(
            tuple(sorted((shown[index] for index in tier), key=place.__getitem__)) for tier in opinion.tiers
        )
        verdict = Verdict(
            slate=self.slate,
            tiers=tiers,
            scores=self._unshuffled(opinion.scores, shown),
            strengths=self._unshuffled(opinion.strengths, shown),
            repaired=mended,
        )
        unread = self._unread(carriage, verdict, opinion)
        kind = opinion.kind or self.judge.score_kind
        asked = self._asked(verdict, kind=kind, facts=opinion.flags & _FACTS)
        spans = dict(zip(shown, opinion.spans, strict=True)) if opinion.spans is not None else {}
        return replace(asked, unread=unread, spans=spans)

    def _unread(self, carriage: Carriage, verdict: Verdict, opinion: Opinion) -> Slate:
        """Documents that the judge gave no score although it gave others one: said, not lost."""
        if self.judge.gives < Detail.SCORES or verdict.scores is None:
            return ()
        pairs = zip(verdict.slate, verdict.scores, strict=True)
        unread = tuple(position for position, score in pairs if score is None)
        if unread:
            why = "declined by the model" if "refused" in opinion.flags else "the judge gave them no score"
            self.events.append(
                Degraded(
                    stage=carriage.stage,
                    round=carriage.round,
                    slate=unread,
                    reason=f"{len(unread)} of {len(verdict.slate)} documents: {why}",
                    raw=opinion.raw,
                )
            )
        return unread

    def _unshuffled(
        self, values: tuple[float | None, ...] | None, shown: Slate
    ) -> tuple[float | None, ...] | None:
        if values is None:
            return None
        by_position = dict(zip(shown, values, strict=True))
        return tuple(by_position[position] for position in self.slate)

    def _degraded(
        self, carriage: Carriage, reason: str, opinion: Opinion | None, error: CallError | None
    ) -> Asked:
        self.events.append(
            Degraded(
                stage=carriage.stage,
                round=carriage.round,
                slate=self.slate,
                reason=reason,
                raw=opinion.raw if opinion else None,
            )
        )
        return self._asked(Verdict.tie(self.slate, degraded=True), error=error)

    def abandoned(self, carriage: Carriage, limit: str, reason: str) -> Asked:
        """The slate's end when a limit cut it off before it had an answer."""
        return replace(self._degraded(carriage, reason, None, None), stopped=(limit, reason))

    def _asked(
        self,
        verdict: Verdict,
        *,
        kind: ScoreKind = "none",
        facts: frozenset[str] = frozenset(),
        error: CallError | None = None,
    ) -> Asked:
        return Asked(
            verdict=verdict,
            events=tuple(self.events),
            error=error,
            kind=kind,
            pairs=(self.pairs, self.pairs_cached),
            facts=facts,
        )
