"""Routers on collections with judgements: rules, and a fitted router by cross-validation, against fixed arms.

    python benchmarks/router.py [--data DIR] [--work DIR] [--only NAME ...] [--cross-encoder DIR] [--write]

For every collection of 40 queries or more, its arms are compared (as `compare --out`, kept below `--work`
and not made again), and `llmrerank.router.judged.judge` does the rest. `--cross-encoder` adds the folder of a
trained model as one more arm. Prints both tables, and what one decision takes; `--write` puts them into
docs/router.md. Encoding the candidates takes most of the time: half an hour on two idle cores.

The bounds of the rules were set by looking at features, and once at outcomes, of cacm and cisi: those rows
are marked. Stored LLM runs are arms where they exist; they were made by other
models, with other prompts, than those of the rows beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmrerank import portal
from llmrerank.evaluate import Dataset, compare
from llmrerank.evaluate.stdlib import stdlib_collection
from llmrerank.pipeline import Pipeline
from llmrerank.router.compared import read_outcomes
from llmrerank.router.deciding import chosen
from llmrerank.router.judged import Gap, RouterFigures, Standing, judge
from llmrerank.settings import Settings
from llmrerank.stages import Course, Fork

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "router.md"
BEGIN, END = "<!-- tables: benchmarks/router.py -->", "<!-- end of tables -->"
DEPTH = 50
FEWEST = 40
GPT = "bm25+gpt-3.5-turbo_4096_100.2023-08-04T232651.trec.gz"
LOSS = -0.02
"""Relative loss against the cheap arm that rules may make at most."""
MILLISECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One collection with its arms, cheapest first.

    Attributes:
        name: Shown.
        folder: Below the data folder; empty for the stdlib collection.
        rows: Pipelines to compare.
        route: The arms as a route would have them, in the order of the rows.
        development: Whether the rules' bounds were set by looking at it.
    """

    name: str
    folder: str
    rows: tuple[str, ...]
    route: str
    development: bool = False


def cases(cross_encoder: Path | None) -> Iterator[Case]:
    """Every case, with a cross-encoder as one more arm where there is one."""

    def local(first: str, name: str, folder: str, **more: object) -> Case:
        rows = [f"{first} % {DEPTH}", f"{first} % {DEPTH} >> bi-encoder"]
        arms = ["keep", "bi-encoder"]
        if cross_encoder is not None:
            arms.append(f"cross-encoder(model={str(cross_encoder)!r})")
            rows.append(f"{first} % {DEPTH} >> {arms[-1]}")
        return Case(name=name, folder=folder, rows=tuple(rows), route=f"route({', '.join(arms)})", **more)  # type: ignore[arg-type]

    for name in ("cranfield", "npl", "scifact"):
        yield local("bm25", name, name)
    yield local("bm25", "stdlib", "")
    for name in ("cacm", "cisi"):
        yield local("bm25", name, name, development=True)
    yield Case(
        name="dl19, LLM run",
        folder="dl19",
        rows=(f"run % {DEPTH}", f"run % {DEPTH} >> bi-encoder", f"run(path='runs/{GPT}')"),
        route="route(keep, bi-encoder, listwise)",
    )
    for name in ("clinical-trial", "relic", "whatsthatbook"):
        yield Case(
            name=f"birco-{name}, LLM run",
            folder=f"birco-{name}",
            rows=tuple(f"run(path='runs/{run}.trec')" for run in ("e5_rank", "Monot5", "GPT-4_score_O")),
            route="route(bi-encoder, cross-encoder, graded)",
        )


def judged(case: Case, data: Path, work: Path) -> tuple[RouterFigures, Dataset]:
    """Compare the arms, unless that was done before, and judge the routers."""
    out = work / case.name.replace(" ", "-").replace(",", "").replace("(", "").replace(")", "")
    dataset = Dataset.open(data / case.folder) if case.folder else stdlib_collection(work / "_stdlib")
    if not _has(out, case.rows):
        settings = Settings(cache=work / "cache.sqlite")
        compare(
            dataset,
            case.rows,
            settings=settings,
            measures=("nDCG@10",),
            out=out,
            oracle=False,
        )
    outcomes = read_outcomes(out, arms=case.rows, route=case.route, dataset=dataset)
    return judge(outcomes), dataset


def _has(out: Path, rows: Sequence[str]) -> bool:
    try:
        found = json.loads((out / "compare.json").read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError):
        return False
    return {row["strategy"] for row in found} >= set(rows)


def decision_times(dataset: Dataset, first: str, *, queries: int = 20) -> list[float]:
    """Milliseconds of whole decisions, features included, over what a first stage found; the slowest last.

    Processor time of this thread: other programs beside are not counted. The first decision is left out.
    """
    route = Course.of("route(keep, listwise)").steps[0]
    if not isinstance(route, Fork):
        raise TypeError("a route is a fork")
    took = []
    with Pipeline(f"{first} % 100", source=dataset.source()) as pipeline:
        for query in dataset.queries[:queries]:
            found = portal.run(lambda query=query: pipeline.afind(query))  # type: ignore[misc]
            begun = time.thread_time()
            chosen(route.route, found, found)
            took.append(1000 * (time.thread_time() - begun))
    return sorted(took[1:])


