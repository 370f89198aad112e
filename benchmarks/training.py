"""Trained cross-encoders, measured: the reference, its students of fewer layers, and what LLMs teach.

    python benchmarks/training.py --build              trains the reference where it is not there yet
    python benchmarks/training.py [--tables NAME ...] [--write]

Models are kept in the user's cache folder and built where they are missing. With `--write` the tables go into
docs/training.md, between its markers. All differences are paired over the queries of a collection, with the
chance of a randomisation test, uncorrected for the number of collections. Models that learned from the
passages of MS MARCO are measured and never shipped: its terms are non-commercial.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from llmrerank.clients.models import find
from llmrerank.clients.pairs import PairScorer
from llmrerank.errors import RerankError
from llmrerank.evaluate import Dataset, Row, compare
from llmrerank.evaluate.noise import difference
from llmrerank.settings import Settings
from llmrerank.train import Recipe, TrainingProgress, distil
from llmrerank.train.distil import DISTIL
from llmrerank.train.reference import DATASET, RECIPE, at_hand, build, folder

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
PAGE = ROOT / "docs" / "training.md"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
MEASURE = "nDCG@10"
FEWER_LAYERS = 3
CANDIDATES = 20
DEV_DEPTH = RECIPE.dev_depth
OUT_OF_DOMAIN = ("dl19", "npl", "noveleval", "cranfield")

TEACHERS = {
    "gpt-3.5-turbo, five runs": (
        "bm25+gpt-3.5-turbo_4096_100.2023-08-04T232651.trec.gz",
        "bm25+gpt-3.5-turbo_4096_100.2023-08-04T235144.trec.gz",
        "bm25+gpt-3.5-turbo_4096_100.2023-08-05T001330.trec.gz",
        "bm25+gpt-3.5-turbo_4096_100.2023-08-05T003110.trec.gz",
        "bm25+gpt-3.5-turbo_4096_100.2023-08-05T004244.trec.gz",
    ),
    "RankVicuna 7B, two runs": (
        "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T210006.trec.gz",
        "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T210749.trec.gz",
    ),
}
"""Stored rankings of the BM25 candidates of DL19, by what the table calls them."""

DISTILLATION: Recipe = replace(
    DISTIL,
    learning_rate=5e-5,
    epochs=2,
    freeze_embeddings=True,
    precision="bf16",
    max_length=128,
    dev_depth=20,
)
"""The students begin as the reference, which ranks pairs already: 43 queries alone teach the base nothing."""
DEALING = {"depth": 50, "size": 10, "shuffles": 1}
DISTILLED_ON, TESTED_ON = "dl19", ("dl21", "noveleval")

Line = list[str]


def reference(data: Path, *, layers: int | None = None) -> Path:
    """The reference or its student, built where it is not there."""
    there = at_hand(layers=layers)
    if there is None:
        what = "the reference" if layers is None else f"its student of {layers} layers"
        print(f"training {what} into {folder(layers=layers)}", file=sys.stderr)
        there = build(data, layers=layers, progress=told()).folder
    return there


def student(data: Path, teacher: str) -> Path:
    """A model that learned what a teacher said of DL19, built where it is not there."""
    begun = reference(data)
    decides = [begun.name, teacher, TEACHERS[teacher], DISTILLATION.to_dict(), DEALING]
    key = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
    out = folder().parent / f"taught-{key}"
    if not (out / "training.json").is_file():
        print(f"distilling {teacher} into {out}", file=sys.stderr)
        runs = [data / DISTILLED_ON / "runs" / name for name in TEACHERS[teacher]]
        opened = Dataset.open(data / DISTILLED_ON, all_queries=True)
        distil(opened, out, teachers=runs, base=str(begun), recipe=DISTILLATION, progress=told(), **DEALING)
    return out


def told() -> Callable[[TrainingProgress], None]:
    """Progress on standard error, a line at most every ten seconds."""
    last = 0.0

    def tell(progress: TrainingProgress) -> None:
        nonlocal last
        if time.monotonic() - last > 10:
            last = time.monotonic()
            loss = "" if progress.loss is None else f", loss {progress.loss:.4f}"
            dev = "" if progress.dev is None else f", dev {progress.dev:.4f}"
            print(f"  {progress.stage}: {progress.done} of {progress.total}{loss}{dev}", file=sys.stderr)

    return tell


def measured(data: Path, name: str, strategies: Sequence[str], limit: int | None) -> tuple[int, list[Row]]:
    """Pipelines over one collection. Scores and indexes are kept, so that no pair is scored twice."""
    kept = folder().parent
    comparison = compare(
        Dataset.open(data / name),
        strategies,
        settings=Settings(cache=kept / "scores.sqlite"),
        measures=[MEASURE],
        limit=limit,
        index=kept / "index" / name,
    )
    return comparison.queries, list(comparison.rows)


def rows_of(data: Path, name: str, judges: Sequence[str], limit: int | None) -> tuple[int, list[Row]]:
    """The first stage, and judges over its candidates."""
    stage = replace(Dataset.open(data / name).default_first_stage(), cut=CANDIDATES)
    return measured(data, name, [str(stage), *(f"{stage} >> {judge}" for judge in judges)], limit)


def encoder(model: Path) -> str:
    """A model as a strategy."""
    return f"cross-encoder(model={str(model)!r})"


def gap(row: Row, other: Row) -> str:
    """How one row differs from another: the mean difference and its chance."""
    [measure] = row.per_query
    queries = list(row.per_query[measure])
    found = difference(
        [row.per_query[measure][query] for query in queries],
        [other.per_query[measure][query] for query in queries],
    )
    return f"{found.mean:+.4f} (p {found.p:.4f})"


def mean(row: Row) -> str:
    """A row's mean."""
    [value] = row.measures.values()
    return f"{value:.4f}"


