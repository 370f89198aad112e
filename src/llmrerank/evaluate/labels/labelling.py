"""An LLM grades what strategies found: many pairs at once, each written down as soon as it is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmrerank import portal
from llmrerank.carriage import together
from llmrerank.errors import BudgetExceeded, CallError, ConfigError
from llmrerank.evaluate.dataset import Dataset
from llmrerank.purse import Purse, QueryLedger
from llmrerank.settings import Settings

from .grader import Grader, to_find
from .journal import Journal
from .judgement import Judgement, Pair
from .labelled import Labelled, Spent
from .pool import DEPTH, apool, pairs_to_check
from .provenance import Provenance
from .written import check_label_ids, journal_of, refuse_foreign

__all__ = ["GIVE_UP", "LabelProgress", "alabel", "label"]

GIVE_UP = 10
"""Pairs in a row about which the provider may fail before the rest is not asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelProgress:
    """Told after every query that was pooled and after every pair that was judged.

    Attributes:
        doing: What is being done.
        done, of: How much of it.
        calls, cached: What judging took so far.
        cost: US dollars of it so far, or None where a price is unknown.
    """

    doing: str
    done: int
    of: int
    calls: int = 0
    cached: int = 0
    cost: float | None = 0.0


async def alabel(
    dataset: Dataset,
    strategies: Sequence[str],
    *,
    out: Path,
    settings: Settings | None = None,
    prompt: str = "graded",
    depth: int = DEPTH,
    check: int = 0,
    again: bool = False,
    limit: int | None = None,
    index: Path | None = None,
    progress: Callable[[LabelProgress], None] | None = None,
) -> Labelled:
    """Have an LLM grade what strategies found, and write the judgements to a file.

    The model sees query, document and instruction of one pair at a time: neither who found the document nor
    at which rank. Each judgement is appended to the journal beside the file as it comes; whoever is stopped,
    however rudely, and starts again with the same arguments pays for no judgement twice. The file itself is
    written at the end. A document that the model would not or could not grade stays unjudged.

    Args:
        dataset: Queries and documents; judgements that it has are kept and not asked for.
        strategies: What is pooled; see `apool`.
        out: The file, `.tsv` in BEIR's form, `.txt` or `.qrels` in TREC's.
        settings: How calls are made; the model is the judge's, and that of strategies that chat. The limits
            on calls, tokens and cost hold for pooling and judging together, that on seconds for each query.
            The dataset's instruction and examples stand in.
        prompt: Name or path of a prompt of form `pointwise` that answers `grade`, on a scale of whole
            numbers; the expected grade is rounded to the nearest of them.
        depth: How many of the documents that each strategy puts first are pooled.
        check: Judge so many pairs besides that are judged already, for `agreement`; their grades stay.
        again: Judge as well what is judged already, and what the model could not grade before.
        limit: Only the first so many queries.
        index: Folder in which indexes are kept between runs.
        progress: Called as things are done; must be quick and must not raise.

    Raises:
        ConfigError: Whatever cannot work, before anything is sent; or the journal is another judge's.
        CallError: The provider failed and nothing was ever answered.
        AnswerError: An answer cannot be read and `on_error` is `raise`.

    Cost: that of pooling, and a call of one output token for every pair; two where the answer cannot be read.
    Source: Zhuang et al. 2023, arXiv 2310.14122, for the grades; Upadhyay et al. 2024, arXiv 2406.06519, for
    judgements made so.
    """
    if check < 0:
        raise ConfigError(f"check must be 0 or more, got {check}")
    settings = settings or Settings()
    refuse_foreign(out)
    grader = Grader.of(
        prompt,
        instruction=settings.instruction or dataset.instruction,
        examples=settings.examples or dataset.examples,
        settings=settings,
    )
    checked = pairs_to_check(dataset, check, seed=settings.seed) if check else ()
    purse = Purse(settings.limits, settings.prices)

    def tell(doing: str, done: int, of: int) -> None:
        if progress is not None:
            progress(LabelProgress(doing=doing, done=done, of=of))

    # Opened first: a journal that is not ours is refused before pooling is paid for.
    with Journal(journal_of(out), run=grader.run, judge=settings.model) as journal:
        pooled = await apool(
            dataset,
            strategies,
            settings=to_find(settings),
            purse=purse,
            depth=depth,
            limit=limit,
            index=index,
            tell=tell,
        )
        check_label_ids(out, (pair.key for pair in pooled.pairs))
        work = _Work(grader=grader, journal=journal, purse=purse, progress=progress)
        wanted = [pair for pair in pooled.pairs if again or pair.given is None]
        pairs = tuple({pair.key: pair for pair in (*checked, *wanted)}.values())
        open_pairs = [pair for pair in pairs if not _settled(journal.of(pair), again=again)]
        await work.over(open_pairs)
        if work.failure is not None and not work.answered and len(open_pairs) == len(pairs):
            raise work.failure
        labelled = Labelled.of(
            dataset,
            pooled,
            pairs,
            journal,
            again=again,
            now=work.now,
            provenance=Provenance(
                judge=journal.judge,
                prompt=prompt,
                instruction=grader.instruction,
                dataset=dataset.name,
                strategies=pooled.strategies,
                depth=depth,
                seed=settings.seed,
                grades=grader.scale,
            ),
            spent=work.spent,
            failed=work.failed,
            warnings=grader.warnings,
            exhausted=work.exhausted,
            failure=work.failure,
        )
    await asyncio.to_thread(labelled.write, out)
    return labelled


