"""A decision model on loopback that speaks either dialect; a function answers its questions."""

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class DecisionServer:
    """Serves between `with` and its end.

    Args:
        answer: From the text of a passage to a probability or level; None: the model declines.
        dialect: `openai` or `systemone`; the other one's path is not there.

    Attributes:
        requests: Bodies of the requests, in order of arrival.
    """

    def __init__(self, answer: Callable[[str], float | None], *, dialect: str = "openai") -> None:
        self.requests: list[dict[str, Any]] = []
        self._answer = answer
        self._dialect = dialect
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, sent = owner._respond(self.path, body)
                content = json.dumps(sent).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing: tests read standard error."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "DecisionServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _respond(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path != {"openai": "/v1/decisions", "systemone": "/v1/systemone"}[self._dialect]:
            return 404, {"error": {"message": f"no route {path}"}}
        self.requests.append(body)
        usage = {"input_tokens": 100, "output_tokens": 0}
        if self._dialect == "systemone":
            given = {name: self._about(body["state"], asked) for name, asked in body["questions"].items()}
            answers: Any = {
                name: {"type": asked["type"], "score" if asked["type"] == "score" else "noul": given[name]}
                for name, asked in body["questions"].items()
                if given[name] is not None
            }
            return 200, {"model": "decider", "answers": answers, "usage": usage}
        answers = []
        for asked in body["questions"]:
            value = self._about(body["input"], asked)
            named = {"name": asked["name"], "type": asked["type"] if value is not None else "refusal"}
            key = "score" if asked["type"] == "score" else "probability"
            answers.append(named if value is None else {**named, key: value})
        return 200, {"model": "decider", "answers": answers, "usage": usage}

    def _about(self, state: str, asked: dict[str, Any]) -> float | None:
        """Answer by the passage with the label that a question names, found as the prompt announces it."""
        fence = re.search(r'below a line "(--- [0-9a-f]{16})"', state)
        label = re.search(r"\[(\d+)\]", asked["instructions"])
        assert fence is not None
        assert label is not None
        passages = [part for part in state.split(f"\n{fence[1]}\n") if part.startswith(f"[{label[1]}]")]
        assert len(passages) == 1, f"{len(passages)} passages are labelled {label[1]}"
        return self._answer(passages[0])
