"""`llmrerank calibrate`: make scores mean probabilities, from judgements."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from .dry_run import print_forecast
from .exits import Exit
from .notes import notes_on
from .options import Calling, default_cache
from .progress import line
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.evaluate import Progress
    from llmrerank.evaluate.calibrate import Calibrated

__all__ = ["calibrate"]


def calibrate(
    *,
    dataset: Annotated[Path, Option("--dataset", metavar="DIR", help="Dataset folder with judgements")],
    strategy: Annotated[
        str | None, Option("--strategy", metavar="SPEC", help="Such as 'bm25 % 50 >> pointwise'")
    ] = None,
    calling: Calling,
    talk: Talk,
    candidates: Annotated[
        str | None, Option("--candidates", metavar="FILE", help="What a bare 'run' reads")
    ] = None,
    limit: Annotated[
        int | None, Option("--limit", metavar="N", min=1, help="Only the first N judged queries")
    ] = None,
    split: Annotated[
        str | None, Option("--split", metavar="NAME", help="Judgements qrels/NAME.tsv  [default: test]")
    ] = None,
    relevance: Annotated[
        int | None,
        Option("--relevance", metavar="N", min=1, help="Lowest relevant grade  [default: the dataset's]"),
    ] = None,
    unjudged: Annotated[
        str,
        Option("--unjudged", metavar="HOW", help="Unjudged ones: leave or irrelevant  [default: leave]"),
    ] = "leave",
    out: Annotated[
        Path, Option("--out", metavar="FILE", help="Write it there  [default: calibration.json]")
    ] = Path("calibration.json"),
    plot: Annotated[
        Path | None, Option("--plot", metavar="FILE", help="Draw its reliability (.png, .svg, .pdf)")
    ] = None,
) -> Exit:
    r"""Fit a map from scores to probabilities of relevance.

    \b
      llmrerank calibrate --dataset examples/stdlib --strategy "bm25 % 20" --plot reliability.png
    """
    settings = calling.settings(cache=default_cache())
    strategy = calling.strategy(strategy)
    from llmrerank import evaluate
    from llmrerank.errors import ConfigError
    from llmrerank.evaluate.preparation import pipelines_of
    from llmrerank.evaluate.reliability_plot import plot_reliability, require_matplotlib
    from llmrerank.evaluate.scoring import refuse_scoreless
    from llmrerank.whole_file import refuse_unwritable

    if unjudged not in ("leave", "irrelevant"):
        raise ConfigError(f"--unjudged must be leave or irrelevant, got '{unjudged}'")
    for path in (out, *([plot] if plot else [])):
        refuse_unwritable(path)
    if plot is not None:
        require_matplotlib(plot)
    opened = evaluate.Dataset.open(dataset, split=split, candidates=candidates)
    if calling.dry_run:
        [pipeline] = pipelines_of(opened, [strategy], settings=settings)
        refuse_scoreless(pipeline)
        [row] = evaluate.forecast(opened, [strategy], settings=settings, limit=limit)
        print_forecast(opened.name, row.queries, [(row.strategy, row.pipeline, row.estimate)], settings, talk)
        return Exit.DONE
    with line(talk) as show:

        def watch(progress: Progress) -> None:
            if show is not None:
                show(f"{progress.strategy}: {progress.done} of {progress.queries} queries")

        calibrated = evaluate.calibrate(
            opened,
            strategy,
            settings=settings,
            relevance=relevance,
            unjudged=unjudged,  # type: ignore[arg-type]  # checked above
            limit=limit,
            progress=watch,
        )
    calibrated.calibration.save(out)
    if plot is not None:
        plot_reliability(calibrated, plot)
    _talk_about(calibrated, talk)
    if talk.json:
        files = {"file": str(out), "plot": str(plot) if plot else None}
        talk.print_json({**calibrated.to_dict(), **files})
    else:
        _print(calibrated)
    talk.say(_use(calibrated, out))
    if calibrated.trace.exhausted is not None:
        return Exit.BUDGET
    return Exit.DEGRADED if calibrated.failures or calibrated.trace.degraded else Exit.DONE


def _print(calibrated: Calibrated) -> None:
    """The reliability of held-out probabilities, then figures before and after."""
    from .grid import print_grid

    rows = [(f"{one.predicted:.3f}", f"{one.observed:.3f}", str(one.count)) for one in calibrated.fit.bins]
    print_grid(("predicted", "observed", "documents"), rows, left=0)
    print()
    quality = calibrated.fit.quality
    print_grid(
        ("held out", "Brier", "ECE", "log loss"),
        [
            (name, f"{one.brier:.4f}", f"{one.ece:.4f}", f"{one.log_loss:.4f}")
            for name, one in ((quality.baseline, quality.before), ("calibrated", quality.after))
        ],
    )


def _talk_about(calibrated: Calibrated, talk: Talk) -> None:
    made, judged, quality = calibrated.calibration, calibrated.judged, calibrated.fit.quality
    for warning in calibrated.warnings:
        talk.warn(warning)
    for note in notes_on(calibrated.trace):
        talk.warn(note)
    if calibrated.failures:
        query, sentence = next(iter(calibrated.failures.items()))
        talk.warn(f"{len(calibrated.failures)} queries failed, such as '{query}': {sentence}")
    talk.say(
        f"{made.dataset}: {made.queries} queries, {made.pairs} documents, {sum(judged.relevant)} of them "
        f"relevant (grade {made.relevance_level} or more); "
        + (
            f"{judged.left_out} unjudged ones left out (--unjudged irrelevant counts them)"
            if made.unjudged == "leave"
            else "the unjudged count as irrelevant"
        )
    )
    if quality.after.brier >= quality.before.brier:
        talk.warn(
            f"on queries held out, the calibrated scores are no better than the {quality.baseline}: these "
            "scores say little about relevance here, or the judgements are too few"
        )


def _use(calibrated: Calibrated, out: Path) -> str:
    """What to do with the file."""
    made, file = calibrated.calibration, shlex.quote(str(out))
    # No advice that leaves nothing: the map may end below one half.
    least = 0.5 if made.y[-1] >= 0.5 else math.floor(made.y[-1] * 50) / 100
    return (
        f"wrote {out}; its probabilities, {made.y[0]:.2f} to {made.y[-1]:.2f}, in place of scores: "
        f"llmrerank search --corpus PATH --query Q --pipeline {shlex.quote(made.strategy)} "
        f"--calibration {file} --min-score {least:g}"
    )
