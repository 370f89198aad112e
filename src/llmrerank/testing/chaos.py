"""An endpoint that fails on purpose: a real server on loopback, seeded, right between its faults.

```python
with ChaosEndpoint(0.3) as server:  # three of ten requests meet one of all the faults there are
    ranking = rerank(query, documents, strategy="listwise", base_url=server.base_url, model="chaos")
    print(server.injected, ranking.trace.repaired, ranking.trace.degraded)
```

Between its faults it answers every shipped prompt by an oracle: the share of the query's words that a passage
has, or a function of yours. Which request meets which fault is drawn from the seed, the request, and how
often it came before: never from the order in which requests arrive. So the same work meets the same faults at
any parallelism; `refused-parameter` alone goes on from the first request that met it.

Run as a program (`python -m llmrerank.testing.chaos --rate 0.3`) it prints its URL, for stacks in any
language; what it injected can be had at `/chaos`.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from llmrerank.errors import ConfigError, UnknownName

from .chaos_faults import FAULTS, Fault, FaultKind, Moment, evenly
from .delivery import StubResponse
from .oracle import Shown, Told, Worth, shared_words
from .other_routes import decided, reranked
from .stub_server import StubServer, completion

__all__ = ["FAULTS", "ChaosEndpoint", "Fault", "FaultKind", "evenly", "shared_words"]

_PATHS = ("/chat/completions", "/rerank", "/decisions")


class ChaosEndpoint(StubServer):
    """Serves chat completions, rerankings (Jina's form) and decisions (OpenAI's), with faults among them.

    For synchronous and asynchronous code alike: `with` and `async with`.

    Args:
        rates: Share of the requests that meet each fault, by name, or of all together, spread evenly over
            `FAULTS`; `evenly(0.3, kind="transient")` spreads over some.
        worth: From query and passage to 0-1, more being better.
        answer: Answers chat requests in place of the oracle, for prompts of your own: from the body to the
            text. Faults that are made of a ranking then befall no request.
        seed: Of all chance.
        in_a_row: Most faults that one request meets, however often it is sent again, before it is served;
            None: any number. With a rate of 1 every request fails so often, and then succeeds.
        wait: Seconds that `rate-limit-seconds` and its like ask to wait.
        pace: Seconds before each byte of a reply that drips.
        delay: Seconds before every reply.

    Attributes:
        injected: Faults so far, by name.
        served: Right replies so far, those to a redirected request included.

    Raises:
        ConfigError: A fault that does not exist, or rates that are none.
    """

    def __init__(
        self,
        rates: Mapping[str, float] | float = 0.3,
        *,
        worth: Worth = shared_words,
        answer: Callable[[Mapping[str, Any]], str] | None = None,
        seed: int = 0,
        in_a_row: int | None = None,
        wait: float = 1.0,
        pace: float = 0.05,
        delay: float = 0.0,
    ) -> None:
        super().__init__(
            self._meet,
            delay=delay,
            models=("chaos",),
            paths=_PATHS,
            pages={"/chaos": self.counts},
            keep=False,
        )
        self.rates = evenly(rates) if isinstance(rates, int | float) else dict(rates)
        for name in self.rates:
            if name not in FAULTS:
                raise UnknownName("fault", name, FAULTS)
        if any(not 0 <= rate <= 1 for rate in self.rates.values()) or sum(self.rates.values()) > 1 + 1e-9:
            raise ConfigError(f"rates must be 0 to 1 each and 1 at most together, got {self.rates}")
        self.injected: Counter[str] = Counter()
        self.served = 0
        self._worth = worth
        self._says = answer
        self._seed = seed
        self._in_a_row = in_a_row
        self._wait = wait
        self._pace = pace
        self._came: Counter[bytes] = Counter()
        self._redirected: set[bytes] = set()
        self._refusing: set[str] = set()

    def counts(self) -> dict[str, Any]:
        """What came in, what was served, and what was injected, as JSON values."""
        return {
            "arrived": self.arrived,
            "served": self.served,
            "injected": dict(sorted(self.injected.items())),
            "connections": self.connections,
        }

    def total(self, *kinds: FaultKind) -> int:
        """Faults of some kinds so far; of all where none is named."""
        return sum(n for name, n in self.injected.items() if not kinds or FAULTS[name].kind in kinds)

    def _meet(self, asked: Mapping[str, Any]) -> StubResponse:
        """Serve one request, or let it meet its fault."""
        digest = blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=12).digest()
        came = self._came[digest]
        self._came[digest] += 1
        try:
            right, told, path = self._right(asked)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            # A stack of one's own may send anything, and a connection that breaks looks like a fault.
            said = str(error) if isinstance(error, ValueError) else f"cannot be read: {error!r}"
            return StubResponse(status=400, body={"error": {"message": said}})
        moment = Moment(
            asked=asked,
            right=right,
            told=told,
            draw=random.Random(f"{self._seed}:{digest.hex()}:{came}"),
            wait=self._wait,
            pace=self._pace,
            path=path,
            refusing=frozenset(self._refusing),
        )
        name = self._drawn(moment, digest, came)
        reply = FAULTS[name].reply(moment) if name else None
        if reply is None:
            self.served += 1
            return StubResponse(body=right)
        self.injected[name] += 1
        if name == "redirect":
            self._redirected.add(digest)
        elif name == "refused-parameter" and isinstance(reply.body, Mapping):
            self._refusing.add(reply.body["error"]["param"])
        return reply

    def _drawn(self, moment: Moment, digest: bytes, came: int) -> str:
        """The fault that this request meets, or nothing."""
        at = moment.draw.random()
        if self._refusing & moment.asked.keys():
            return "refused-parameter"
        if digest in self._redirected:
            self._redirected.discard(digest)
            return ""
        if self._in_a_row is not None and came >= self._in_a_row:
            return ""
        for name, rate in self.rates.items():
            if at < rate:
                return name
            at -= rate
        return ""

    def _right(self, asked: Mapping[str, Any]) -> tuple[Mapping[str, Any], Told | None, str]:
        """The right reply, what it says where that is known, and the path that it belongs to."""
        if "documents" in asked:
            return reranked(asked, self._worth), None, "/v1/rerank"
        if "questions" in asked:
            return decided(asked, self._worth), None, "/v1/decisions"
        path = "/v1/chat/completions"
        if self._says is not None:
            return completion(self._says(asked)), None, path
        told = Told.of(Shown.of(asked), self._worth)
        return told.completion(asked), told, path


def _main() -> None:
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m llmrerank.testing.chaos",
        description="A chat endpoint on loopback that fails on purpose. Its base URL is printed when it is "
        "ready; what it injected is counted at /chaos; Ctrl-C stops it.",
    )
    parser.add_argument(
        "--rate", type=float, default=0.3, help="share of all requests that fail, 0 to 1 [0.3]"
    )
    parser.add_argument(
        "--kind",
        choices=sorted({fault.kind for fault in FAULTS.values()}),
        default=None,
        help="faults of this kind alone [all]",
    )
    parser.add_argument("--seed", type=int, default=0, help="of which request meets which fault [0]")
    parser.add_argument("--wait", type=float, default=1.0, help="seconds that a client is asked to wait [1]")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1 [any free one]")
    given = parser.parse_args()

    def started(server: StubServer) -> None:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()

    if not 0 <= given.rate <= 1:
        parser.error(f"--rate must be 0 to 1, got {given.rate:g}")
    server = ChaosEndpoint(evenly(given.rate, kind=given.kind), seed=given.seed, wait=given.wait)
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(server.serve(started, port=given.port))
    except KeyboardInterrupt:
        pass
    except (OSError, OverflowError) as error:
        parser.error(f"cannot listen on port {given.port}: {error}")
    finally:
        loop.close()


if __name__ == "__main__":
    _main()
