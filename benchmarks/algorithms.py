"""Every algorithm under judges that err: quality, calls, documents and rounds. No language model is asked.

    python benchmarks/algorithms.py [--lists 400] [--repeats 2] [--processes 2] [--only drawn judgements logs]
    python benchmarks/algorithms.py --write       # and docs/algorithms.md anew

Three kinds of lists of 100 candidates: drawn at random with a judge of known noise; the BM25 lists of TREC DL
2019 with a judge made from the real judgements; the same lists with the logged answers of two real models,
where a window that is not in the log gets the final run's order, disturbed as much as runs of the model
disagree. Algorithms meet the same lists, each with noise of its own. Everything is seeded.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one process a core; threads would only spin

import argparse
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean, stdev

from judged_lists import (
    DL19,
    MODELS,
    RUNS,
    Judged,
    Noise,
    disagreement,
    drawn,
    emulated,
    from_judgements,
    fused,
    queries,
)

from llmrerank.errors import ConfigError
from llmrerank.testing import simulate

PAGE = Path(__file__).resolve().parents[1] / "docs" / "algorithms.md"
WORDS = Path(__file__).with_name("algorithms_page.md")
"""The page with `{name}` in the place of each table."""
BASELINE = "sliding"
FIRST_STAGE = "first stage"
UNLOGGED = "sliding, as if nothing were in the log"
SCHEDULES = ((5,), (5, 1), (5, 2), (5, 1, 1), (5, 2, 1), (5, 2, 2), (5, 2, 1, 1), (5, 1, 1, 1, 1))
SPECS = (
    FIRST_STAGE,
    "full",
    "consistency(full, times=5)",
    BASELINE,
    "sliding(passes=2)",
    "consistency(sliding, times=5)",
    "head(sliding, depth=20)",
    "fuse(sliding, weight=0.3)",
    "top-down",
    "top-down(cut=20)",
    "tournament",
    "tournament(tournaments=2)",
    "graph",
    "graph(window=10)",
    "blocks",
    "blocks(replicas=4)",
    "acurank",
    "setwise(children=3)",
    "setwise(children=9)",
    "setwise(method='insertion')",
    "pairwise",
    "pairwise(method='sliding')",
    "pairwise(method='all')",
    *(f"adaptive(rounds={rounds})" for rounds in SCHEDULES),
    "adaptive(rounds=(5, 1, 1, 1, 1, 1, 1), stop=True)",
    "head(adaptive, depth=50)",
)
SLOW = {"pairwise(method='all')": 4}
"""Thousands of calls for each list: these get every fourth drawn list, and real ones every fourth time."""
DRAWN = {
    "noise 0": Noise(fresh=0),
    "noise 0.3": Noise(fresh=0.3),
    "noise 0.7": Noise(fresh=0.7),
    "shared error": Noise(fresh=0.25, shared=0.4),
}
JUDGEMENTS = {
    "noise 0": Noise(fresh=0),
    "noise 0.5": Noise(fresh=0.5),
    "noise 1": Noise(fresh=1.0),
    "shared error": Noise(fresh=0.5, shared=0.5),
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What one algorithm did with one list."""

    quality: float
    calls: int
    documents: int
    rounds: int
    unknown: int


@dataclass(slots=True, kw_only=True)
class Setting:
    """A column: lists of one kind under one judge, and what the algorithms did with each of them."""

    name: str
    make: Callable[[int], Judged]
    lists: int
    logged: bool = False
    groups: dict[int, int] = field(default_factory=dict)
    ran: dict[str, dict[int, Ran]] = field(default_factory=dict)

    def mean(self, spec: str) -> tuple[float, float]:
        """nDCG@10 with the half-width of its 95 % interval."""
        return self._interval({number: ran.quality for number, ran in self.ran[spec].items()})

    def difference(self, spec: str, baseline: str = BASELINE) -> tuple[float, float]:
        """Paired difference in nDCG@10 against the baseline on the same lists, with its half-width."""
        base = self.ran[baseline]
        return self._interval({n: ran.quality - base[n].quality for n, ran in self.ran[spec].items()})

    def _interval(self, values: dict[int, float]) -> tuple[float, float]:
        """Over groups: repeats of a query are averaged first, for they are no further evidence."""
        by_group: dict[int, list[float]] = {}
        for number, value in values.items():
            by_group.setdefault(self.groups[number], []).append(value)
        means = [fmean(each) for each in by_group.values()]
        half = 1.96 * stdev(means) / math.sqrt(len(means)) if len(means) > 1 else math.nan
        return fmean(means), half

    def cost(self, spec: str) -> tuple[float, float, float]:
        """Mean calls, documents and rounds."""
        ran = list(self.ran[spec].values())
        return fmean(r.calls for r in ran), fmean(r.documents for r in ran), fmean(r.rounds for r in ran)

    def unknown(self, spec: str) -> float:
        """Share of the slates that were not in the log; 0 where nothing was asked."""
        ran = self.ran[spec].values()
        return sum(r.unknown for r in ran) / max(sum(r.calls for r in ran), 1)


