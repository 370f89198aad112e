"""What went wrong at a rerank endpoint, in one sentence that says what to do about it."""

from __future__ import annotations

import json
import re

from llmrerank.clients.failures import Place, TooLong, judge_fault
from llmrerank.clients.fault import Fault
from llmrerank.errors import CallError, PermanentError

__all__ = ["Malformed", "Misunderstood", "NoRoute", "TooMany", "judge_refusal", "parsed"]

_TOO_MANY = re.compile(
    r"maximum allowed batch size (\d{1,9})|at most (\d{1,9}) (?:items|documents|texts)"
    r"|max(?:imum)? allowed tokens per submitted batch|too many documents",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"exceed_context|context (?:length|size|window)|maximum context|must have less than \d+ tokens"
    r"|too large to process|longer than the maximum|too long|at most \d+ characters",
    re.IGNORECASE,
)
_WANTS_TEXTS = re.compile(r"missing field `?texts")


class TooMany(PermanentError):
    """One request held too many documents, or too much text in all.

    Attributes:
        most: Documents that it may hold, or None where the endpoint did not say.
    """

    def __init__(self, message: str, *, most: int | None, status: int | None) -> None:
        self.most = most
        super().__init__(message, status=status)


class Misunderstood(PermanentError):
    """Request or reply are not as the dialect has them: the endpoint may speak another one.

    Attributes:
        guess: Name of the dialect that it seems to speak, or empty.
    """

    def __init__(self, message: str, *, guess: str = "", status: int | None = None) -> None:
        self.guess = guess
        super().__init__(message, status=status)


class NoRoute(Misunderstood):
    """Nothing answers at this path."""


class Malformed(PermanentError):
    """A reply that is a ranking in form and cannot be one.

    Attributes:
        raw: Its body.
    """

    def __init__(self, message: str, *, raw: str) -> None:
        self.raw = raw
        super().__init__(message)


def parsed(content: bytes) -> object:
    """The JSON value of a body, or its text where it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")


def judge_refusal(fault: Fault, place: Place, *, path: str) -> CallError:
    """Turn an error of the endpoint, by status or inside a reply of status 200, into one of ours."""
    where, status, told = place.address.shown, fault.status, place.told(fault)
    said = f"{fault.code} {fault.message}"
    many = _TOO_MANY.search(said)
    if status == 413 or (many and status in (400, 422, None)):
        named = next((int(number) for number in many.groups() if number), None) if many else None
        return TooMany(
            f"{where} takes fewer documents in one request; lower batch{told}", most=named, status=status
        )
    if status in (404, 405):
        return NoRoute(f"{where}{path} answered {status}{told}", status=status)
    if status in (400, 422, 500, None) and _TOO_LONG.search(said):
        return TooLong(
            f"{where} cannot read a text that long and does not cut it; give the server a larger context, or "
            f"score pieces, as chunks(api(...), tokens=...){told}",
            status=status,
        )
    if status in (400, 422):
        guess = "tei" if _WANTS_TEXTS.search(said) else ""
        return Misunderstood(f"{where} refused the request{told}", guess=guess, status=status)
    if status == 501:
        return PermanentError(f"{where} cannot rerank{told}", status=status)
    return judge_fault(fault, place)
