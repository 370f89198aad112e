"""Pairs and texts per second of local models: sorted small batches against the usual batch of 16 as it comes.

Both sides score the same texts with the same weights in one run, turn by turn, and must agree. The bi-encoder
is the packaged MiniLM. The cross-encoder has the same size with random weights, so that no hub is needed:
speed does not depend on what the numbers are.

The fastest turn of each side counts: a neighbour that takes a core stalls every parallel loop of torch, and
small batches have more of them. On a busy machine set OMP_NUM_THREADS=1.

Run: python benchmarks/local_models.py [--texts 64] [--turns 3]
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from llmrerank.clients.encoder import Encoder
from llmrerank.clients.loading import best_device
from llmrerank.clients.models import LocalModel, find
from llmrerank.clients.pairs import PairScorer

WANTED = 1.3
USUAL_BATCH = 16
QUERY = "how do I parse command line arguments with sub-commands?"
CORPUS = Path(__file__).resolve().parents[1] / "examples" / "stdlib" / "corpus.jsonl"


def texts_of(count: int) -> list[str]:
    """Texts of real lengths in a fixed arbitrary order: the stdlib collection, else docstrings."""
    if CORPUS.is_file():
        with CORPUS.open(encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
    else:
        texts = docstrings()
    random.Random(0).shuffle(texts)
    return texts[:count]


def docstrings() -> list[str]:
    """Docstrings of the standard library, from its sources; nothing is executed."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts += [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, documented)]
    return [text for text in texts if text]


def cross_encoder(packaged: LocalModel, folder: Path) -> LocalModel:
    """A cross-encoder with the packaged model's size and tokenizer, and random weights."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(0)
    network = BertForSequenceClassification(BertConfig.from_pretrained(packaged.folder, num_labels=1))
    network.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(packaged.folder / name, folder / name)
    return find("cross-encoder", str(folder))


def usual_pairs(model: LocalModel) -> Callable[[Sequence[tuple[str, str]]], list[float]]:
    """The usual way: batches of 16 in arrival order, each padded to its longest."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model.folder)
    network = AutoModelForSequenceClassification.from_pretrained(model.folder).to(best_device()).eval()

    def score(pairs: Sequence[tuple[str, str]]) -> list[float]:
        scores: list[float] = []
        for start in range(0, len(pairs), USUAL_BATCH):
            batch = pairs[start : start + USUAL_BATCH]
            features = tokenizer(
                [query for query, _ in batch],
                [document for _, document in batch],
                truncation=True,
                padding=True,
                return_tensors="pt",
            ).to(network.device)
            with torch.inference_mode():
                scores += network(**features).logits[:, 0].tolist()
        return scores

    return score


def usual_texts(model: LocalModel) -> Callable[[Sequence[str]], Any]:
    """sentence-transformers, called with 16 texts at a time as they come."""
    import numpy
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(str(model.folder), device=best_device())

    def encode(texts: Sequence[str]) -> Any:
        starts = range(0, len(texts), USUAL_BATCH)
        return numpy.concatenate(
            [
                loaded.encode(
                    list(texts[start : start + USUAL_BATCH]), batch_size=USUAL_BATCH, show_progress_bar=False
                )
                for start in starts
            ]
        )

    return encode


def compare(
    name: str, usual: Callable[[Any], Any], ours: Callable[[Any], Any], work: Any, turns: int
) -> bool:
    """Time both turn by turn, print the best of each, and say whether ours is faster and says the same."""
    import numpy

    usual(work[:USUAL_BATCH])
    ours(work[:USUAL_BATCH])
    seconds: dict[str, list[float]] = {"usual": [], "ours": []}
    results: dict[str, Any] = {}
    for _ in range(turns):
        for side, run in (("usual", usual), ("ours", ours)):
            begun = time.perf_counter()
            results[side] = run(work)
            seconds[side].append(time.perf_counter() - begun)
    rates = {side: len(work) / min(taken) for side, taken in seconds.items()}
    difference = float(numpy.abs(numpy.asarray(results["usual"]) - numpy.asarray(results["ours"])).max())
    ratio = rates["ours"] / rates["usual"]
    print(
        f"{name:14} usual {rates['usual']:8.1f}/s   ours {rates['ours']:8.1f}/s   ratio {ratio:.2f} "
        f"(wanted {WANTED})   greatest difference {difference:.1e}"
    )
    return ratio >= WANTED and difference < 1e-4


def main() -> int:
    """Run both comparisons; 0 where both ratios are reached and the results agree."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--texts", type=int, default=64, help="texts, and pairs, to score")
    options.add_argument("--turns", type=int, default=3, help="times that each side runs; the fastest counts")
    given = options.parse_args()
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    texts = texts_of(given.texts)
    packaged = find("bi-encoder")
    characters = median(map(len, texts))
    print(
        f"{len(texts)} texts of {characters:.0f} characters in the middle, torch {torch.__version__}, "
        f"{best_device()}, {torch.get_num_threads()} threads, fastest of {given.turns} turns"
    )
    with tempfile.TemporaryDirectory() as folder:
        model = cross_encoder(packaged, Path(folder))
        pairs = [(QUERY, text) for text in texts]
        good = compare("cross-encoder", usual_pairs(model), PairScorer(model).score, pairs, given.turns)
    encoder = Encoder(packaged)
    good &= compare(
        "bi-encoder", usual_texts(packaged), lambda t: encoder.encode(t, role="document"), texts, given.turns
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
