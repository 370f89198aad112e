"""The client of local models: pairs go to a worker thread that the whole process shares."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from weakref import WeakValueDictionary

from llmrerank.cache import Cache
from llmrerank.calls import Call, PairCall, Reply
from llmrerank.errors import ConfigError
from llmrerank.settings import Settings

from .cached import Cached, Keeping
from .client import Client, Identity
from .cosines import CosineScorer
from .encoder import encoder_for
from .models import LocalModel, ModelKind, find, full_name, locate
from .pairs import PairScorer, Scored, Scorer
from .room import room_in_files
from .worker import Worker

__all__ = ["LocalPairs", "pair_client"]


def pair_client(kind: ModelKind, *, model: str | None, settings: Settings) -> Client:
    """Make the client that scores pairs on this machine.

    Nothing is loaded, and nothing fails, before the first pair is sent.

    Args:
        kind: `cross-encoder` scores are raw outputs, `bi-encoder` scores cosines.
        model: Folder or hub name; None: the default of that kind.
        settings: Of these only `cache` matters here: scores are kept by pair and weights.
    """
    client = LocalPairs(kind, model)
    cache = Cache.of(settings)
    if cache is None:
        return client
    return Cached(Keeping(client, cache), cache)


class LocalPairs:
    """Carries pairs to a local model. Serves any number of event loops and threads.

    Clients of the same weights share one worker, and so one copy of the weights.
    """

    def __init__(self, kind: ModelKind, model: str | None) -> None:
        self._kind = kind
        self._model = model
        self._found: LocalModel | None = None
        self._room: int | None = None
        self._worker: Worker | None = None

    @property
    def identity(self) -> Identity:
        """Name and fingerprint of the weights, and what the model can read at once.

        The name alone as long as they are not on this machine.
        """
        found = self._locate()
        name = full_name(self._kind, self._model) if found is None else found.identity
        return Identity(model=name, endpoint="local", local=True, context=self._room)

    def knows(self, call: Call) -> bool:
        """Never: this client remembers no scores."""
        return False

    async def send(self, call: Call) -> Reply:
        """Score one pair. Pairs that wait at the same time are scored together.

        Raises:
            MissingExtra: sentence-transformers is not installed.
            ConfigError: The model is nowhere to be found, cannot be loaded, or the call is no pair.
            PermanentError: The model failed.
        """
        if not isinstance(call, PairCall):
            raise ConfigError(
                f"a local {self._kind} scores pairs and cannot answer questions; use a chat model"
            )
        worker = self._worker
        if worker is None or worker.process != os.getpid():
            worker = self._worker = _worker_for(self._kind, self._model, self._locate())
        return await worker.submit(call)

    async def aclose(self) -> None:
        """Nothing is held open: an idle worker ends by itself."""

    def _locate(self) -> LocalModel | None:
        if self._found is None:
            try:
                self._found = locate(self._kind, self._model)
                self._room = None if self._found is None else room_in_files(self._found)
            except ConfigError:
                # Whoever sends a pair hears of it; a name is owed to whoever only asks.
                return None
        return self._found


class _Resolved:
    """A scorer that finds its model when it is first needed, which may take a download."""

    def __init__(self, kind: ModelKind, model: str | None, found: LocalModel | None) -> None:
        self._kind = kind
        self._model = model
        self._found = found
        self._scorer: Scorer | None = None

    def load(self) -> None:
        if self._scorer is None:
            found = self._found or find(self._kind, self._model)
            scorer: Scorer = (
                PairScorer(found) if self._kind == "cross-encoder" else CosineScorer(encoder_for(found))
            )
            scorer.load()
            self._scorer = scorer

    def batches(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Scored]:
        self.load()
        if self._scorer is not None:
            yield from self._scorer.batches(pairs)


_workers: WeakValueDictionary[tuple[str, str, str], Worker] = WeakValueDictionary()
_lock = threading.Lock()


def _worker_for(kind: ModelKind, model: str | None, found: LocalModel | None) -> Worker:
    """The process's worker for these weights; made where nobody holds one."""
    key = (
        (kind, full_name(kind, model), "") if found is None else (kind, str(found.folder), found.fingerprint)
    )
    with _lock:
        worker = _workers.get(key)
        if worker is None or worker.process != os.getpid():
            worker = _workers[key] = Worker(_Resolved(kind, model, found))
        return worker


def _forget() -> None:
    global _workers, _lock
    _workers, _lock = WeakValueDictionary(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
