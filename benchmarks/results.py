"""The tables of docs/results.md, each by the one command that stands above it.

    python benchmarks/results.py [--data DIR] [--write]

Runs every command whose data is at hand, prints the page, and with `--write` puts it into docs/results.md.
The commands are those of a reader: what is printed here is what they print. Takes some ten minutes on two
cores, most of them for encoding documents.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "results.md"
RUNS = "run(path='runs/{}')"
GPT = "bm25+gpt-3.5-turbo_4096_100.2023-08-0{}.trec.gz"
CHECKPOINT = "bm25+vicuna-7b-checkpoint-800_4096_100.2023-09-08T210809.trec.gz"
VICUNA = "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T210749.trec.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table.

    Attributes:
        title: Its heading.
        says: What to know before reading it.
        needs: Folders below the data folder; none: what the checkout has.
        words: The command, after `llmrerank compare`; `$DATA` is the data folder.
    """

    title: str
    says: str
    needs: tuple[str, ...]
    words: tuple[str, ...]


def _datasets(*names: str) -> tuple[str, ...]:
    return tuple(word for name in names for word in ("--dataset", f"$DATA/{name}"))


SECTIONS = (
    Section(
        title="Real LLM rankings of TREC DL19",
        says=(
            "The BM25 candidates, the five stored gpt-3.5-turbo runs over them, two stored runs of "
            "small tuned models, and the best order that the candidates allow. The LLM rows are "
            "rankings that others made and kept; they are read, not made again."
        ),
        needs=("dl19",),
        words=(
            *_datasets("dl19"),
            "--strategies",
            "run",
            *(
                RUNS.format(GPT.format(stamp))
                for stamp in ("4T232651", "4T235144", "5T001330", "5T003110", "5T004244")
            ),
            RUNS.format(CHECKPOINT),
            RUNS.format(VICUNA),
            "--metrics",
            "nDCG@10",
            "RR(rel=2)@10",
            "AP(rel=2)",
            "Judged@10",
        ),
    ),
    Section(
        title="First stages of DL19, and a bi-encoder over BM25",
        says="Stored candidates of BM25, SPLADE++ and TAS-B; the packaged MiniLM reranks those of BM25.",
        needs=("dl19",),
        words=(
            *_datasets("dl19"),
            "--strategies",
            "run",
            "run % 100 >> bi-encoder",
            "run(path='candidates.splade-pp-ed.jsonl.gz')",
            "run(path='candidates.tasb.jsonl.gz')",
            "--metrics",
            "nDCG@10",
            "RR(rel=2)@10",
        ),
    ),
    Section(
        title="First stages over whole small collections",
        says=(
            "Five collections with all their documents, and the mean over them. `dense` is the packaged "
            "MiniLM; `hybrid` fuses it with BM25 by reciprocal ranks."
        ),
        needs=("scifact", "npl", "cranfield", "cisi", "cacm"),
        words=(
            *_datasets("scifact", "npl", "cranfield", "cisi", "cacm"),
            "--strategies",
            "bm25",
            "dense",
            "hybrid",
            "--metrics",
            "nDCG@10",
            "R@100",
        ),
    ),
    *(
        Section(
            title=f"Complex queries: BIRCO {name}",
            says="Stored rankings of each query's pool; `_O` runs were given the task's objective.",
            needs=(f"birco-{folder}",),
            words=(
                *_datasets(f"birco-{folder}"),
                "--strategies",
                "pool",
                *(RUNS.format(run) for run in runs),
                "--metrics",
                "nDCG@10",
            ),
        )
        for name, folder, runs in (
            (
                "WhatsThatBook",
                "whatsthatbook",
                (
                    "e5_rank.trec",
                    "Monot5.trec",
                    "Rankgpt_llama70b_O.trec",
                    "Rankgpt_GPT-4.trec",
                    "Rankgpt_GPT-4_O.trec",
                    "GPT-4_score_O.trec",
                ),
            ),
            (
                "clinical trials",
                "clinical-trial",
                ("e5_rank.trec", "Monot5.trec", "Rankgpt_llama70b_O.trec", "GPT-4_score_O.trec"),
            ),
            (
                "RELIC",
                "relic",
                ("e5_rank.trec", "Monot5.trec", "Rankgpt_llama70b_O.trec", "GPT-4_score_O.trec"),
            ),
        )
    ),
    Section(
        title="The stdlib collection",
        says="What comes with llmrerank (`python examples/stdlib/make_corpus.py` makes its documents).",
        needs=(),
        words=(
            "--dataset",
            "examples/stdlib",
            "--strategies",
            "bm25",
            "dense",
            "hybrid",
            "bm25 % 50 >> bi-encoder",
            "hybrid % 50 >> fuse(bi-encoder)",
        ),
    ),
)


def table(section: Section, data: Path, index: Path) -> str:
    """Run a section's command as a reader would; its table."""
    words = [word.replace("$DATA", str(data)) for word in section.words]
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "llmrerank", "compare", *words),
            *("--markdown", "--no-cache", "--index", str(index), "-q"),
        ],
        cwd=ROOT,
        env={**os.environ, "LLMRERANK_CONFIG": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{section.title}: exit code {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout.strip()


def _quoted(word: str) -> str:
    """A word as a person would quote it for a shell."""
    if word.startswith("$DATA"):
        return word
    return f'"{word}"' if "'" in word else shlex.quote(word)


def page(data: Path) -> str:
    """All sections whose data is there."""
    parts = [
        "# Results",
        "The tables this project stands on. Each stands below the one command that makes it "
        "(`--markdown` prints "
        "it as it is here); `python benchmarks/results.py --write` runs them all. `$DATA` is a "
        "folder with the "
        "collections in the form that `docs/compare.md` describes. Nothing was tuned on the queries that are "
        "reported. Seconds are those of this machine: two CPU cores, Python "
        f"{platform.python_version()}, other work beside; compare them within a table only.",
    ]
    with tempfile.TemporaryDirectory() as index:
        for section in SECTIONS:
            if not all((data / name).is_dir() for name in section.needs):
                print(f"left out: {section.title}", file=sys.stderr)
                continue
            print(section.title, file=sys.stderr, flush=True)
            shown = " ".join(word if word.startswith("$DATA") else _quoted(word) for word in section.words)
            found = table(section, data, Path(index)).replace("\n## ", "\n### ").removeprefix("## ")
            heading, _, rest = found.partition("\n")
            parts += [
                f"## {section.title}",
                section.says,
                f"```\nllmrerank compare {shown} --markdown\n```",
                f"### {heading}\n{rest}",
            ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Print, and write where that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of datasets"
    )
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    text = page(options.data)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
