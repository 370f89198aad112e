"""The strategies that come with llmrerank."""

from __future__ import annotations

from llmrerank.algorithms.pointwise import Pointwise as EveryDocument
from llmrerank.algorithms.sliding import Sliding
from llmrerank.judges.graded import Graded
from llmrerank.judges.listwise import Listwise
from llmrerank.judges.pointwise import Pointwise
from llmrerank.judges.scorers import BiEncoder, CrossEncoder

from .recipe import strategy

strategy(
    "bi-encoder",
    algorithm=EveryDocument,
    judge=BiEncoder,
    summary="Cosine of query and document embeddings, by a local model.",
    source="https://arxiv.org/abs/1908.10084",
)
strategy(
    "cross-encoder",
    algorithm=EveryDocument,
    judge=CrossEncoder,
    summary="Query and document read together by a local model.",
    source="https://arxiv.org/abs/1901.04085",
)
strategy(
    "listwise",
    algorithm=Sliding,
    judge=Listwise,
    summary="An LLM orders windows of documents, from the back of the list to its front.",
    source="https://arxiv.org/abs/2304.09542",
)
strategy(
    "pointwise",
    algorithm=EveryDocument,
    judge=Pointwise,
    summary="An LLM says yes or no to each document; its log-probabilities are the score.",
    source="https://arxiv.org/abs/2211.09110",
)
strategy(
    "graded",
    algorithm=EveryDocument,
    judge=Graded,
    summary="An LLM grades each document on an ordered scale; the expected grade is the score.",
    source="https://arxiv.org/abs/2310.14122",
)
