"""`llmrerank show strategies`: every name, what it takes and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .options import ConfigPath, configured
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.registry import Entry, Option

__all__ = ["strategies"]

SCHEMA = 1
DOCUMENTS, TOP = 100, 10


def strategies(talk: Talk, config: ConfigPath = None) -> None:
    r"""Show every strategy and first stage: options, cost for 100 documents, source.

    \b
      llmrerank show strategies
    """
    from llmrerank import registry
    from llmrerank.registry import Kind

    configured(config)
    kinds = (Kind.PRESET, Kind.FIRST_STAGE, Kind.STRATEGY, Kind.WRAPPER, Kind.ROUTE)
    found = [_entry(entry) for entry in registry.entries(*kinds)]
    broken = registry.broken()
    if talk.json:
        talk.print_json({"schema": SCHEMA, "strategies": found, "broken": dict(broken)})
        return
    for kind in kinds:
        members = [entry for entry in found if entry["kind"] == kind.value]
        if members:
            print(f"{_plural(kind.value)}:")
        for entry in members:
            _print_entry(entry)
    for name, error in broken.items():
        print(f"broken: {name}: {error}")


def _plural(kind: str) -> str:
    return {"strategy": "strategies"}.get(kind, f"{kind}s")


def _print_entry(entry: dict[str, Any]) -> None:
    from llmrerank.carriers import LOCAL

    print(f"  {entry['name']}: {entry['summary']}")
    if entry["pipeline"]:
        print(f"    {entry['pipeline']}")
    if entry["takes"]:
        more = " and more" if entry["pipeline"] else ""
        print(f"    {DOCUMENTS} documents{more}: {entry['takes']}")
    if entry["algorithm"]:
        cost = entry["cost"]
        what = "pairs, scored here," if entry["carrier"] in LOCAL else "calls"
        if cost and cost["calls"] == "1":
            what = what.replace("calls", "call")
        rounds = "1 round" if cost and cost["rounds"] == "1" else f"{cost['rounds']} rounds" if cost else ""
        took = f"{cost['calls']} {what} in {rounds}" if cost else "cost unknown"
        print(f"    {entry['algorithm']} asks {entry['judge']} ({entry['carrier']}); 100 documents: {took}")
    if entry["options"]:
        options = (o["name"] if o["required"] else f"{o['name']}={o['default']!r}" for o in entry["options"])
        print(f"    options: {', '.join(options)}")
    if entry["source"]:
        print(f"    source: {entry['source']}")


def _entry(entry: Entry) -> dict[str, Any]:
    from llmrerank.registry import Kind

    recipe = entry.target
    algorithm, judge = getattr(recipe, "algorithm", None), getattr(recipe, "judge", None)
    return {
        "name": entry.name,
        "kind": entry.kind.value,
        "summary": entry.summary,
        "pipeline": recipe if entry.kind is Kind.PRESET else None,
        "takes": _takes(entry),
        "algorithm": algorithm.__name__ if algorithm else None,
        "judge": judge.__name__ if judge else None,
        "carrier": getattr(judge, "carrier", None),
        "options": [_option(option) for option in entry.options],
        "cost": _cost(entry),
        "source": entry.source or None,
    }


def _takes(entry: Entry) -> str | None:
    """What a preset or a route takes for one query; None where it needs options, or is another thing."""
    from llmrerank.prediction import predicted
    from llmrerank.registry import MISSING, Kind
    from llmrerank.stages import Course

    if entry.kind not in (Kind.PRESET, Kind.ROUTE) or any(one.default is MISSING for one in entry.options):
        return None
    return str(predicted(Course.of(entry.name), DOCUMENTS, top=TOP))


def _option(option: Option) -> dict[str, Any]:
    from llmrerank.registry import MISSING
    from llmrerank.spec import Call

    required = option.default is MISSING
    default = str(option.default) if isinstance(option.default, Call) else option.default
    return {"name": option.name, "required": required, "default": None if required else default}


def _cost(entry: Entry) -> dict[str, str] | None:
    """Calls (pairs, for a local model) and rounds for 100 documents of which the best 10 are wanted."""
    from llmrerank.errors import RerankError
    from llmrerank.spec import Call
    from llmrerank.strategies import Strategy

    try:
        cost = Strategy.of(Call(entry.name)).algorithm.cost(DOCUMENTS, TOP)
    except RerankError:
        return None  # no strategy, or one with an option that has no default
    return {"calls": str(cost.calls), "rounds": str(cost.rounds)}
