"""Every way in which a chaos endpoint fails, by name: what is sent, and what may be expected of a client."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Literal

from .answer_faults import ANSWERS, Change
from .delivery import StubResponse
from .oracle import Told

__all__ = ["FAULTS", "Fault", "FaultKind", "Moment", "evenly"]

FaultKind = Literal["transient", "answer", "evidence", "harmless", "lasting"]
"""`transient`: no answer, but the same request sent again gets one. `answer`: an answer of status 200 that
does not say what was asked, or not all of it. `evidence`: an answer without its log-probabilities.
`harmless`: all is there, in another dress. `lasting`: sent again it would fail again, if for hours only."""

Reply = Callable[["Moment"], StubResponse | None]
"""Makes what is sent; None where the fault cannot befall this request."""

_NOWHERE = "http://127.0.0.1:9/v1/chat/completions"  # the port of discard, where nobody listens
_SIX_HOURS = 6 * 3600  # in seconds
_ENDLESS = StubResponse(body=bytes(20 << 20), headers={"content-length": ""}, then="reset")
_PARAMETERS = ("seed", "temperature", "top_logprobs", "response_format", "max_tokens")
_PAGE = "<!DOCTYPE html>\n<html><head><title>Bad gateway</title></head><body><h1>Try later</h1></body></html>"
_HTML = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a fault can see.

    Attributes:
        asked: The body of the request.
        right: The body of the right reply.
        told: The right answer, where the request is a chat whose prompt was read; else None.
        draw: Chance, the same for the same request in the same run of the same seed.
        wait: Seconds that a client is asked to wait.
        pace: Seconds before each byte of a reply that drips.
        path: Where the right reply is.
        refusing: Parameters that were refused before.
    """

    asked: Mapping[str, Any]
    right: Mapping[str, Any]
    told: Told | None
    draw: random.Random
    wait: float
    pace: float
    path: str
    refusing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail.

    Attributes:
        name: As rates and counts call it.
        kind: What a client can make of it.
        says: What is sent, in a few words.
        reply: Makes it.
    """

    name: str
    kind: FaultKind
    says: str
    reply: Reply


def evenly(
    total: float, names: Mapping[str, Any] | tuple[str, ...] = (), *, kind: FaultKind | None = None
) -> dict[str, float]:
    """A total rate spread evenly over faults.

    Args:
        total: Share of all requests that fail, 0 to 1.
        names: Of the faults; none: all of them.
        kind: Only faults of this kind.
    """
    chosen = [name for name in names or FAULTS if kind is None or FAULTS[name].kind == kind]
    return {name: total / len(chosen) for name in chosen}


def _error(status: int, message: str, **headers: str) -> StubResponse:
    body = {"error": {"message": message, "type": "server_error", "code": None, "param": None}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return StubResponse(status=status, body=body, headers=named)


def _limited(message: str = "Rate limit reached for requests", **headers: str) -> StubResponse:
    return _error(429, message, **headers)


def _until(moment: Moment) -> str:
    return formatdate(time.time() + moment.wait, usegmt=True)


def _reset_in_body(moment: Moment) -> StubResponse:
    whole = len(json.dumps(moment.right))
    # The head is some 70 bytes long; at least one byte of the body is sent, and at least one is not.
    return StubResponse(body=moment.right, only=80 + moment.draw.randrange(1, whole // 2), then="reset")


def _cut_json(moment: Moment) -> StubResponse:
    text = json.dumps(moment.right)
    return StubResponse(
        body=text[: moment.draw.randrange(1, len(text))], headers={"content-type": "application/json"}
    )


def _without_logprobs(moment: Moment, *, null: bool) -> StubResponse | None:
    if not moment.asked.get("logprobs"):
        return None
    body = copy.deepcopy(dict(moment.right))
    choice = body["choices"][0]
    if null:
        choice["logprobs"] = moment.draw.choice((None, {"content": None}, {"content": []}))
    else:
        choice.pop("logprobs", None)
    return StubResponse(body=body)


def _without_usage(moment: Moment) -> StubResponse:
    gone = {key: value for key, value in moment.right.items() if key != "usage"}
    return StubResponse(body=moment.draw.choice((gone, {**gone, "usage": None})))


def _without_choices(moment: Moment) -> StubResponse | None:
    return None if moment.told is None else StubResponse(body={**moment.right, "choices": []})


def _error_200(moment: Moment) -> StubResponse:
    said = {"message": "The server is overloaded, please try again later", "type": "server_error"}
    return StubResponse(
        body=moment.draw.choice(({"error": said}, {"error": {**said, "code": 503}, "choices": None}))
    )


def _plain(moment: Moment) -> StubResponse:
    kind = moment.draw.choice(("text/plain", "text/html", "application/octet-stream"))
    return StubResponse(body=json.dumps(moment.right), headers={"content-type": kind})


def _refused(moment: Moment) -> StubResponse | None:
    sent = [name for name in _PARAMETERS if name in moment.asked]
    if not sent:
        return None
    again = [name for name in sent if name in moment.refusing]
    name = again[0] if again else moment.draw.choice(sent)
    error = {
        "message": f"Unsupported parameter: '{name}' is not supported with this model.",
        "type": "invalid_request_error",
        "param": name,
        "code": "unsupported_parameter",
    }
    return StubResponse(status=400, body={"error": error})


def _always(response: StubResponse) -> Reply:
    return lambda _: response


def _answered(change: Change) -> Reply:
    """A fault of the answer's text: fields that a choice of the right reply gets."""

    def reply(moment: Moment) -> StubResponse | None:
        fields = None if moment.told is None else change(moment.told, moment.draw)
        if fields is None:
            return None
        right = {key: value for key, value in moment.right["choices"][0].items() if key != "logprobs"}
        return StubResponse(body={**moment.right, "choices": [{**right, **fields}]})

    return reply


