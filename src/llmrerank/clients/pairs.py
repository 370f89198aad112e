"""A cross-encoder: pairs of query and document in, one raw score each out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from llmrerank.errors import ConfigError

from .batches import padded, room_of, sorted_batches, tokenise
from .loading import best_device, configuration, loading, rows_at_once
from .models import LocalModel

__all__ = ["PairScorer", "Scored", "Scorer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Scores of some of the pairs that were given.

    Attributes:
        positions: Which ones; may be empty, which only says that work goes on.
        scores: One for each position.
        cut: Tokens of each document that found no room.
    """

    positions: Sequence[int] = ()
    scores: Sequence[float] = ()
    cut: Sequence[int] = ()


class Scorer(Protocol):
    """Scores pairs, batch by batch, in one thread at a time."""

    def load(self) -> None:
        """Load the weights if they are not; raises ConfigError where that fails."""

    def batches(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Scored]:
        """Score pairs of query and document; every position comes once, in any order."""


class PairScorer:
    """Scores pairs with a transformers model that has a classification head of one or two labels.

    A score is the raw output of the head (of two labels: the second minus the first, the log-odds of its
    soft-max), whatever activation the model declares: it never saturates, so the best documents stay apart.
    In single precision, so that a score depends on its batch by no more than rounding (about 1e-6).

    Pairs are tokenised once, sorted by their true length and scored in small batches: what padding costs is
    more than small batches do. The longer text of a pair is cut where the model has no room for both.

    Args:
        model: Where its files are; see `models.find`.
    """

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        self._tokenizer: Any = None
        self._network: Any = None
        self._rows = 8

    @classmethod
    def around(cls, model: LocalModel, tokenizer: Any, network: Any) -> PairScorer:
        """A scorer of a network that is in memory already, e.g. one that is being trained.

        Args:
            model: What it is called; its folder is not read.
            tokenizer: Of transformers.
            network: Of transformers, with a classification head; scored in the mode in which it is.
        """
        scorer = cls(model)
        scorer._tokenizer, scorer._network = tokenizer, network
        scorer._rows = rows_at_once(network.device.type)
        return scorer

    def load(self) -> None:
        """Load the weights now.

        Raises:
            ConfigError: They cannot be loaded, or the model is no cross-encoder.
        """
        if self._network is None:
            self._tokenizer, self._network = _load(self.model)
            self._rows = rows_at_once(self._network.device.type)

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Score pairs of query and document; `scores[i]` belongs to `pairs[i]`, higher is better.

        Cost: one forward pass for each 8 pairs (128 on a GPU).

        Raises:
            ConfigError: As `load`.
        """
        scores = [0.0] * len(pairs)
        for scored in self.batches(pairs):
            for position, score in zip(scored.positions, scored.scores, strict=True):
                scores[position] = score
        return scores

    def batches(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Scored]:
        """See `Scorer.batches`; the longest pairs come first."""
        self.load()
        if not pairs:
            return
        import torch

        tokenizer, network = self._tokenizer, self._network
        room = room_of(tokenizer.model_max_length, network.config)
        queries, documents = [query for query, _ in pairs], [document for _, document in pairs]
        tokens = tokenise(tokenizer, queries, documents, room=room)
        for positions in sorted_batches(tokens.lengths, self._rows):
            with torch.inference_mode():
                logits = network(**padded(tokenizer, tokens, positions, network.device)).logits.float()
                values = logits[:, -1] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
                scores = values.cpu().tolist()
            yield Scored(positions=positions, scores=scores, cut=[tokens.cut[p] for p in positions])


def _load(model: LocalModel) -> tuple[Any, Any]:
    with loading(model):
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        _check(model)
        tokenizer = AutoTokenizer.from_pretrained(
            model.folder, trust_remote_code=False, local_files_only=True
        )
        network, report = AutoModelForSequenceClassification.from_pretrained(
            model.folder, trust_remote_code=False, local_files_only=True, output_loading_info=True
        )
        absent = sorted(key for key in report["missing_keys"] if not key.endswith("position_ids"))
        if absent:
            raise ConfigError(
                f"the cross-encoder '{model.name}' in {model.folder} is incomplete: its weights lack "
                f"{', '.join(absent[:3])}{' and more' if len(absent) > 3 else ''}"
            )
        if network.config.num_labels > 2:
            raise ConfigError(
                f"the cross-encoder '{model.name}' has {network.config.num_labels} labels and so no single "
                "score; choose one with a single label"
            )
        return tokenizer, network.float().eval().to(best_device())


def _check(model: LocalModel) -> None:
    """Refuse what is no cross-encoder: its head would be made up of random numbers."""
    found = configuration(model.folder).get("architectures") or []
    if not any(str(name).endswith("ForSequenceClassification") for name in found):
        says = (
            f"its config.json says {', '.join(map(str, found))}" if found else "its config.json names no head"
        )
        raise ConfigError(
            f"'{model.name}' is no cross-encoder: {says}, where ...ForSequenceClassification belongs; "
            "choose another model, or use it as bi-encoder(model=...)"
        )