def table(head: Line, lines: Sequence[Line]) -> str:
    """Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


def quality(data: Path, names: Sequence[str], model: Path, limit: int | None) -> str:
    """A model, alone and fused with the order that it was given, against that order and the base's cosine."""
    own = encoder(model)
    lines = []
    for name in names:
        queries, rows = rows_of(data, name, ["bi-encoder", own, f"fuse({own})"], limit)
        first, cosine, alone, fused = rows
        gaps = [gap(row, other) for row in (alone, fused) for other in (first, cosine)]
        lines.append([name, str(queries), *map(mean, rows), *gaps])
    head = ["collection", "queries", "BM25", "cosine", "trained", "fused with BM25"]
    against = [f"{what} against {other}" for what in ("trained", "fused") for other in ("BM25", "cosine")]
    return table([*head, *against], lines)


def in_domain(data: Path, limit: int | None) -> str:
    """The reference on the test split of the collection that it was trained on."""
    model = encoder(reference(data))
    stage = f"hybrid % {DEV_DEPTH}"
    strategies = [stage, *(f"{stage} >> {judge}" for judge in ("bi-encoder", model, f"fuse({model})"))]
    queries, rows = measured(data, DATASET, ["bm25", *strategies], limit)
    bm25, hybrid, cosine, *judged = rows
    lines = [[f"`{stage}`", mean(hybrid), gap(hybrid, bm25), "", gap(hybrid, cosine)]]
    lines.append([f"`{stage} >> bi-encoder`", mean(cosine), gap(cosine, bm25), gap(cosine, hybrid), ""])
    for row, what in zip(judged, ("cross-encoder", "fuse(cross-encoder)"), strict=True):
        gaps = [gap(row, other) for other in (bm25, hybrid, cosine)]
        lines.append([f"`{stage} >> {what}`", mean(row), *gaps])
    head = ["pipeline", MEASURE, f"against BM25's {mean(bm25)}", "against its first stage", "against cosine"]
    behind = table(head, lines)
    return (
        f"### On SciFact's test split\n\nBM25's first {CANDIDATES}:\n\n"
        + quality(data, [DATASET], reference(data), limit)
        + f"\n\nBehind `hybrid`, over {queries} queries:\n\n{behind}"
    )


