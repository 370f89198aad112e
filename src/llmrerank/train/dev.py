"""Quality on the way: the dev queries' candidates ranked by the model as it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llmrerank.clients.models import LocalModel
from llmrerank.clients.pairs import PairScorer
from llmrerank.evaluate.measures import Measures

from .lists import DevQuery

__all__ = ["MEASURE", "DevQueries"]

MEASURE = "nDCG@10"


class DevQueries:
    """Measures a model on queries that are held out, by the scoring and the measures that users get.

    Args:
        queries: One or more.
        model: What the model is called in messages.

    Raises:
        MissingExtra: ir-measures is not installed.
    """

    def __init__(self, queries: Sequence[DevQuery], model: LocalModel) -> None:
        self._queries = queries
        self._model = model
        self._pairs = [(one.query.text, document.full_text) for one in queries for document in one.documents]
        self._evaluator = Measures([MEASURE]).over({one.query.id: one.grades for one in queries})

    def as_found(self) -> float:
        """nDCG@10 of the candidates in the order in which they came."""
        return self._measured({one.query.id: [str(d.id) for d in one.documents] for one in self._queries})

    def measure(self, tokenizer: Any, network: Any, tell: Callable[[int, int], None] | None = None) -> float:
        """nDCG@10 of the candidates as a network ranks them; equal scores stay in their order.

        Args:
            tokenizer: Of transformers.
            network: Of transformers; left in the mode in which it was.
            tell: Told how many pairs are scored, and of how many.
        """
        scorer = PairScorer.around(self._model, tokenizer, network)
        scores = [0.0] * len(self._pairs)
        training, done = network.training, 0
        network.eval()
        try:
            for scored in scorer.batches(self._pairs):
                for position, score in zip(scored.positions, scored.scores, strict=True):
                    scores[position] = score
                done += len(scored.positions)
                if tell is not None:
                    tell(done, len(self._pairs))
        finally:
            network.train(training)
        run, start = {}, 0
        for one in self._queries:
            own = scores[start : start + len(one.documents)]
            start += len(own)
            order = sorted(range(len(own)), key=lambda place: -own[place])
            run[one.query.id] = [str(one.documents[place].id) for place in order]
        return self._measured(run)

    def _measured(self, run: dict[str, list[str]]) -> float:
        return self._evaluator.evaluate(run).means[MEASURE]
