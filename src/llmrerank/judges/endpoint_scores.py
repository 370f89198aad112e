"""A judge that is somebody else's reranker: an endpoint scores all documents of a slate in one call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from llmrerank.calls import ListCall, Reply
from llmrerank.errors import UnknownName
from llmrerank.types import Detail, Document, ScoreKind

from .opinion import Carrier, Inquiry, Opinion, Question

__all__ = ["DIALECTS", "EndpointScores"]

DIALECTS: Mapping[str, ScoreKind] = MappingProxyType(
    {
        "auto": "utility",
        "cohere": "utility",
        "infinity": "probability",
        "jina": "utility",
        "llama-server": "logit",
        "tei": "probability",
        "vllm": "probability",
        "voyage": "utility",
    }
)
"""What the scores of each dialect mean. The vendors state no meaning for theirs: they order, and no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointScores:
    """A rerank endpoint, hosted or one's own, scores every document of a slate in one call.

    Cost: one call for a slate; where a server takes fewer documents at once, one for each part of it. What
    the scores mean is the server's to say: see `DIALECTS`; under `auto` the client finds it out.
    Source: https://docs.cohere.com/reference/rerank, whose form of request most servers took over.

    Attributes:
        dialect: `cohere`, `jina`, `voyage`, `vllm`, `tei`, `infinity`, `llama-server`, or `auto`: told from
            the host, else found out by asking the server what it is.
        key_env: Name of the environment variable that holds the key; None: that of the vendor.
    """

    gives: ClassVar[Detail] = Detail.SCORES
    capacity: ClassVar[int | None] = None
    carrier: ClassVar[Carrier] = "rerank"

    dialect: str = "auto"
    key_env: str | None = None

    def __post_init__(self) -> None:
        if self.dialect not in DIALECTS:
            raise UnknownName("dialect", self.dialect, DIALECTS, where="'api'")

    @property
    def score_kind(self) -> ScoreKind:
        """What the scores mean, as far as the dialect alone tells."""
        return DIALECTS[self.dialect]

    def ask(self, question: Question, documents: Sequence[Document], *, attempt: int = 0) -> Inquiry:
        """Ask for the scores of all documents at once. Worked examples have no place in such a call."""
        call = ListCall(
            query=question.query,
            documents=tuple(document.full_text for document in documents),
            instruction=question.instruction,
        )
        [reply] = yield [call]
        return _read(reply, len(documents))


def _read(reply: Reply, size: int) -> Opinion:
    """The opinion in a reply; a document without a finite score is left unread."""
    given = reply.scores if reply.scores is not None and len(reply.scores) == size else (None,) * size
    scores = [score if score is not None and math.isfinite(score) else None for score in given]
    read = [score for score in scores if score is not None]
    return Opinion.of_scores(
        scores,
        flags=frozenset() if len(read) == size else frozenset({"unparsed"}),
        usable=bool(read),
        kind=reply.score_kind or None,
        raw=reply.text,
        cut=reply.cut,
    )