def out_of_domain(data: Path, limit: int | None) -> str:
    """The reference on collections that it never saw."""
    return f"### Out of domain\n\nThe first {CANDIDATES} of BM25, here too.\n\n" + quality(
        data, OUT_OF_DOMAIN, reference(data), limit
    )


def layers(data: Path, limit: int | None) -> str:
    """Students of fewer layers: pairs a second of both in one run, and quality beside."""
    whole, fewer = reference(data), reference(data, layers=FEWER_LAYERS)
    opened = Dataset.open(data / DATASET)
    corpus = opened.corpus[:256] if opened.corpus is not None else []
    pairs = [(opened.queries[0].text, document.full_text) for document in corpus]
    fast = speeds([whole, fewer], pairs)
    ratio = statistics.median(after / before for before, after in zip(*fast, strict=True))
    lines = []
    for name in (DATASET, *OUT_OF_DOMAIN):
        queries, [_, all_layers, own] = rows_of(data, name, [encoder(whole), encoder(fewer)], limit)
        lines.append([name, str(queries), mean(all_layers), mean(own), gap(own, all_layers)])
    before, after = (statistics.median(one) for one in fast)
    return (
        f"### {FEWER_LAYERS} layers\n\n"
        f"{before:.0f} pairs a second with all layers, {after:.0f} with {FEWER_LAYERS}: {ratio:.2f} times as "
        f"many (medians of {len(fast[0])} turns in one run, {len(pairs)} pairs of SciFact, "
        f"{platform.machine()}, {threads()} threads).\n\n"
        + table(["collection", "queries", "all layers", f"{FEWER_LAYERS} layers", "difference"], lines)
    )


def speeds(models: Sequence[Path], pairs: Sequence[tuple[str, str]], turns: int = 5) -> list[list[float]]:
    """Pairs a second of each model, turn and turn about, so that a busy machine slows all alike."""
    scorers = [PairScorer(find("cross-encoder", str(model))) for model in models]
    found: list[list[float]] = [[] for _ in scorers]
    for scorer in scorers:
        scorer.score(pairs[:16])
    for _ in range(turns):
        for own, scorer in zip(found, scorers, strict=True):
            begun = time.perf_counter()
            scorer.score(pairs)
            own.append(len(pairs) / (time.perf_counter() - begun))
    return found


def threads() -> int:
    """Threads that torch uses."""
    import torch

    return int(torch.get_num_threads())


def distillation(data: Path, limit: int | None) -> str:
    """Students of stored LLM rankings, on collections that the teachers were not asked about."""
    supervised = reference(data)
    lines = []
    for teacher in TEACHERS:
        model = student(data, teacher)
        for name in TESTED_ON:
            judges = ["bi-encoder", encoder(supervised), encoder(model)]
            queries, [bm25, cosine, judged, own] = rows_of(data, name, judges, limit)
            lines.append(
                [
                    teacher,
                    name,
                    str(queries),
                    *map(mean, (bm25, cosine, judged, own)),
                    *(gap(own, other) for other in (bm25, cosine, judged)),
                ]
            )
    head = ["teacher over dl19", "tested on", "queries", "BM25", "cosine", "reference", "student"]
    return "### Taught by LLMs\n\n" + table(
        [*head, "against BM25", "against cosine", "against the reference"], lines
    )


TABLES = {
    "in-domain": in_domain,
    "out-of-domain": out_of_domain,
    "layers": layers,
    "distillation": distillation,
}


def written(page: str, figures: str) -> str:
    """The page with figures between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{figures}\n{END}{after}"


def main() -> int:
    """Build or measure; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of collections")
    parser.add_argument("--build", action="store_true", help="train the reference and no more")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--limit", type=int, help="only so many queries, to try it out")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/training.md")
    options = parser.parse_args()
    try:
        if options.build:
            print(reference(options.data))
            return 0
        figures = "\n\n".join(TABLES[name](options.data, options.limit) for name in options.tables)
    except RerankError as error:
        print(f"cannot be measured: {error}", file=sys.stderr)
        return 2
    print(figures)
    if options.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
