"""A loopback endpoint that answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str], str | int]
"""From a prompt to the answer, or to an HTTP status that is a failure."""


@dataclass
class Endpoint:
    """What a test says and sees of the endpoint."""

    base_url: str = ""
    answer: Answer = lambda prompt: 500
    prompts: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Endpoint]:
    state = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = "\n".join(message["content"] for message in body["messages"])
            state.prompts.append(prompt)
            answer = state.answer(prompt)
            if isinstance(answer, int):
                self._reply(answer, {"error": {"message": f"scripted failure {answer}"}})
                return
            message = {"role": "assistant", "content": answer}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
            kind = {"id": "x", "object": "chat.completion", "created": 0, "model": "scripted"}
            self._reply(200, {**kind, "choices": [choice], "usage": usage})

        def _reply(self, status: int, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
