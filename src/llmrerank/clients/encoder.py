"""A bi-encoder: texts in, vectors of length one out."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

from llmrerank.errors import ConfigError

from .batches import padded, readable, room_of, sorted_batches, tokenise
from .loading import best_device, configuration, loading, rows_at_once
from .models import LocalModel

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

__all__ = ["Encoder", "Role", "encoder_for"]

Role = Literal["query", "document"]

_PROMPTS: dict[Role, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}


class Encoder:
    """Encodes texts with a sentence-transformers model, in single precision. Threads may share it.

    The weights are loaded when the first text comes. A prompt that the model declares for queries or
    documents is put in front of them. Equal texts are encoded once, so they have equal vectors.

    Args:
        model: Where its files are; see `models.find`.
    """

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        self._lock = threading.RLock()
        self._loaded: Any = None
        self._dimensions = 0
        self._rows = 8

    def load(self) -> None:
        """Load the weights now.

        Raises:
            ConfigError: They cannot be loaded, or the model is no bi-encoder.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self.model)
                self._rows = rows_at_once(self._loaded.device.type)
                # Asked of the model itself: the method that says it was renamed between versions.
                self._dimensions = int(self._encode_anyhow(["a"], "document").shape[1])

    @property
    def dimensions(self) -> int:
        """Length of the vectors; loads the weights."""
        self.load()
        return self._dimensions

    def encode(self, texts: Sequence[str], *, role: Role) -> NDArray[float32]:
        """Encode texts; `vectors[i]` of shape (texts, dimensions) belongs to `texts[i]`.

        A vector has length one, or is zero where the model found no token. Cost: one forward pass for each
        8 different texts (128 on a GPU), sorted by length.

        Raises:
            ConfigError: The weights cannot be loaded.
        """
        import numpy

        vectors = numpy.zeros((len(texts), self.dimensions), dtype=numpy.float32)
        for positions, found, _ in self.batches(texts, role=role):
            vectors[positions] = found
        return vectors

    def batches(
        self, texts: Sequence[str], *, role: Role
    ) -> Iterator[tuple[list[int], NDArray[float32], list[int]]]:
        """Encode batch by batch: positions, their vectors, and the tokens of each text that found no room."""
        self.load()
        places: dict[str, list[int]] = {}
        for position, text in enumerate(texts):
            places.setdefault(text, []).append(position)
        unique = list(places)
        if not unique:
            return
        prompt = self._prompt(role)
        for rows, vectors, cut in (
            self._plain(unique, prompt) if self._is_plain(prompt) else self._any(unique, role)
        ):
            positions = [(position, row) for row, i in enumerate(rows) for position in places[unique[i]]]
            wanted = [row for _, row in positions]
            yield [position for position, _ in positions], vectors[wanted], [cut[row] for row in wanted]

    def _prompt(self, role: Role) -> str:
        prompts = self._loaded.prompts or {}
        return next((prompts[name] for name in _PROMPTS[role] if prompts.get(name)), "")

    def _is_plain(self, prompt: str) -> bool:
        """Whether the model is an ordinary text encoder, whose tokens may be made here, and once."""
        first = self._loaded[0]
        if type(first).__name__ != "Transformer" or not getattr(self._loaded.tokenizer, "is_fast", False):
            return False
        if "message" in getattr(first, "modality_config", {}):
            return False
        pooled_without = any(getattr(module, "include_prompt", True) is False for module in self._loaded)
        return not (prompt and pooled_without)

    def _plain(
        self, texts: Sequence[str], prompt: str
    ) -> Iterator[tuple[list[int], NDArray[float32], list[int]]]:
        import torch

        model = self._loaded
        tokenizer = model.tokenizer
        shown = [prompt + text for text in texts]
        if getattr(model[0], "do_lower_case", False):
            shown = [text.lower() for text in shown]
        room = room_of(model.max_seq_length, model[0].auto_model.config)
        # A prompt may be written with the model's special tokens; texts may not.
        marks = any(mark in prompt for mark in tokenizer.all_special_tokens)
        with self._lock:
            tokens = tokenise(tokenizer, shown, room=room, marks=marks)
        empty = [position for position, length in enumerate(tokens.lengths) if length == 0]
        if empty:
            yield empty, self._zeros(len(empty)), [0] * len(empty)
        filled = [position for position, length in enumerate(tokens.lengths) if length > 0]
        for batch in sorted_batches([tokens.lengths[position] for position in filled], self._rows):
            positions = [filled[place] for place in batch]
            with self._lock, torch.inference_mode():
                features = padded(tokenizer, tokens, positions, model.device)
                vectors = model(features)["sentence_embedding"].float()
                vectors = torch.nn.functional.normalize(vectors, dim=1).cpu().numpy()
            yield positions, vectors, [tokens.cut[position] for position in positions]

    def _zeros(self, count: int) -> NDArray[float32]:
        import numpy

        return numpy.zeros((count, self.dimensions), dtype=numpy.float32)

    def _any(
        self, texts: Sequence[str], role: Role
    ) -> Iterator[tuple[list[int], NDArray[float32], list[int]]]:
        """Models with a way of their own to read text (routers, static embeddings): theirs is used."""
        for batch in sorted_batches([len(text) for text in texts], self._rows * 8):
            with self._lock:
                vectors = self._encode_anyhow([readable(texts[position]) for position in batch], role)
            yield batch, vectors, [0] * len(batch)

    def _encode_anyhow(self, texts: list[str], role: Role) -> NDArray[float32]:
        encode = self._loaded.encode_query if role == "query" else self._loaded.encode_document
        vectors: NDArray[float32] = encode(
            texts, batch_size=self._rows, show_progress_bar=False, normalize_embeddings=True
        )
        return vectors


def _load(model: LocalModel) -> Any:
    with loading(model):
        from sentence_transformers import SentenceTransformer

        architectures = configuration(model.folder).get("architectures") or [""]
        if not (model.folder / "modules.json").is_file() and architectures[0].endswith(
            "ForSequenceClassification"
        ):
            raise ConfigError(
                f"'{model.name}' is a cross-encoder: it reads query and document together and has no "
                "vectors; use it as cross-encoder(model=...)"
            )
        loaded = SentenceTransformer(
            str(model.folder), device=best_device(), trust_remote_code=False, local_files_only=True
        )
        # Weights stored in half precision would give scores that depend on the batch.
        return loaded.float().eval()


_encoders: WeakValueDictionary[str, Encoder] = WeakValueDictionary()
_encoders_lock = threading.Lock()


def _forget() -> None:
    """Start anew in a forked child: the locks may be held by threads that it does not have."""
    global _encoders, _encoders_lock
    _encoders, _encoders_lock = WeakValueDictionary(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def encoder_for(model: LocalModel) -> Encoder:
    """The process's encoder with these weights; made where nobody holds one."""
    key = f"{model.folder}#{model.fingerprint}"
    with _encoders_lock:
        encoder = _encoders.get(key)
        if encoder is None:
            encoder = _encoders[key] = Encoder(model)
        return encoder
