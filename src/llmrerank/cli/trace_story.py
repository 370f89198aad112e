"""One traced query as a story: stages, rounds and calls in order, a time line, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmrerank.counted import at_cost, counted
from llmrerank.harmless import harmless

from .trace_texts import text_lines
from .wrapping import WIDTH, clipped, quoted, wrapped

if TYPE_CHECKING:
    from llmrerank.trace import Called, Event
    from llmrerank.trace_file import RoundStory, StageStory, TracedHit, TracedQuery, UnknownEvent

__all__ = ["story_lines"]

CALLS, HITS, NAMES, ANSWER = 10, 20, 8, 6
"""Calls of a round, hits, ids of a window and lines of an answer that are shown where nobody asks for all."""


def story_lines(traced: TracedQuery, *, prompts: bool, whole: bool) -> Iterator[str]:
    """The story line by line, 100 columns wide at most.

    Args:
        traced: The query.
        prompts: Show what was asked and answered, in full, where the trace has it.
        whole: Leave no calls, hits, ids and lines out.
    """
    from llmrerank.trace_file import story_of

    from .trace_timeline import timeline

    yield from _head(traced)
    stages = story_of(traced)
    for number, stage in enumerate(stages, start=1):
        yield ""
        yield from _stage(stage, number, prompts=prompts, whole=whole)
    yield ""
    yield from timeline(stages, traced.seconds, whole=whole)
    yield ""
    yield from _order(traced.hits, traced.score_kind, whole=whole)


def _head(traced: TracedQuery) -> Iterator[str]:
    trace, paid = traced.trace, traced.trace.paid
    yield from wrapped(f"query: {traced.query.text}", hang=2)
    known = [f"id {traced.query.id}"] if traced.query.id else []
    known += [f"dataset {traced.dataset}"] if traced.dataset else []
    known += [f"row {traced.row}"] if traced.row is not None else []
    if known:
        yield from wrapped(f"known as: {', '.join(known)}", hang=2)
    yield from wrapped(f"strategy: {traced.strategy}", hang=2)
    if traced.measures:
        values = ", ".join(f"{name} {value:.4f}" for name, value in traced.measures.items())
        yield from wrapped(f"measures: {values}", hang=2)
    took = [counted(trace.calls, "call"), f"{trace.cached} cached"]
    took += [counted(trace.pairs, "pair")] if trace.pairs else []
    took += [
        counted(trace.rounds, "round"),
        f"{paid.input} + {paid.output} tokens",
        f"{traced.seconds:.2f} s",
    ]
    took += [_cost(trace.cost)] if trace.calls else []
    took += [f"{trace.repaired} repaired", f"{trace.degraded} degraded"]
    yield from wrapped(f"took: {', '.join(took)}", hang=2)
    if trace.saved.total:
        yield f"saved by the cache: {trace.saved.input} + {trace.saved.output} tokens"


def _cost(cost: float | None) -> str:
    return at_cost(cost)


def _stage(stage: StageStory, number: int, *, prompts: bool, whole: bool) -> Iterator[str]:
    passed = "was not ended"
    if stage.done is not None:
        came = f"{counted(stage.done.documents_in, 'document')} in, " if stage.done.documents_in else ""
        passed = f"{came}{counted(stage.done.documents_out, 'document')} out, {stage.seconds:.2f} s"
    places = "; places are those of the documents that came in" if stage.rounds else ""
    yield from wrapped(f"{number}. {stage.name or 'no stage'}: {passed}{places}", hang=3)
    for one in stage.rounds:
        yield from _round(one, stage, prompts=prompts, whole=whole)
    for note in stage.notes:
        yield from wrapped(_note(note), indent=3, hang=2)


def _round(one: RoundStory, stage: StageStory, *, prompts: bool, whole: bool) -> Iterator[str]:
    from llmrerank.trace import Called, Degraded, Repaired

    done = one.done
    what = "window" if any(len(call.slate) > 1 for _, call in one.calls) else "document"
    size = "" if done is None else f": {counted(done.slates, what)}"
    yield f"   round {one.number}{size}, {one.seconds:.2f} s"
    texts = list(one.seen) if prompts else []
    number = hidden = 0
    for event in one.events:
        if not isinstance(event, Called):
            yield from wrapped(_happened(event, stage), indent=5, hang=2)
            if isinstance(event, Repaired | Degraded) and event.raw:
                yield from quoted(event.raw, indent=7, most=None if whole else ANSWER)
            continue
        number += 1
        if number > CALLS and not whole and not prompts:
            hidden += 1
            continue
        yield from wrapped(f"call {number}: {_shown(event.slate, stage, whole=whole)}", indent=5, hang=2)
        yield from wrapped(_call(event), indent=7, hang=2)
        mine = next((text for text in texts if text.slate == event.slate), None)
        if mine is not None:
            texts.remove(mine)
            yield from text_lines(mine)
    if hidden:
        yield f"     and {counted(hidden, 'more call')}; -v shows them"
    for text in texts:
        # Pairs of a local model, and calls that another slate of the round had sent already.
        yield from wrapped(f"also: {_shown(text.slate, stage, whole=whole)}", indent=5, hang=2)
        yield from text_lines(text)


def _shown(slate: Sequence[int], stage: StageStory, *, whole: bool) -> str:
    """The places that were shown, in the order in which they were, and the documents that stood there."""
    names = [stage.names.get(position, "?") for position in slate]
    what = f"{'place' if len(slate) == 1 else 'places'} {_places(slate)}"
    if not any(position in stage.names for position in slate):
        return what
    shown = names if whole else names[:NAMES]
    more = f", … {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{what}: {', '.join(shown)}{more}"


def _places(slate: Sequence[int]) -> str:
    """Positions as places from 1: `81–100`, or `3, 7, 1`."""
    runs: list[list[int]] = []
    for position in slate:
        if runs and position == runs[-1][-1] + 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    return ", ".join(f"{run[0] + 1}–{run[-1] + 1}" if len(run) > 1 else str(run[0] + 1) for run in runs)


def _call(call: Called) -> str:
    tokens = f"{call.usage.input} + {call.usage.output} tokens"
    parts = [call.model, "from the cache" if call.cached else f"{call.seconds:.2f} s"]
    parts.append(tokens + (" saved" if call.cached else "") + ("" if call.counted else " (estimated)"))
    if call.cost is not None and not call.cached:
        parts.append(f"{call.cost:.6f} USD")
    if call.attempts > 1:
        parts.append(f"sent {call.attempts} times")
    if call.answered > 1:
        parts.append(f"answered {call.answered} times before it would do")
    return "; ".join([", ".join(parts), *call.notes])


def _happened(event: Event, stage: StageStory) -> str:
    from llmrerank.trace import Degraded, Repaired, Retried, Scored, Truncated

    match event:
        case Repaired():
            return f"repaired: {', '.join(event.flags)}{'; the answer was' if event.raw else ''}"
        case Degraded():
            about = f"degraded: no evidence on {_shown(event.slate, stage, whole=False)}"
            return f"{about}; {event.reason}{'; the answer was' if event.raw else ''}"
        case Retried():
            return f"again: {event.reason}"
        case Truncated():
            return f"truncated: {event.tokens} tokens of text were left out of {_places(event.slate)}"
        case Scored():
            scored = f"{counted(event.pairs, 'pair')}, {event.cached} of them from the cache"
            return f"scored: {event.model}, {scored}, {event.seconds:.2f} s"
    return str(event)


def _note(event: Event | UnknownEvent) -> str:
    from llmrerank.trace import Exhausted, Guarded, Recalled, Routed, Warned
    from llmrerank.trace_file import UnknownEvent

    match event:
        case Warned():
            return f"warning: {event.message}"
        case Exhausted():
            return f"stopped early by the limit on {event.limit}: {event.reason}"
        case Recalled():
            made = time.strftime("%Y-%m-%d", time.localtime(event.kept))
            return f"looked up whole ({event.tier}), as it was ranked on {made}: {event.seconds:.4f} s"
        case Guarded():
            return f"{event.id} {event.reason}"
        case Routed():
            return f"{event.strategy} was chosen: {event.reason}"
        case UnknownEvent():
            return f"an event of a kind that this version does not know: {clipped(event.kind, 40)}"
    return str(event)


def _order(hits: Sequence[TracedHit], kind: str, *, whole: bool) -> Iterator[str]:
    scored = any(hit.score is not None for hit in hits)
    means = "" if kind == "none" else f" (score: {kind})"
    yield from wrapped(f"order{means if scored else ' (no scores)'}:")
    shown = hits if whole else hits[:HITS]
    cells = [(str(hit.rank), _moved(hit), _score(hit.score), clipped(str(hit.id), 30)) for hit in shown]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)] if cells else []
    for hit, (rank, moved, score, name) in zip(shown, cells, strict=True):
        title = "" if hit.title == str(hit.id) else hit.title
        head = f"  {rank.rjust(widths[0])} {moved.ljust(widths[1])} {score.rjust(widths[2])}"
        yield _cut(f"{head} {name.ljust(widths[3])} {harmless(title)}".rstrip())
    if len(hits) > len(shown):
        yield f"  and {len(hits) - len(shown)} more; -v shows them"


def _cut(line: str) -> str:
    """A line of columns, cut at the width."""
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _moved(hit: TracedHit) -> str:
    moved = 0 if hit.previous_rank is None else hit.previous_rank - hit.rank
    if not moved:
        return "" if hit.previous_rank is None else "="
    return f"↑{moved}" if moved > 0 else f"↓{-moved}"


def _score(score: float | None) -> str:
    if score is None:
        return "·"
    return f"{score:.1e}" if 0 < abs(score) < 0.005 else f"{score:.2f}"
