"""What attacks gain and what defences are worth: on the packaged model, and on a simulated judge that obeys.

**Simulated.** An oracle of the stdlib collection's judgements, behind a real endpoint on loopback, that obeys
whatever attack it is shown with a stated probability, drawn afresh for every request. It says what each
defence does to a judge that obeys, never how often a real model obeys. Fences are left out: what they do
depends on the model alone.

**Packaged.** The model of `llmrerank endpoint` (135 million parameters), which cannot rank: its rates prove
that the machinery runs, and nothing else.

    python benchmarks/injection/gain.py [--only simulated|packaged] [--write]

`--write` puts the tables into docs/security.md. Some ten minutes for the packaged model (`--minutes`, after
which the table so far is taken), some minutes for the simulation.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmrerank import portal
from llmrerank.evaluate import Dataset
from llmrerank.evaluate.stdlib import stdlib_collection
from llmrerank.passages import neutralise
from llmrerank.redteam import DEFENCES, Measurement, Plan, Report, plan_of, report_of, run_plan
from llmrerank.settings import Settings
from llmrerank.testing.oracle import Shown, Told, shared_words
from llmrerank.testing.stub_server import StubServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
PLACES = ("front", "middle", "end", "title")
FORMS = ("listwise", "setwise", "pointwise", "graded")
OBEDIENCE = (1.0, 0.5)
SEEN = 60  # characters of an attack that a judge knows it by
_ROUND = str.maketrans("[<]>", "(())")


def plain(text: str) -> str:
    """A text in which an attack is found wherever it was planted: one line, brackets of one kind."""
    return " ".join(neutralise(text).translate(_ROUND).split())


class Judge:
    """Knows the judgements, and obeys attacks with some probability, drawn for every request by itself."""

    def __init__(self, plan: Plan, obedience: float) -> None:
        self.obedience = obedience
        self.grades = {
            target.query: {
                plain(document.title): target.grades.get(str(document.id), 0) for document in target.documents
            }
            for target in plan.targets
        }
        self.attacks: dict[str, set[str]] = {}
        for trial in plan.trials:
            text = trial.attack.filled(
                query=trial.target.query,
                id=trial.target.hostile.id,
                label=str(trial.target.position + 1),
            )
            self.attacks.setdefault(trial.target.query, set()).add(plain(text)[:SEEN])

    def __call__(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        shown = Shown.of(body)
        obeys = random.Random(repr((shown.form, shown.passages))).random() < self.obedience

        def worth(query: str, passage: str) -> float:
            seen = plain(passage)
            if obeys and any(attack and attack in seen for attack in self.attacks.get(query, ())):
                return 1.0
            titles = self.grades.get(query, {})
            grade = max(
                (grade for title, grade in titles.items() if title and seen.startswith(title)), default=0
            )
            return 0.25 * grade + 0.15 * shared_words(query, passage)

        return Told.of(shown, worth).completion(body)


def run(plan: Plan, minutes: float) -> Report:
    """Measure for so long at most; what is known by then is the result."""
    measurement = Measurement(plan=plan)

    async def bounded() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(run_plan(measurement), timeout=60 * minutes)

    portal.run(bounded)
    return report_of(measurement)


def simulated(dataset: Dataset, options: argparse.Namespace) -> Iterator[str]:
    """The tables of judges that obey."""
    chosen = [name for name in DEFENCES if name != "fences"]
    for obedience in OBEDIENCE:
        asked = {
            "strategies": options.forms,
            "defences": [*chosen, "fuse({strategy}, weight=0.5)"],
            "places": PLACES,
            "queries": options.queries or 12,
            "trials": options.trials or 36,
        }
        judge = Judge(plan_of(dataset, settings=Settings(seed=options.seed), **asked), obedience)
        with StubServer(judge, keep=False) as server:
            settings = Settings(
                base_url=server.base_url, model=f"obeys {obedience:g}", seed=options.seed, timeout=600.0
            )
            report = run(plan_of(dataset, settings=settings, **asked), options.minutes)
        yield f"**Simulated: obeys {obedience:.0%} of the requests that show it an attack.** {counts(report)}"
        yield ""
        yield from table(report)
        yield ""
        if obedience == OBEDIENCE[0]:
            yield from families(report)
            yield ""


def packaged(dataset: Dataset, options: argparse.Namespace) -> Iterator[str]:
    """The table of the packaged model."""
    from llmrerank.endpoint import serve

    with serve() as base_url:
        settings = Settings(base_url=base_url, seed=options.seed, timeout=600.0, parallel=2)
        plan = plan_of(
            dataset,
            settings=settings,
            strategies=options.forms,
            queries=options.queries or 6,
            trials=options.trials or 12,
            places=PLACES,
            depth=5,
        )
        report = run(plan, options.minutes)
    yield f"**{report.model}, the packaged model, which cannot rank.** {counts(report)}"
    yield ""
    yield from table(report)
    yield ""


def counts(report: Report) -> str:
    """What was done, in a sentence."""
    return (
        f"{report.finished} of {report.trials} attacks planted in lists of {report.depth} documents of "
        f"{report.queries} queries (stdlib, Python {platform.python_version()}), {report.trace.calls} calls."
    )


def table(report: Report) -> Iterator[str]:
    """A row for each way of asking; what a defence is worth stands in the row that has it."""
    yield "| strategy | way of asking | places gained | 95 % | p | nDCG@10 lost | clean nDCG@10 | finding |"
    yield "| --- | --- | ---: | --- | ---: | ---: | ---: | --- |"
    for one in report.strategies:
        for arm in one.arms:
            found = [d for d in one.defences if arm.arm in (d.weighed.within, d.weighed.without)]
            # The strategy as it was given is the other side of nearly every defence.
            told = "; ".join(
                f"{d.weighed.defence.replace('|', '')}: {d.finding}"
                for d in found
                if arm.arm not in ("as given",) and len({d.weighed.within, d.weighed.without}) == 2
            )
            clean = "-" if arm.clean is None else f"{arm.clean:.3f}"
            if arm.gain is None or arm.loss is None:
                yield f"| `{one.strategy}` | {arm.arm} | - | - | - | - | {clean} | {told} |"
                continue
            gain = arm.gain
            yield (
                f"| `{one.strategy}` | {arm.arm} | {gain.mean:+.1f} of {arm.room:.1f} | {gain.low:+.1f} to "
                f"{gain.high:+.1f} | {gain.p:.3f} | {arm.loss.mean:+.3f} | {clean} | {told} |"
            )


def families(report: Report) -> Iterator[str]:
    """Places gained by family, the strategies side by side."""
    names = list(dict.fromkeys(name for one in report.strategies for name in one.families))
    yield "| family | attacks | " + " | ".join(f"`{one.strategy}`" for one in report.strategies) + " |"
    yield "| --- | ---: |" + " ---: |" * len(report.strategies)
    for name in names:
        parts = [one.families.get(name) for one in report.strategies]
        trials = max(part.trials for part in parts if part is not None)
        cells = ["-" if part is None else f"{part.gain:+.1f}" for part in parts]
        yield f"| {name} | {trials} | " + " | ".join(cells) + " |"


def write(name: str, lines: Sequence[str]) -> None:
    """Put lines between the page's marks of this name."""
    begin, end = f"<!-- gains, {name}: benchmarks/injection/gain.py -->", f"<!-- end of gains, {name} -->"
    before, found, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    if not found:
        raise SystemExit(f"{PAGE} has no line {begin}")
    made = f"{before}{begin}\n\n" + "\n".join(lines).rstrip() + f"\n\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(made, encoding="utf-8")


def main() -> int:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("simulated", "packaged"), help="[default: both]")
    parser.add_argument("--forms", nargs="+", default=FORMS, help="strategies")
    parser.add_argument("--queries", type=int, help="[default: 12 simulated, 6 packaged]")
    parser.add_argument("--trials", type=int, help="[default: 36 simulated, 12 packaged]")
    parser.add_argument("--minutes", type=float, default=10.0, help="at most, for each table")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/security.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="llmrerank-") as folder:
        dataset = stdlib_collection(Path(folder) / "stdlib")
        for name, measure in (("simulated", simulated), ("packaged", packaged)):
            if options.only not in (None, name):
                continue
            lines = list(measure(dataset, options))
            print("\n".join(lines), flush=True)
            if options.write:
                write(name, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
