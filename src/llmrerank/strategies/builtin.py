"""The strategies that come with llmrerank."""

from __future__ import annotations

from llmrerank.algorithms.acurank import AcuRank
from llmrerank.algorithms.adaptive import Adaptive
from llmrerank.algorithms.batches import Batches
from llmrerank.algorithms.blocks import Blocks
from llmrerank.algorithms.full import Full
from llmrerank.algorithms.graph import Graph
from llmrerank.algorithms.pairwise import Pairwise as ByPairs
from llmrerank.algorithms.pointwise import Pointwise as EveryDocument
from llmrerank.algorithms.setwise import Setwise as BySets
from llmrerank.algorithms.sliding import Sliding
from llmrerank.algorithms.top_down import TopDown
from llmrerank.algorithms.tournament import Tournament
from llmrerank.judges.decide import Decide
from llmrerank.judges.endpoint_scores import EndpointScores
from llmrerank.judges.graded import Graded
from llmrerank.judges.listwise import Listwise
from llmrerank.judges.pairwise import Pairwise
from llmrerank.judges.pointwise import Pointwise
from llmrerank.judges.scorers import BiEncoder, CrossEncoder
from llmrerank.judges.setwise import Setwise

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
    "first-token",
    algorithm=Sliding,
    judge=Listwise,
    defaults={"read": "logprobs"},
    summary="An LLM orders windows by the log-probabilities of one output token each.",
    source="https://arxiv.org/abs/2406.15657",
)
strategy(
    "top-down",
    algorithm=TopDown,
    judge=Listwise,
    summary="An LLM orders one window; all others are held against its pivot at once.",
    source="https://arxiv.org/abs/2405.14589",
)
strategy(
    "setwise",
    algorithm=BySets,
    judge=Setwise,
    summary="An LLM picks the best of a few documents; a heap sorts by its picks.",
    source="https://arxiv.org/abs/2310.09497",
)
strategy(
    "pairwise",
    algorithm=ByPairs,
    judge=Pairwise,
    summary="An LLM compares two documents, in both orders; a heap sorts by its comparisons.",
    source="https://arxiv.org/abs/2306.17563",
)
strategy(
    "tournament",
    algorithm=Tournament,
    judge=Listwise,
    summary="An LLM judges groups of a tournament in five rounds; points of several are added.",
    source="https://arxiv.org/abs/2406.11678",
)
strategy(
    "graph",
    algorithm=Graph,
    judge=Listwise,
    summary="An LLM orders windows; who beat whom is followed up only where it is open.",
    source="https://arxiv.org/abs/2602.05448",
)
strategy(
    "blocks",
    algorithm=Blocks,
    judge=Listwise,
    summary="An LLM orders random blocks that overlap, all in one round; wins are counted.",
    source="https://arxiv.org/abs/2506.22262",
)
strategy(
    "acurank",
    algorithm=AcuRank,
    judge=Listwise,
    summary="An LLM orders windows of the documents that may or may not belong to the best.",
    source="https://arxiv.org/abs/2505.18512",
)
strategy(
    "full",
    algorithm=Full,
    judge=Listwise,
    summary="An LLM orders the whole list in one call: for models that are made for it.",
    source="https://arxiv.org/abs/2412.14574",
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
