"""`llmrerank router fit` and `router evaluate`: learn when a dearer arm is worth it, and judge that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from llmrerank.counted import counted

from .exits import Exit
from .options import ConfigPath, configured
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.router.judged import Gap, RouterFigures, Standing
    from llmrerank.router.model import RouterModel
    from llmrerank.router.outcomes import Outcomes

__all__ = ["evaluate", "fit"]

SCHEMA = 1

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `compare --out DIR` left")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What to learn from; shared by both commands."""

    arms: Annotated[
        list[str] | None,
        Option("--arms", metavar="ROW...", show_default=False, help="Rows, cheapest first  [default: all]"),
    ] = None
    route: Annotated[
        str | None,
        Option("--route", metavar="SPEC", help="The route that will use it, as 'route(keep, bi-encoder)'"),
    ] = None
    dataset: Annotated[
        str | None,
        Option("--dataset", metavar="DIR", help="What was compared on: more features can be measured"),
    ] = None
    split: Annotated[
        str | None, Option("--split", metavar="NAME", help="Its judgements qrels/NAME.tsv  [default: test]")
    ] = None
    metric: Annotated[str, Option("--metric", metavar="NAME", help="To gain in  [default: nDCG@10]")] = (
        "nDCG@10"
    )
    worth: Annotated[
        float,
        Option(
            "--worth",
            metavar="GAIN",
            min=0,
            help="Least gain that justifies the dearest arm  [default: 0.01]",
        ),
    ] = 0.01
    seed: Annotated[int, Option("--seed", metavar="N", help="Of parts and resamples  [default: 0]")] = 0
    config: ConfigPath = None

    def outcomes(self, folder: Path) -> Outcomes:
        """What the arms made of the queries.

        Raises:
            ConfigError, DataError: As `read_outcomes`.
        """
        configured(self.config)
        from llmrerank.evaluate.dataset import Dataset
        from llmrerank.router.compared import read_outcomes

        opened = None if self.dataset is None else Dataset.open(self.dataset, split=self.split)
        return read_outcomes(
            folder, arms=self.arms or (), route=self.route, dataset=opened, measure=self.metric
        )


def fit(
    folder: Folder,
    *,
    learning: Learning,
    out: Annotated[
        Path, Option("--out", metavar="FILE", help="Write it there  [default: router.json]")
    ] = Path("router.json"),
    talk: Talk,
) -> Exit:
    r"""Learn from a comparison of yours when a dearer arm is worth it.

    \b
      llmrerank compare --dataset data --strategies "bm25 % 50" "bm25 % 50 >> bi-encoder" --out runs
      llmrerank router fit runs --dataset data --out router.json
    """
    from llmrerank.router.fitting import fit as fitted
    from llmrerank.router.fitting import require_sklearn
    from llmrerank.router.judged import judge
    from llmrerank.whole_file import refuse_unwritable

    require_sklearn()
    refuse_unwritable(out)
    outcomes = learning.outcomes(folder)
    judged = judge(outcomes, worth=learning.worth, seed=learning.seed)
    held_out = judged["fitted"]
    figures = {
        "held_out": held_out.score,
        "versus_cheap": held_out.versus_cheap.mean,
        "versus_line": held_out.versus_line.mean if held_out.versus_line else 0.0,
    }
    model = fitted(outcomes, worth=learning.worth, seed=learning.seed, figures=figures)
    model.save(out)
    if talk.json:
        talk.print_json({"schema": SCHEMA, "file": str(out), **judged.to_dict()})
    else:
        _print(judged)
    talk.say(_learned(model))
    talk.say(f"wrote {out}; use it as route({', '.join(outcomes.arms)}, by='{out}')")
    return Exit.DONE


def evaluate(
    folder: Folder,
    *,
    learning: Learning,
    plot: Annotated[
        Path | None, Option("--plot", metavar="FILE", help="Draw quality against cost (.png, .svg, .pdf)")
    ] = None,
    talk: Talk,
) -> Exit:
    r"""Judge rules and a fitted router, in cross-validation, beside fixed arms, lots and an oracle.

    \b
      llmrerank compare --dataset data --strategies "bm25 % 50" "bm25 % 50 >> bi-encoder" --out runs
      llmrerank router evaluate runs --dataset data --plot router.png
    """
    from llmrerank.router.curve_plot import plot_curves, require_matplotlib
    from llmrerank.router.fitting import require_sklearn
    from llmrerank.router.judged import judge

    require_sklearn()
    if plot is not None:
        require_matplotlib(plot)
    judged = judge(learning.outcomes(folder), worth=learning.worth, seed=learning.seed)
    if plot is not None:
        plot_curves(judged, plot)
    if talk.json:
        talk.print_json({"schema": SCHEMA, "plot": str(plot) if plot else None, **judged.to_dict()})
    else:
        _print(judged)
    if plot is not None:
        talk.say(f"wrote {plot}")
    return Exit.DONE


def _learned(model: RouterModel) -> str:
    """What the decisions of a fitted router rest on."""
    told = f"fitted to {counted(model.queries, 'query')}"
    if not all(gain.flat for gain in model.gains):
        return f"{told} by {', '.join(one.name for one in model.inputs)}"
    gains = model.predicted([0.0] * len(model.inputs))
    arm = max(range(len(gains)), key=lambda place: (gains[place] - model.toll(place), -place))
    return (
        f"{told}: no feature foretold gains better than their mean, so every query like them takes "
        f"{model.arms[arm]}"
    )


def _print(judged: RouterFigures) -> None:
    from .grid import print_grid

    outcomes = judged.outcomes
    arms = ", ".join(f"{arm} {cost:.4g}" for arm, cost in zip(outcomes.arms, outcomes.costs, strict=True))
    print(f"{outcomes.dataset}, {counted(len(outcomes.queries), 'query')}; {outcomes.unit} a query: {arms}")
    headings = [
        "",
        outcomes.measure,
        outcomes.unit,
        "queries by arm",
        "less cheap arm",
        "less the line",
        "area",
        "regret",
    ]
    print_grid(headings, [_cells(standing) for standing in judged.standings])
    fitted = judged["fitted"]
    print(
        f"fitted: {judged.folds} parts, each decided by a router fitted to the others; it left "
        f"{counted(fitted.abstained, 'query')} to the rules."
    )
    print(
        "The line: fixed arms by lot at the same cost. Area: 0 as good as lots, 1 as the oracle. Regret: the "
        "worst tenth\nof the queries below the best arm of each. Brackets: 95 % bootstrap intervals."
    )
    print(_verdict(fitted))


def _cells(standing: Standing) -> list[str]:
    return [
        standing.name,
        f"{standing.score:.4f}",
        f"{standing.cost:.2f}",
        " / ".join(f"{share:.0%}" for share in standing.shares),
        _gap(standing.versus_cheap),
        "" if standing.versus_line is None else _gap(standing.versus_line),
        "" if standing.area is None else f"{standing.area:+.2f}",
        f"{standing.regret:.3f}",
    ]


def _gap(gap: Gap) -> str:
    return f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]"


def _verdict(fitted: Standing) -> str:
    gap = fitted.versus_line
    if gap is None or gap.mean <= 0:
        return "The fitted router does not stand above the line: a fixed arm, or lots, do as well."
    if gap.low <= 0:
        return "The fitted router stands above the line, by no more than noise would explain."
    return "The fitted router stands above the line."