def runnable(specs: Sequence[str]) -> list[str]:
    """Those that are registered and run; the others are named."""
    found = []
    for spec in specs:
        try:
            if spec not in (FIRST_STAGE, UNLOGGED):
                simulate(spec, list, size=20, top=10)
            found.append(spec)
        except ConfigError as error:
            print(f"left out: {spec}: {error}")
    return found


def run_list(make: Callable[[int], Judged], specs: Sequence[str], number: int) -> tuple[int, dict[str, Ran]]:
    """All algorithms on one list: its group, and what each did."""
    judged = make(number)
    ran = {}
    for spec in specs:
        if spec == FIRST_STAGE:
            ran[spec] = Ran(judged.quality(range(len(judged.prior))), 0, 0, 0, 0)
        elif judged.repeat % SLOW.get(spec, 1) == 0:
            unknown: list[tuple[int, ...]] = []
            one = simulate(
                BASELINE if spec == UNLOGGED else spec,
                judged.judge(spec, unknown, logged=spec != UNLOGGED),
                size=len(judged.prior),
                top=10,
                prior=judged.prior,
                seed=number,
            )
            quality = judged.quality(one.order)
            ran[spec] = Ran(quality, one.calls, one.documents, one.rounds, len(unknown))
    return judged.group, ran


def with_unlogged(specs: Sequence[str]) -> list[str]:
    """The algorithms, and a sliding pass that has no more from the log than the others."""
    place = list(specs).index(BASELINE) + 1
    return [*specs[:place], UNLOGGED, *specs[place:]]


