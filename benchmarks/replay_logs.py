"""Replay what real LLMs answered, through our own windows, parser and measures.

    python benchmarks/replay_logs.py ../shared/data/dl19

The collection keeps prompts and raw answers of LLMs that reranked it, and the runs that came of them. A
loopback endpoint finds the logged answer to every window our `listwise` asks about, by the query and by how
its passages begin, in window order. Nothing is missing and nothing misread if the quality of the stored run
comes out again.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from llmrerank.evaluate import Comparison, Dataset, compare
from llmrerank.settings import Settings

MODEL = "logged"
TOLERANCE = 0.0005
LOGS = (
    "bm25+output_v2_aug_vicuna_7b_4096_100.2023-09-12T183614",
    "bm25+vicuna-7b-checkpoint-800_4096_100.2023-09-08T210809",
)
"""The first bracket of every answer is missing in one; the other repeats and omits identifiers."""

_LENGTH = 60
_LOGGED_QUERY = re.compile(r"search query: (.*)\.\n\n\[1\] ", re.DOTALL)
_LOGGED_LABEL = re.compile(r"(?:^|\n)\[\d+\] ")
_LABEL = re.compile(r"^\[(\d+)\]", re.MULTILINE)


def letters(text: str) -> str:
    """Letters and digits alone, HTML entities read, in lower case: what survives any prompt."""
    return "".join(character for character in html.unescape(text) if character.isalnum()).lower()


def beginning(text: str) -> str:
    """The first 60 letters and digits."""
    return letters(text)[:_LENGTH]


@dataclass(slots=True)
class LoggedAnswers:
    """Answers by the query and the beginnings of the window's passages, in window order.

    Attributes:
        answers: The raw answers.
        passages: By query, how its candidates begin.
        found: Windows that were answered.
        missing: What was asked and is not in the log.
    """

    answers: Mapping[tuple[str, tuple[str, ...]], str]
    passages: Mapping[str, Sequence[str]]
    found: int = 0
    missing: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, log: Path, candidates: Path) -> LoggedAnswers:
        """Read a log of `prompt` and `response`, and the candidates that it is about."""
        answers = {}
        with gzip.open(log, "rt", encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                prompt = entry["prompt"]
                query = _LOGGED_QUERY.search(prompt)
                if query is None:
                    raise ValueError(f"{log}: no query in {prompt[:200]!r}")
                shown = prompt[query.end(1) + 1 : prompt.rindex("\nSearch Query: ")].strip()
                window = tuple(beginning(passage) for passage in _LOGGED_LABEL.split(shown)[1:])
                answers[letters(query[1]), window] = entry["response"]
        passages = {}
        with gzip.open(candidates, "rt", encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                begin = [beginning(found["doc"]["contents"]) for found in entry["candidates"]]
                passages[letters(entry["query"]["text"])] = begin
        return cls(answers=answers, passages=passages)

    def answer(self, prompt: str) -> str | None:
        """The logged answer to a prompt that shows labelled passages, or None where there is none."""
        plain = letters(prompt)
        # Several queries may stand in a passage; the one that is asked has its candidates shown.
        keys = [
            (query, self._window(prompt, passages))
            for query, passages in self.passages.items()
            if query in plain
        ]
        for key in keys:
            if key in self.answers:
                with self._lock:
                    self.found += 1
                return self.answers[key]
        with self._lock:
            self.missing.append(prompt)
        return None

    def _window(self, prompt: str, passages: Sequence[str]) -> tuple[str, ...]:
        """How the passages shown begin: in each labelled part, the candidate that begins there first."""
        window = []
        for part in labelled(prompt):
            plain = letters(part)
            places = [(plain.find(begin), -len(begin), begin) for begin in passages if begin in plain]
            if places:
                window.append(min(places)[2])
        return tuple(window)


def labelled(prompt: str) -> list[str]:
    """The parts of a prompt that follow a label `[1]`, `[2]`, ... at the beginning of a line, in order."""
    labels: list[re.Match[str]] = []
    for label in _LABEL.finditer(prompt):
        if int(label[1]) == len(labels) + 1:
            labels.append(label)
    ends = [*(label.start() for label in labels[1:]), len(prompt)]
    return [prompt[label.end() : end] for label, end in zip(labels, ends, strict=True)]


@contextmanager
def endpoint(answers: LoggedAnswers) -> Iterator[str]:
    """Serve the answers as an OpenAI-compatible endpoint on loopback; yields its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = "\n".join(message["content"] for message in body["messages"])
            answer = answers.answer(prompt)
            if answer is None:
                self._reply(404, {"error": {"message": "this window is not in the log"}})
                return
            message = {"role": "assistant", "content": answer}
            self._reply(
                200,
                {
                    "id": "logged",
                    "object": "chat.completion",
                    "created": 0,
                    "model": MODEL,
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                    "usage": {
                        "prompt_tokens": len(prompt) // 4,
                        "completion_tokens": len(answer) // 4,
                        "total_tokens": len(prompt) // 4 + len(answer) // 4,
                    },
                },
            )

        def _reply(self, status: int, value: Mapping[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def replay(folder: Path, name: str) -> tuple[Comparison, LoggedAnswers]:
    """Compare the stored run of a log with our own `listwise` over the logged answers."""
    answers = LoggedAnswers.read(folder / "responses" / f"{name}.jsonl.gz", folder / "candidates.jsonl.gz")
    with endpoint(answers) as base_url:
        comparison = compare(
            Dataset.open(folder),
            [f"run(path='runs/{name}.trec.gz')", "run % 100 >> listwise(window=20, stride=10)"],
            settings=Settings(model=MODEL, base_url=base_url, api_key="none", retries=0),
            measures=["nDCG@10"],
        )
    return comparison, answers


def main() -> int:
    """Replay the logs and print what came out; 0 where every stored figure was reached."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="dataset folder with candidates, responses and runs")
    parser.add_argument("--logs", nargs="+", default=LOGS, help="names of logs, without .jsonl.gz")
    options = parser.parse_args()
    missed = False
    for name in options.logs:
        comparison, answers = replay(options.folder, name)
        stored, ours = (row.measures["nDCG@10"] for row in comparison.rows)
        row = comparison.rows[1]
        missed |= bool(answers.missing) or abs(stored - ours) > TOLERANCE
        print(
            f"{name}: nDCG@10 stored {stored:.4f}, replayed {ours:.4f}; windows found {answers.found}, "
            f"missing {len(answers.missing)}; repaired {row.trace.repaired}, degraded {row.trace.degraded}, "
            f"errors {len(row.failures)}"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
