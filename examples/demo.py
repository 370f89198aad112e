"""The story in three minutes: retrieve, rerank, compare, and an LLM, over the docs of the Python that runs.

Everything is done with the command line that a user has; each command is printed before its output. The LLM
is the packaged one on loopback, unless `OPENAI_BASE_URL` or `OPENAI_API_KEY` is set (then `--model NAME`).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

STDLIB = Path(__file__).parent / "stdlib"
QUERY = "wait until all worker threads have reached the same point before any of them goes on"
FIRST_STAGE = "bm25 % 50"


def say(text: str = "") -> None:
    """Print at once, so that the story and the output of its commands stay in order."""
    print(text, flush=True)


def run(*words: str) -> None:
    """Print a command as a user would type it and run it; exit code 4 is work done with a weak answer.

    Raises:
        SystemExit: It failed.
    """
    shown = [Path(word).relative_to(Path.cwd()).as_posix() if _inside(word) else word for word in words]
    say(f"\n$ llmrerank {shlex.join(shown)}")
    environment = {"COLUMNS": "110", **os.environ}
    code = subprocess.run(
        [sys.executable, "-m", "llmrerank", *words], check=False, env=environment
    ).returncode
    if code not in (0, 4):
        raise SystemExit(code)


def _inside(word: str) -> bool:
    return word.startswith("/") and Path(word).is_relative_to(Path.cwd())


def cross_encoder() -> str | None:
    """The cross-encoder at hand: the default, else what `make train-reference` built; None: says why."""
    from llmrerank import RerankError, rerank
    from llmrerank.train.reference import at_hand

    try:
        rerank("a", ["a"], strategy="cross-encoder")
    except RerankError as error:
        reference = at_hand()
        if reference is None:
            say(f"\nThe cross-encoder row is left out: {error}")
            say("`make train-reference` makes a small one of what is here.")
            return None
        say("\nThe cross-encoder is what `make train-reference` built. It learned claims of medical papers,")
        say("and documentation is foreign to it: docs/training.md says what it is good for.")
        return f"cross-encoder(model={str(reference)!r})"
    return "cross-encoder"


@contextlib.contextmanager
def endpoint(model: str | None) -> Iterator[list[str]]:
    """Flags that point at an LLM: the user's own endpoint where one is set, else the packaged one."""
    if os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_KEY"):
        say(f"\nUsing your endpoint: {os.environ.get('OPENAI_BASE_URL', 'OpenAI')}")
        yield ["--model", model] if model else []
        return
    say(
        "\nThe packaged 135M model only shows that the LLM path runs without a key: over NovelEval it ranks\n"
        "below its first stage (nDCG@10 0.32 against 0.65). Quality needs a real model; point at yours with\n"
        "  OPENAI_BASE_URL=http://... OPENAI_API_KEY=... .venv/bin/python examples/demo.py --model NAME"
    )
    from llmrerank.endpoint import serve

    with serve() as base_url:
        yield ["--base-url", base_url]


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="model to use where OPENAI_BASE_URL is set")
    options = parser.parse_args()
    begun = time.monotonic()

    say("1. Real documents: the docstrings of this Python's standard library.\n")
    subprocess.run([sys.executable, str(STDLIB / "make_corpus.py")], check=True)
    corpus = str(STDLIB)

    say("\n2. A fast first stage finds 50 candidates; a slower judge puts the best on top.")
    run("search", "--corpus", corpus, "--query", QUERY, "--pipeline", f"{FIRST_STAGE} >> bi-encoder % 8")

    say("\n3. Is it worth it? Every strategy over the same 40 queries and graded judgements.")
    strategies = ["bm25", f"{FIRST_STAGE} >> bi-encoder"]
    if (best := cross_encoder()) is not None:
        strategies.append(f"{FIRST_STAGE} >> {best}")
    run("compare", "--dataset", corpus, "--strategies", *strategies, "--report", ".llmrerank/report.html")

    say("\n4. The same with an LLM as the judge, on a few queries.")
    with endpoint(options.model) as flags:
        few = ["--strategies", "bm25 % 10", "bm25 % 10 >> pointwise", "bm25 % 10 >> listwise"]
        run("compare", "--dataset", corpus, *few, "--limit", "3", *flags)
    say(f"\nDone in {time.monotonic() - begun:.0f} s. Next: README.md, and `llmrerank --help`.")


if __name__ == "__main__":
    main()
