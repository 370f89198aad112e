"""Rerank servers on loopback, one for each dialect: what each takes, refuses, answers and says of itself.

They follow the sources and the observed replies of the real ones: routes, required fields, limits, error
bodies, order of ties, what is counted. Relevance is the share of the query's words that a text has.
"""

import json
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Answered:
    """One reply: a JSON value, or a text that is sent as it is."""

    status: int = 200
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)


def overlap(query: str, text: str) -> float:
    """Share of the query's words that are in the text."""
    words = query.lower().split()
    return sum(word in text.lower().split() for word in words) / max(1, len(words))


def tokens(*texts: str) -> int:
    return sum(len(text.split()) for text in texts)


class RerankServer:
    """A server between `with` and its end.

    Args:
        key: The key it wants, or None.
        model: The model it serves.
        score: From query and text to relevance.

    Attributes:
        asked: Every request, in order of arrival.
        first: Replies that are given first, one for each POST, before it answers by itself.
        change: Changes every ranking before it is sent.
        most_at_once: Most rankings that were under way at the same time.
    """

    routes: tuple[str, ...] = ()

    def __init__(
        self, *, key: str | None = None, model: str = "m", score: Callable[[str, str], float] = overlap
    ) -> None:
        self.key, self.model, self.score = key, model, score
        self.asked: list[Asked] = []
        self.first: list[Answered] = []
        self.change: Callable[[Any], Any] = lambda body: body
        self.most_at_once = self._under_way = 0
        self._lock = threading.Lock()
        self._gate = threading.Event()
        self._gate.set()

    def __enter__(self):
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply("GET", None)

            def do_POST(self):
                content = self.rfile.read(int(self.headers.get("content-length", 0)))
                self.reply("POST", json.loads(content))

            def reply(self, method, body):
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = owner.take(Asked(method, self.path.partition("?")[0], body, headers))
                plain = isinstance(answer.body, str)
                content = answer.body.encode() if plain else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                self.send_header("content-type", "text/plain" if plain else "application/json")
                self.send_header("content-length", str(len(content)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def hold(self) -> None:
        """Answer no ranking until the end."""
        self._gate.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def posts(self) -> list[Asked]:
        return [one for one in self.asked if one.method == "POST"]

    def take(self, asked: Asked) -> Answered:
        self.asked.append(asked)
        if asked.method == "GET":
            return self.get(asked.path)
        if self.first:
            return self.first.pop(0)
        with self._lock:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            self._gate.wait()
            return self.answer(asked)
        finally:
            with self._lock:
                self._under_way -= 1

    def answer(self, asked: Asked) -> Answered:
        if asked.path not in self.routes:
            return self.no_route()
        if self.key is not None and asked.headers.get("authorization") != f"Bearer {self.key}":
            return self.no_key()
        answer = self.rank(asked.body)
        return (
            Answered(answer.status, self.change(answer.body), answer.headers)
            if answer.status == 200
            else answer
        )

    def get(self, path: str) -> Answered:
        return self.no_route()

    def no_route(self) -> Answered:
        return Answered(404, {"detail": "Not Found"})

    def no_key(self) -> Answered:
        return Answered(401, {"detail": "Unauthorized"})

    def rank(self, body: Any) -> Answered:
        raise NotImplementedError

    def rows(self, body: Any, texts: list[str], *, name: str = "relevance_score") -> list[dict[str, Any]]:
        rows = [{"index": place, name: self.score(body["query"], text)} for place, text in enumerate(texts)]
        rows.sort(key=lambda row: -row[name])
        top = body.get("top_n") or body.get("top_k")
        return rows[:top] if top else rows


class Cohere(RerankServer):
    routes = ("/v2/rerank",)
    fields = ("model", "query", "documents", "top_n", "max_tokens_per_doc", "priority")

    def no_key(self):
        return Answered(401, {"id": "x", "message": "invalid api token"})

    def no_route(self):
        return Answered(404, {"message": "not found"})

    def rank(self, body):
        for name in ("model", "query", "documents"):
            if not body.get(name):
                return Answered(400, {"message": f"invalid request: {name} must not be empty"})
        if unknown := set(body) - set(self.fields):
            return Answered(400, {"message": f"invalid request: unknown fields {sorted(unknown)}"})
        if body["model"] != self.model:
            return Answered(404, {"message": f"model '{body['model']}' not found"})
        units = math.ceil(len(body["documents"]) / 100)
        meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": units}}
        return Answered(200, {"id": "x", "results": self.rows(body, body["documents"]), "meta": meta})


class Jina(RerankServer):
    routes = ("/v1/rerank",)

    def rank(self, body):
        missing = [name for name in ("model", "query", "documents") if name not in body]
        if missing:
            detail = [{"type": "missing", "loc": ["body", n], "msg": "Field required"} for n in missing]
            return Answered(422, {"detail": detail})
        texts = body["documents"]
        rows = self.rows(body, texts)
        if body.get("return_documents", True):
            rows = [{**row, "document": {"text": texts[row["index"]]}} for row in rows]
        used = tokens(*texts) + tokens(body["query"]) * len(texts)
        return Answered(200, {"model": self.model, "usage": {"total_tokens": used}, "results": rows})


class Voyage(RerankServer):
    routes = ("/v1/rerank",)
    fields = ("model", "query", "documents", "top_k", "return_documents", "truncation")
    most, most_tokens = 1000, 600_000

    def no_key(self):
        return Answered(401, {"detail": "Provided API key is invalid."})

    def rank(self, body):
        said = "The request body is not valid JSON, or some arguments were not specified properly: "
        if unknown := sorted(set(body) - set(self.fields)):
            return Answered(400, {"detail": f"{said}Argument '{unknown[0]}' is not supported by our API"})
        if not isinstance(body.get("model"), str):
            return Answered(
                400, {"detail": f"{said}Value 'None' supplied for argument 'model' is not a valid string"}
            )
        texts = body["documents"]
        if not texts or "" in texts or not body["query"]:
            return Answered(400, {"detail": "Input cannot contain empty strings or empty lists"})
        if len(texts) > self.most:
            return Answered(400, {"detail": f"The number of documents exceeds {self.most}"})
        used = tokens(*texts) + tokens(body["query"]) * len(texts)
        if used > self.most_tokens:
            most = f"The max allowed tokens per submitted batch is {self.most_tokens}."
            return Answered(400, {"detail": f"{most} Your batch has {used} tokens after truncation."})
        rows = self.rows(body, texts)
        return Answered(
            200, {"object": "list", "data": rows, "model": self.model, "usage": {"total_tokens": used}}
        )


class VLLM(RerankServer):
    routes = ("/v1/rerank", "/v2/rerank", "/rerank")
    context = 64

    def get(self, path):
        if path != "/v1/models":
            return self.no_route()
        card = {"id": self.model, "object": "model", "owned_by": "vllm", "max_model_len": self.context}
        return Answered(200, {"object": "list", "data": [card]})

    def error(self, status, kind, message, param=None):
        return Answered(status, {"error": {"message": message, "type": kind, "param": param, "code": status}})

    def rank(self, body):
        for name in ("query", "documents"):
            if name not in body:
                return self.error(400, "Bad Request", f"1 validation error: {{'loc': ('body', '{name}')}}")
        if body.get("model") not in (None, self.model):
            return self.error(404, "NotFoundError", f"The model `{body['model']}` does not exist.", "model")
        texts = body["documents"]
        asked = f"{body.get('instruction') or ''} {body['query']}"
        longest = max((tokens(asked, text) for text in texts), default=0)
        if longest > self.context and body.get("truncate_prompt_tokens") is None:
            told = f"This model's maximum context length is {self.context} tokens."
            return self.error(400, "BadRequestError", f"{told} However, you requested {longest} tokens.")
        used = sum(min(tokens(asked, text), self.context) for text in texts)
        rows = [{**row, "document": {"text": texts[row["index"]]}} for row in self.rows(body, texts)]
        usage = {"prompt_tokens": used, "total_tokens": used}
        return Answered(200, {"id": "rerank-x", "model": self.model, "usage": usage, "results": rows})


class TEI(RerankServer):
    routes = ("/rerank", "/")
    most = 32

    def get(self, path):
        info = {
            "model_id": self.model,
            "model_sha": "0123",
            "model_dtype": "float32",
            "model_type": {"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}},
            "max_concurrent_requests": 512,
            "max_input_length": 512,
            "max_client_batch_size": self.most,
            "version": "1.8.2",
        }
        return Answered(200, info) if path == "/info" else self.no_route()

    def no_route(self):
        return Answered(404)

    def no_key(self):
        return Answered(401)

    def rank(self, body):
        for name in ("query", "texts"):
            if name not in body:
                told = "Failed to deserialize the JSON body into the target type"
                return Answered(422, f"{told}: missing field `{name}` at line 1 column 80")
        texts = body["texts"]
        if not texts:
            return Answered(400, {"error": "`texts` cannot be empty", "error_type": "Empty"})
        if len(texts) > self.most:
            told = f"batch size {len(texts)} > maximum allowed batch size {self.most}"
            return Answered(413, {"error": told, "error_type": "Validation"})
        rows = [
            {"index": place, "score": self.score(body["query"], text)} for place, text in enumerate(texts)
        ]
        rows.sort(key=lambda row: row["score"])
        rows.reverse()  # which reverses ties as well
        used = tokens(*texts) + tokens(body["query"]) * len(texts)
        return Answered(200, rows, {"x-compute-type": "cpu", "x-compute-tokens": str(used)})


class Infinity(RerankServer):
    routes = ("/rerank",)
    most = 2048

    def get(self, path):
        card = {"id": self.model, "object": "model", "owned_by": "infinity", "capabilities": ["rerank"]}
        return Answered(200, {"object": "list", "data": [card]}) if path == "/models" else self.no_route()

    def rank(self, body):
        missing = [name for name in ("query", "documents") if name not in body]
        if missing:
            detail = [{"type": "missing", "loc": ["body", n], "msg": "Field required"} for n in missing]
            return Answered(422, {"detail": detail})
        texts = [text.strip() for text in body["documents"]]
        if not 1 <= len(texts) <= self.most:
            told = f"List should have at most {self.most} items after validation, not {len(texts)}"
            return Answered(
                422, {"detail": [{"type": "too_long", "loc": ["body", "documents"], "msg": told}]}
            )
        characters = sum(map(len, texts)) + len(body["query"])
        usage = {"prompt_tokens": characters, "total_tokens": characters}
        results = self.rows(body, texts)
        return Answered(
            200,
            {"object": "rerank", "results": results, "model": self.model, "usage": usage, "id": "infinity-x"},
        )


class LlamaServer(RerankServer):
    routes = ("/rerank", "/reranking", "/v1/rerank", "/v1/reranking")
    reranking = True
    context = 512

    def get(self, path):
        card = {"id": self.model, "object": "model", "owned_by": "llamacpp"}
        listed = {"models": [{"name": self.model}], "object": "list", "data": [card]}
        return Answered(200, listed) if path in ("/v1/models", "/models") else self.no_route()

    def error(self, status, kind, message):
        return Answered(status, {"error": {"code": status, "message": message, "type": kind}})

    def no_route(self):
        return self.error(404, "not_found_error", "File Not Found")

    def rank(self, body):
        if not self.reranking:
            told = "This server does not support reranking. Start it with `--reranking`"
            return self.error(501, "not_supported_error", told)
        texts = body.get("documents", body.get("texts"))
        if not texts:
            return self.error(400, "invalid_request_error", '"documents" must be a non-empty string array')
        longest = max(tokens(body["query"], text) for text in texts)
        if longest > self.context:
            told = f"request ({longest} tokens) exceeds the available context size ({self.context} tokens)"
            return self.error(400, "exceed_context_size_error", told)
        if "texts" in body:
            return Answered(200, self.rows(body, texts, name="score"))
        used = sum(tokens(body["query"], text) for text in texts)
        usage = {"prompt_tokens": used, "total_tokens": used}
        rows = self.rows(body, texts)
        return Answered(200, {"model": self.model, "object": "list", "usage": usage, "results": rows})


class Gateway(RerankServer):
    """A server of nobody in particular: Cohere's form at /rerank alone, and nothing said of itself."""

    routes = ("/rerank",)

    def rank(self, body):
        meta = {"billed_units": {"search_units": 1}, "tokens": {"input_tokens": 7, "output_tokens": 0}}
        return Answered(200, {"results": self.rows(body, body["documents"]), "meta": meta})


def logit(query: str, text: str) -> float:
    """Relevance as a raw score."""
    return 10 * overlap(query, text) - 5


SERVERS: dict[str, type[RerankServer]] = {
    "cohere": Cohere,
    "jina": Jina,
    "voyage": Voyage,
    "vllm": VLLM,
    "tei": TEI,
    "infinity": Infinity,
    "llama-server": LlamaServer,
}
