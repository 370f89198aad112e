"""Comparisons made by hand, with whatever text a test wants in every place where a text can stand."""

from __future__ import annotations

from dataclasses import replace

from llmrerank.evaluate.agreement import agreements
from llmrerank.evaluate.comparison import Comparison, Row
from llmrerank.evaluate.contrast import contrasts
from llmrerank.evaluate.kept import Kept
from llmrerank.evaluate.seconds import Seconds
from llmrerank.evaluate.sensitivity import Sensitivity
from llmrerank.evaluate.spread import Spread
from llmrerank.evaluate.stage_figures import stage_figures
from llmrerank.trace import Called, Degraded, Exhausted, Repaired, RoundDone, StageDone, Trace, Warned
from llmrerank.types import Document, Usage

__all__ = ["MEASURES", "QUERIES", "made"]

MEASURES = ("nDCG@10", "RR@10")
QUERIES = 8


def made(
    *, text: str = "plain", dataset: str | None = None, judged: bool = True, price: float | None = 0.002
) -> Comparison:
    """Five rows: the baseline, two that call an LLM, a stored run, and an oracle.

    Args:
        text: Part of every id, title, text, query, pipeline, answer, sentence and name.
        dataset: Its name; None: after the text.
        judged: Whether there are judgements.
        price: US dollars of a call; None: not known.
    """
    queries = [f"q{number} {text}" for number in range(QUERIES)]
    documents = {
        f"d{n} {text}": Document(id=f"d{n} {text}", title=f"T{n} {text}", text=f"X{n} {text}")
        for n in range(30)
    }
    pool = list(documents)
    qrels = {q: {d: place % 3 for place, d in enumerate(pool[n : n + 9])} for n, q in enumerate(queries)}

    def trace(stage: str, number: int) -> Trace:
        if stage == "bm25":
            return Trace((StageDone(stage=stage, documents_in=0, documents_out=30, seconds=0.001),))
        called = Called(
            stage=stage, round=1, slate=(0, 1), model="m", usage=Usage(input=100, output=10), counted=True,
            seconds=0.5, attempts=1, cached=False, cost=price,
        )  # fmt: skip
        faults = {
            0: Repaired(
                stage=stage, round=1, slate=(0, 1), flags=("missing",), raw=f"mended {text}\nsecond line"
            ),
            1: Degraded(stage=stage, round=1, slate=(0, 1), reason=f"refused {text}", raw=f"sorry {text}"),
            2: Degraded(stage=stage, round=1, slate=(0, 1), reason="silence", raw=None),
            3: Warned(stage=stage, message=f"{number} ties {text}"),
            4: Exhausted(stage=stage, limit="calls", reason=f"enough {text}"),
        }
        end = StageDone(stage=stage, documents_in=30, documents_out=30, seconds=0.6)
        return Trace(
            (
                called,
                *([faults[number]] if number in faults else []),
                RoundDone(stage=stage, round=1, slates=1, seconds=0.5),
                end,
            )
        )

    def row(
        number: int, name: str, stage: str, *, shift: int, stored: bool = False, failed: tuple[str, ...] = ()
    ) -> Row:
        kept = {}
        for place, query in enumerate(queries):
            if query not in failed:
                order = tuple(range(30))[shift * place % 7 :] + tuple(range(30))[: shift * place % 7]
                kept[query] = Kept(
                    documents=tuple(pool[i] for i in order),
                    previous=tuple(i + 1 for i in order),
                    scores=tuple(None if stored else 1 / (1 + i) for i in order),
                    trace=Trace() if stored else trace(stage, place),
                    seconds=0.1 * (number + 1),
                )
        scores = {
            name: {
                q: 0.0 if q in failed else min(1.0, 0.1 * place + 0.11 * number * (-1 if place == 3 else 1))
                for place, q in enumerate(queries)
            }
            for name in MEASURES
        }
        return Row(
            strategy=name,
            pipeline=name,
            measures={name: sum(own.values()) / QUERIES for name, own in scores.items()} if judged else {},
            per_query=scores if judged else {},
            seconds=None if stored else Seconds.of([one.seconds for one in kept.values()]),
            trace=Trace.joined(one.trace for one in kept.values()),
            queries=QUERIES,
            failures={query: f"no answer {text}" for query in failed},
            kept=kept,
            stages=() if stored else stage_figures(one.trace for one in kept.values()),
        )

    rows = [
        row(0, f"bm25 {text}", "bm25", shift=0),
        row(1, f"bm25 >> listwise {text}", "listwise", shift=1, failed=tuple(queries[-1:])),
        row(3, f"bm25 >> setwise {text}", "setwise", shift=2),
        row(2, f"run {text}", "run", shift=3, stored=True),
    ]
    spread = Spread(mean=0.5, deviation=0.01, least=0.49, most=0.51)
    orders = {"as found": 0.5, "reversed": 0.4}
    names = MEASURES if judged else ()
    rows[2] = replace(
        rows[2],
        repeats=2,
        spread=dict.fromkeys(names, spread),
        changed=0.25,
        sensitivity=Sensitivity(
            measures=dict.fromkeys(names, orders), overlap=0.8, rbo=0.7, trace=trace("setwise", 0)
        ),
    )
    if judged:
        for name in MEASURES:
            found = contrasts([one.per_query[name] for one in rows])
            rows = [
                replace(one, versus=one.versus | {name: c} if c else one.versus)
                for one, c in zip(rows, found, strict=True)
            ]
        best = {name: {query: 0.95 for query in queries} for name in MEASURES}
        rows.append(
            Row(
                strategy="oracle: bm25",
                pipeline=f"oracle: bm25 {text}", measures=dict.fromkeys(MEASURES, 0.95),
                per_query=best, seconds=None, trace=Trace(), queries=QUERIES, is_oracle=True,
            )
        )  # fmt: skip
    return Comparison(
        dataset=f"set {text}" if dataset is None else dataset,
        queries=QUERIES,
        measures=MEASURES if judged else (),
        relevance=2,
        rows=tuple(rows),
        detectable={MEASURES[0]: 0.031, MEASURES[1]: None} if judged else {},
        agreement=agreements(
            [{q: k.documents for q, k in one.kept.items()} for one in rows if not one.is_oracle]
        ),
        warnings=(f"something {text}",),
        topics={query: f"what is {query}?" for query in queries},
        qrels=qrels if judged else {},
        documents=documents,
        experiment=f'name = "{text}"\nseed = 0\n',
    )
