"""What an unreliable endpoint costs a comparison: requests sent at several fault rates.

A comparison of `bm25 % 20 >> pointwise` and `bm25 % 40 >> listwise` over seeded synthetic texts runs against
a local endpoint that answers from a rule and fails at random: 429, 500, 502, 503, or an answer that is cut
off in the middle. At a fault rate p a request must be sent 1 / (1 - p) times on average; more than 1.1 times
that would be waste.

    python benchmarks/faults.py [--queries 40] [--rates 0 0.1 0.3 0.5]

Exits with 1 where the ratio is above 1.1 / (1 - p), or where a fault changed a ranking.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmrerank.evaluate import Comparison, Dataset, compare
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubResponse, StubServer, completion

STRATEGIES = ("bm25 % 20 >> pointwise", "bm25 % 40 >> listwise")
WORDS = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "juniper", "knoll"),
    *("lagoon", "meadow", "nectar", "orchid"),
)
MOST = 1.1


def collection(folder: Path, queries: int) -> Dataset:
    """Documents of eight words each, and queries of two; a document that has both is relevant."""
    draw = random.Random(7)
    texts = [" ".join(draw.choices(WORDS, k=8)) for _ in range(400)]
    asked = [draw.sample(WORDS, 2) for _ in range(queries)]
    (folder / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": f"d{n}", "text": text}) + "\n" for n, text in enumerate(texts))
    )
    (folder / "queries.jsonl").write_text(
        "".join(
            json.dumps({"_id": f"q{n}", "text": f"{first} beside {second}, case {n}"}) + "\n"
            for n, (first, second) in enumerate(asked)
        )
    )
    (folder / "qrels.txt").write_text(
        "".join(
            f"q{n} 0 d{place} 1\n"
            for n, pair in enumerate(asked)
            for place, text in enumerate(texts)
            if set(pair) <= set(text.split())
        )
    )
    return Dataset.open(folder)


def answer(body: Mapping[str, Any]) -> str | Mapping[str, Any]:
    """Judge by a rule: a document with more different words is better; log-probabilities where asked for."""
    prompt = "\n".join(message["content"] for message in body["messages"])
    if "Rank all" in prompt:
        shown = re.findall(r"(?m)^\[(\d+)\]\s*\n?(.*)$", prompt)
        order = sorted(shown, key=lambda one: (-len(set(one[1].split())), int(one[0])))
        return " > ".join(f"[{label}]" for label, _ in order)
    yes = -1.0 / len(set(prompt.split()))
    alternatives = [{"token": "yes", "logprob": yes}, {"token": "no", "logprob": -3.0}]
    first = {**alternatives[0], "top_logprobs": alternatives}
    message = {"role": "assistant", "content": "yes"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"content": [first]}}
    return completion("yes", choices=[choice])


def run(dataset: Dataset, rate: float) -> tuple[Comparison, int, int]:
    """The comparison at one fault rate: its result, the requests that arrived, and those that failed."""
    draw = random.Random(11)
    failed = 0

    def unreliable(body: Mapping[str, Any]) -> str | Mapping[str, Any] | StubResponse:
        nonlocal failed
        if draw.random() >= rate:
            return answer(body)
        failed += 1
        status = draw.choice((429, 500, 502, 503, 200))
        if status == 200:  # cut off in the middle
            return StubResponse(
                body=b'{"id": "x", "choices": [{"mess', headers={"content-type": "application/json"}
            )
        return StubResponse(
            status=status, body={"error": {"message": "not now"}}, headers={"retry-after-ms": "1"}
        )

    with StubServer(unreliable) as server:
        settings = Settings(model="stub", base_url=server.base_url, api_key="none", retries=30)
        result = compare(dataset, STRATEGIES, settings=settings, measures=["nDCG@10"])
        return result, len(server.requests), failed


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.1, 0.3, 0.5])
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        dataset = collection(Path(folder), options.queries)
        clean, needed, _ = run(dataset, 0.0)
        print(f"{options.queries} queries, {' and '.join(STRATEGIES)}: {needed} requests without a fault")
        print(f"{'fault rate':>10} {'failed':>7} {'requests':>9} {'ratio':>6} {'at most':>8} {'rankings':>9}")
        for rate in options.rates:
            found, sent, failed = run(dataset, rate)
            ratio, most = sent / needed, MOST / (1 - rate)
            same = all(
                one.kept[query].documents == other.kept[query].documents
                for one, other in zip(clean.rows, found.rows, strict=True)
                for query in one.kept
                if query in other.kept
            ) and all(not row.failures and not row.trace.degraded for row in found.rows)
            wrong += ratio > most or not same
            told = "the same" if same else "CHANGED"
            print(f"{rate:>10.2f} {failed:>7} {sent:>9} {ratio:>6.3f} {most:>8.3f} {told:>9}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