def run(settings: Sequence[Setting], specs: Sequence[str], processes: int) -> None:
    """Fill the settings."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for setting in settings:
            begun = time.perf_counter()
            asked = with_unlogged(specs) if setting.logged else specs
            work = partial(run_list, setting.make, asked)
            for number, (group, ran) in enumerate(pool.imap(work, range(setting.lists), chunksize=4)):
                setting.groups[number] = group
                for spec, one in ran.items():
                    setting.ran.setdefault(spec, {})[number] = one
            print(
                f"{setting.name}: {setting.lists} lists, {time.perf_counter() - begun:.0f} s", file=sys.stderr
            )


def settings_of(kinds: Sequence[str], lists: int, repeats: int, folder: Path) -> dict[str, list[Setting]]:
    """The columns of each table."""
    found: dict[str, list[Setting]] = {}
    if "drawn" in kinds:
        found["drawn"] = [
            Setting(name=name, make=partial(drawn, noise=noise), lists=lists) for name, noise in DRAWN.items()
        ]
    real = [kind for kind in ("judgements", "logs") if kind in kinds]
    if real and not folder.is_dir():
        print(f"left out: {', '.join(real)}: no collection in {folder}")
        return found
    if "judgements" in kinds:
        number = repeats * len(queries(folder))
        found["judgements"] = [
            Setting(name=name, make=partial(from_judgements, folder, noise=noise), lists=number)
            for name, noise in JUDGEMENTS.items()
        ]
    if "logs" in kinds:
        number = repeats * len(queries(folder))
        found["logs"] = [
            Setting(name=log, make=partial(emulated, folder, log), lists=number, logged=True)
            for log in MODELS
        ]
    return found


def plus_minus(interval: tuple[float, float], *, signed: bool = False) -> str:
    """A mean with its half-width."""
    mean, half = interval
    return f"{mean:+.3f} ± {half:.3f}" if signed else f"{mean:.3f} ± {half:.3f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [heads, ["---"] * len(heads), *rows])


def named(spec: str) -> str:
    """What is notation, as code."""
    return spec if spec in (FIRST_STAGE, UNLOGGED) else f"`{spec}`"


def costs(setting: Setting, spec: str) -> list[str]:
    """Calls, documents, rounds as cells."""
    return [f"{value:.0f}" if value == round(value) else f"{value:.1f}" for value in setting.cost(spec)]


def tables_of(found: dict[str, list[Setting]], specs: Sequence[str]) -> dict[str, str]:
    """The tables of the page, by name."""
    made = {}
    for kind, settings in found.items():
        if kind == "logs":
            for number, setting in enumerate(settings):
                made[f"log {number}"] = table(
                    ["algorithm", "calls", "read", "rounds", "not in the log", "nDCG@10", "difference"],
                    [
                        [
                            named(spec),
                            *costs(setting, spec),
                            f"{setting.unknown(spec):.0%}",
                            plus_minus(setting.mean(spec)),
                            plus_minus(setting.difference(spec, UNLOGGED), signed=True),
                        ]
                        for spec in with_unlogged(specs)
                    ],
                )
            continue
        heads = [setting.name for setting in settings]
        middle = settings[1]
        made[kind] = table(
            ["algorithm", "calls", "read", "rounds", *heads],
            [
                [named(spec), *costs(middle, spec), *(plus_minus(one.mean(spec)) for one in settings)]
                for spec in specs
            ],
        )
        made[f"{kind} differences"] = table(
            ["algorithm", "calls / rounds", *heads[1:]],
            [
                [
                    named(spec),
                    " / ".join(costs(middle, spec)[::2]),
                    *(plus_minus(one.difference(spec), signed=True) for one in settings[1:]),
                ]
                for spec in specs
                if spec != BASELINE
            ],
        )
    return made


def told(folder: Path) -> str:
    """How far runs of one model disagree, a line for each."""
    lines = []
    for log in MODELS:
        one = disagreement(folder, log)
        same = (
            f"; {one.same_share:.1%} of {one.same_pairs} where the windows were the same"
            if one.same_pairs > 100
            else ""
        )
        lines.append(
            f"- `{log}`: {one.share:.1%} of {one.pairs} pairs of passages ordered differently by another run "
            f"of the model ({one.others} other logs){same}; {one.within_share:.1%} of {one.within_pairs} "
            f"between windows of this log. Noise for it: {one.places:.2f} places of the final run."
        )
    return "\n".join(lines)


def fused_runs(folder: Path) -> str:
    """What the runs of a model are worth alone and together."""
    rows = []
    for model, begins in RUNS.items():
        number, alone, together = fused(folder, begins)
        rows.append([model, str(number), f"{alone:.3f}", f"{together:.3f}"])
    return table(["model", "runs", "mean nDCG@10 of one", "of all, by mean place"], rows)


def page(tables: Mapping[str, str], *, lists: int, repeats: int) -> str:
    """The words with the tables in their places."""
    text = WORDS.read_text(encoding="utf-8")
    for name, made in {**tables, "lists": str(lists), "repeats": str(repeats)}.items():
        text = text.replace(f"{{{name}}}", made)
    return text


def main() -> int:
    """Measure, print, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lists", type=int, default=400, help="lists drawn at random for each judge")
    parser.add_argument("--repeats", type=int, default=2, help="times each real list is judged anew")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=["drawn", "judgements", "logs"], default=None)
    parser.add_argument("--specs", nargs="+", default=SPECS, help="algorithms in place of the usual ones")
    parser.add_argument("--folder", type=Path, default=DL19, help="TREC DL 2019 with responses and runs")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}; needs all three kinds")
    given = parser.parse_args()
    kinds = given.only or ["drawn", "judgements", "logs"]
    found = settings_of(kinds, given.lists, given.repeats, given.folder)
    if given.write and len(found) < 3:
        parser.error("the page needs all three kinds of lists")
    specs = runnable(dict.fromkeys((*given.specs, BASELINE)))
    run([setting for settings in found.values() for setting in settings], specs, given.processes)
    tables = tables_of(found, specs)
    if "logs" in found:
        tables["disagreement"] = told(given.folder)
        tables["fused runs"] = fused_runs(given.folder)
    for name, text in tables.items():
        print(f"\n{name}\n{text}")
    if given.write:
        PAGE.write_text(page(tables, lists=given.lists, repeats=given.repeats), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