def table(found: Sequence[tuple[Case, RouterFigures]], decider: str) -> str:
    """One row for each collection, as Markdown."""
    lines = [
        "| collection | queries | arms: nDCG@10 | queries by arm | router | less cheap arm | less the line "
        "| area | oracle | worst-decile regret |",
        "| --- | ---: | --- | --- | ---: | --- | --- | ---: | ---: | ---: |",
    ]
    for case, figures in found:
        own, oracle = figures[decider], figures["oracle"]
        fixed = [figures[f"always {arm}"] for arm in figures.outcomes.arms]
        arms = [arm.partition("(model")[0] for arm in figures.outcomes.arms]
        told = ", ".join(f"{arm} {one.score:.4f}" for arm, one in zip(arms, fixed, strict=True))
        lines.append(
            f"| {case.name}{' †' if case.development else ''} | {len(figures.outcomes.queries)} | {told} "
            f"| {' / '.join(f'{share:.0%}' for share in own.shares)} | {own.score:.4f} "
            f"| {_relative(own, fixed[0])} | {_gap(own.versus_line)} | {_area(own)} | {oracle.score:.4f} "
            f"| {own.regret:.3f} |"
        )
    return "\n".join(lines)


def _relative(own: Standing, cheap: Standing) -> str:
    gap, base = own.versus_cheap, cheap.score
    return f"{gap.mean / base:+.1%} [{gap.low / base:+.1%}, {gap.high / base:+.1%}]"


def _gap(gap: Gap | None) -> str:
    if gap is None:
        return ""
    above = " above" if gap.low > 0 else " below" if gap.high < 0 else ""
    return f"{gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]{above}"


def _area(standing: Standing) -> str:
    return "" if standing.area is None else f"{standing.area:+.2f}"


def verdicts(found: Sequence[tuple[Case, RouterFigures]], slowest: float, middle: float) -> list[str]:
    """What was asked for, and whether it holds, in sentences."""
    losses = {
        case.name: figures["rules"].versus_cheap.mean / figures[f"always {figures.outcomes.arms[0]}"].score
        for case, figures in found
    }
    beyond = [f"{name} ({loss:+.1%})" for name, loss in losses.items() if loss < LOSS]
    worst = min(losses, key=losses.__getitem__)
    lines = [
        f"Rules lose more than 2 % against their cheap arm on: {', '.join(beyond)}."
        if beyond
        else "Rules lose at most 2 % against their cheap arm on every collection; "
        f"they gain least on {worst}: {losses[worst]:+.1%}."
    ]
    gaps = {case.name: figures["fitted"].versus_line for case, figures in found}
    for word, names in (
        ("clearly above", [name for name, gap in gaps.items() if gap and gap.low > 0]),
        ("above, within noise,", [name for name, gap in gaps.items() if gap and gap.mean > 0 >= gap.low]),
        ("not above", [name for name, gap in gaps.items() if gap and gap.mean <= 0]),
    ):
        if names:
            lines.append(f"Fitted routers stand {word} the line on {len(names)}: {'; '.join(names)}.")
    lines.append(
        f"A decision over 100 candidates takes {middle:.2f} ms in the middle and {slowest:.2f} ms at worst "
        f"of processor time, features included ({'under' if slowest < MILLISECONDS else 'NOT under'} "
        f"{MILLISECONDS:g} ms). The first one of a process reads character tables besides."
    )
    return lines


def main() -> int:
    """Print the tables; 1 where rules lose too much or a decision takes too long."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, help="keep comparisons there  [default: a temporary folder]")
    parser.add_argument("--only", nargs="+", help="names of collections")
    parser.add_argument("--cross-encoder", type=Path, metavar="DIR", help="a trained model, one more arm")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/router.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        found: list[tuple[Case, RouterFigures]] = []
        times: list[float] = []
        for case in cases(asked.cross_encoder):
            if asked.only and not any(case.name.startswith(name) for name in asked.only):
                continue
            if case.folder and not (asked.data / case.folder).is_dir():
                print(f"left out: {case.name}: no {case.folder} below {asked.data}", file=sys.stderr)
                continue
            print(case.name, file=sys.stderr, flush=True)
            figures, dataset = judged(case, asked.data, work)
            if len(figures.outcomes.queries) >= FEWEST:
                found.append((case, figures))
            if "run" not in case.rows[0]:
                times += decision_times(dataset, "bm25")
        if not found:
            print("nothing to judge", file=sys.stderr)
            return 1
        times.sort()
        parts = [
            "**Rules**",
            table(found, "rules"),
            f"**Fitted**, by cross-validation in {found[0][1].folds} parts",
            table(found, "fitted"),
            *verdicts(found, times[-1] if times else 0.0, times[len(times) // 2] if times else 0.0),
        ]
    text = "\n\n".join(parts)
    print(text)
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 1 if "more than 2 %" in text or "NOT under" in text else 0


if __name__ == "__main__":
    raise SystemExit(main())