def _of(kind: FaultKind, *rows: tuple[str, str, Reply]) -> dict[str, Fault]:
    return {name: Fault(name=name, kind=kind, says=says, reply=reply) for name, says, reply in rows}


FAULTS: Mapping[str, Fault] = {
    **_of(
        "transient",
        ("rate-limit", "429 that does not say how long to wait", lambda _: _limited()),
        ("rate-limit-seconds", "429, Retry-After in seconds", lambda m: _limited(retry_after=f"{m.wait:g}")),
        ("rate-limit-date", "429, Retry-After as a date", lambda m: _limited(retry_after=_until(m))),
        (
            "rate-limit-milliseconds",
            "429, retry-after-ms",
            lambda m: _limited(retry_after_ms=f"{1000 * m.wait:g}"),
        ),
        ("status-500", "500", lambda _: _error(500, "Internal server error")),
        ("status-502", "502", lambda _: _error(502, "Bad gateway")),
        ("status-503", "503", lambda _: _error(503, "The model is loading")),
        ("web-page-502", "502, an HTML page", _always(StubResponse(status=502, body=_PAGE, headers=_HTML))),
        (
            "reset",
            "the connection is reset in place of a reply",
            _always(StubResponse(only=0, then="reset")),
        ),
        ("reset-in-body", "the connection is reset in the middle of the body", _reset_in_body),
        ("hang", "nothing, for ever", _always(StubResponse(only=0, then="hang"))),
        ("drip", "the right reply, byte by byte", lambda m: StubResponse(body=m.right, pace=m.pace)),
        ("cut-json", "a body that ends in the middle of its JSON", _cut_json),
        ("no-choices", "a completion with no choice in it", _without_choices),
        ("error-200", "status 200 with an error in it", _error_200),
        (
            "redirect-away",
            "307 to where nobody listens",
            _always(StubResponse(status=307, headers={"location": _NOWHERE})),
        ),
        ("enormous-body", "20 MiB that are no reply, of no stated length", _always(_ENDLESS)),
    ),
    **_of("answer", *((name, says, _answered(change)) for name, says, change in ANSWERS)),
    **_of(
        "evidence",
        ("logprobs-missing", "no log-probabilities", lambda m: _without_logprobs(m, null=False)),
        ("logprobs-null", "null in place of log-probabilities", lambda m: _without_logprobs(m, null=True)),
    ),
    **_of(
        "harmless",
        ("wrong-type", "the right reply as another content type", _plain),
        ("no-usage", "the right reply without token counts", _without_usage),
        (
            "redirect",
            "307 to the same place, where the right reply is",
            lambda m: StubResponse(status=307, headers={"location": m.path}),
        ),
    ),
    **_of(
        "lasting",
        ("refused-parameter", "400 that names a parameter, from then on", _refused),
        (
            "rate-limit-hours",
            "429 that asks to wait six hours",
            lambda _: _limited(retry_after=f"{_SIX_HOURS}"),
        ),
        (
            "web-page",
            "status 200 with an HTML page",
            _always(StubResponse(body=_PAGE, headers=_HTML)),
        ),
    ),
}
"""The faults by name."""