label = portal.door(alabel, name="label")


def _settled(known: Judgement | None, *, again: bool) -> bool:
    """Whether a pair is not asked about: a grade is there, or an answer that was paid for and is none."""
    return known is not None and (known.grade is not None or not again)


@dataclass(slots=True, kw_only=True)
class _Work:
    """Pairs on their way through the model.

    Attributes:
        spent: What it took.
        answered: Pairs about which the model said anything.
        now: Of these, how many it graded.
        failed, exhausted, failure: As in `Labelled`.
    """

    grader: Grader
    journal: Journal
    purse: Purse
    progress: Callable[[LabelProgress], None] | None
    spent: Spent = field(default_factory=Spent)
    answered: int = 0
    now: int = 0
    failed: int = 0
    exhausted: str | None = None
    failure: CallError | None = None
    _ended: int = 0
    _in_a_row: int = 0
    _over: bool = False
    _ledgers: dict[str, QueryLedger] = field(default_factory=dict)

    async def over(self, pairs: Sequence[Pair]) -> None:
        """Judge all pairs, in order, some at once.

        Raises:
            ConfigError, AnswerError: As `Grader.grade`; what was judged until then is in the journal.
        """
        waiting = iter(pairs)

        async def worker() -> None:
            for pair in waiting:
                await self._judge(pair)
                self._ended += 1
                self._tell(len(pairs))

        workers = min(self.grader.settings.parallel, len(pairs))
        try:
            await together([worker() for _ in range(workers)])
        finally:
            await self.grader.carriers.aclose()

    async def _judge(self, pair: Pair) -> None:
        if self._over:
            return
        ledger = self._ledgers.setdefault(pair.query.id, self.purse.query())
        try:
            judgement = await self.grader.grade(pair, ledger=ledger)
        except BudgetExceeded as refusal:
            limit, self.exhausted = map(str, refusal.args)
            self._over = self._over or limit != "seconds"  # each query has its own
            return
        except CallError as error:
            self.failure = self.failure or error
            self.failed += 1
            self._in_a_row += 1
            self._over = self._over or self._in_a_row >= GIVE_UP
            self.journal.failed(pair, error)
            return
        self._in_a_row = 0
        self.journal.add(judgement)
        self.spent.enter(judgement)
        self.answered += 1
        self.now += judgement.grade is not None

    def _tell(self, of: int) -> None:
        if self.progress is None:
            return
        spent = self.spent
        self.progress(
            LabelProgress(
                doing="judging",
                done=self._ended,
                of=of,
                calls=spent.calls,
                cached=spent.cached,
                cost=spent.cost,
            )
        )
