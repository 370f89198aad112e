"""The strategies that come with llmrerank."""

from __future__ import annotations

from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.batches import Batches
from llmrerank.algorithms.pointwise import Pointwise as EveryDocument
from llmrerank.algorithms.sliding import Sliding
from llmrerank.judges.decide import Decide
from llmrerank.judges.endpoint_scores import EndpointScores
from llmrerank.judges.graded import Graded
from llmrerank.judges.listwise import Listwise
from llmrerank.judges.pointwise import Pointwise
from llmrerank.judges.scorers import BiEncoder, CrossEncoder

from .recipe import strategy

strategy(
    "api",
    algorithm=Batches,
    judge=EndpointScores,
    defaults={"batch": 1000},
    summary="A rerank endpoint: Cohere, Jina, Voyage, vLLM, TEI, Infinity or llama-server.",
    source="https://docs.cohere.com/reference/rerank",
)
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
    "adaptive",
    algorithm=Adaptive,
    judge=Listwise,
    summary="An LLM orders windows in few parallel rounds; all its answers are fitted together.",
    source="https://doi.org/10.2307/2346567",
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
strategy(
    "decide",
    algorithm=Batches,
    judge=Decide,
    summary="A decision model says of all documents at once how probably each is relevant.",
    source="https://developers.openai.com/api/docs/guides/decisions",
)
