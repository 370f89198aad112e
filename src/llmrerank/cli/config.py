"""`llmrerank config`: which value every setting has, and where it came from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .exits import Exit
from .options import Calling, configured
from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.config import Config
    from llmrerank.limits import Prices
    from llmrerank.resolution import Chosen, Resolved

__all__ = ["config"]

SCHEMA = 1
_LOGIN = re.compile(r"(https?://)[^/@\s'\"]+@")


def config(calling: Calling, talk: Talk) -> Exit:
    r"""Show every setting: its value, and the flag, variable or file it came from.

    Flags win over environment variables, those over the file, the file over defaults. Nothing is sent, and no
    key is shown.

    \b
      llmrerank config
      llmrerank config --endpoint local --parallel 4
    """
    from llmrerank.prices import staleness

    found = configured(calling.config)
    given = calling.given()
    resolved = found.resolve(given)
    report = _report(found, resolved, given)
    if (sentence := staleness(resolved.prices)) is not None:
        talk.warn(sentence)
    if talk.json:
        talk.print_json(report)
    else:
        _print(report)
    return Exit.DONE


def _report(found: Config, resolved: Resolved, given: Mapping[str, Any]) -> dict[str, Any]:
    from llmrerank.config_file import candidates
    from llmrerank.knobs import KNOBS

    file = found.found
    return {
        "schema": SCHEMA,
        "file": None if file is None else {"path": str(file.path), "found_by": file.by},
        "looked_in": [str(place.path) for place in candidates()],
        "settings": {
            name: {
                "value": _value(name, chosen.value),
                "from": _origin(chosen),
                "summary": KNOBS[name].summary,
            }
            for name, chosen in resolved.values.items()
        },
        "key": _key(resolved["api_key_env"]),
        "endpoints": _endpoints(found, resolved["endpoint"], given),
        "strategies": {name: _LOGIN.sub(r"\1", text) for name, text in found.strategies.items()},
        "prices": _prices(resolved.prices),
    }


def _origin(chosen: Chosen) -> dict[str, Any]:
    origin = chosen.origin
    return {
        "kind": origin.kind,
        "name": origin.name or None,
        "section": origin.section or None,
        "line": origin.line or None,
    }


def _key(variable: str) -> dict[str, Any]:
    """Whether a variable holds a key; never the key. No variable: no key is sent."""
    return {"variable": variable or None, "set": bool(variable and os.environ.get(variable))}


def _endpoints(found: Config, in_use: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says of each endpoint, and the key that it would be sent."""
    if found.file is None:
        return {}
    return {
        name: {
            **{knob: _value(knob, setting.value) for knob, setting in settings.items()},
            "key": _key(found.resolve({**given, "base_url": None, "endpoint": name})["api_key_env"]),
            "in_use": name == in_use,
        }
        for name, settings in found.file.endpoints.items()
    }


def _prices(prices: Prices) -> dict[str, Any] | None:
    from llmrerank.prices import age_of

    if not prices.by_model:
        return None
    return {
        "date": None if prices.date is None else prices.date.isoformat(),
        "days_old": age_of(prices),
        "models": {
            model: {"input": price.input, "output": price.output} for model, price in prices.by_model.items()
        },
    }


def _value(name: str, value: Any) -> Any:
    """A value fit for JSON, without what may be a secret."""
    from llmrerank.clients.address import OPENAI, Address
    from llmrerank.hidden import without_secrets
    from llmrerank.limits import Prices

    if name == "base_url":
        return Address.of(value or OPENAI).shown
    if name == "redis":
        from llmrerank.redis_address import shown

        return None if value is None else shown(value)
    if name == "examples":
        return [{"query": one.query, "document": one.document, "label": one.label} for one in value]
    if name == "extra_body":
        return without_secrets(value)
    if isinstance(value, Prices):
        return "[prices]"
    return str(value) if isinstance(value, Path) else value


def _print(report: Mapping[str, Any]) -> None:
    from .grid import print_grid

    file = report["file"]
    if file is None:
        print(f"config file: none; looked for {', '.join(report['looked_in'])}")
    else:
        print(f"config file: {file['path']} (from {file['found_by']})")
    rows = [(name, _cell(one["value"]), _place(one["from"])) for name, one in report["settings"].items()]
    print_grid(("setting", "value", "from"), rows, left=3)
    print(f"key: {_said(report['key'], report['settings']['base_url']['value'])}")
    for name, endpoint in report["endpoints"].items():
        more = [endpoint["model"]] if "model" in endpoint else []
        mark = " (in use)" if endpoint["in_use"] else ""
        key = _said(endpoint["key"], endpoint["base_url"])
        print(f"endpoint {name}{mark}: {', '.join([endpoint['base_url'], *more, key])}")
    for name, pipeline in report["strategies"].items():
        print(f"strategy {name}: {pipeline}")
    prices = report["prices"]
    if prices is not None:
        age = f"of {prices['date']}, {prices['days_old']} days old" if prices["date"] else "without a date"
        models = (f"{m} {p['input']:g} in, {p['output']:g} out" for m, p in prices["models"].items())
        print(f"prices {age}, USD for a million tokens: {'; '.join(models)}")


def _place(origin: Mapping[str, Any]) -> str:
    """Where a value came from; the file itself stands above the table."""
    if origin["kind"] != "file":
        return str(origin["name"] or origin["kind"])
    return f"file, [{origin['section']}]" + (f" line {origin['line']}" if origin["line"] else "")


def _said(key: Mapping[str, Any], base_url: str) -> str:
    from llmrerank.clients.address import Address

    if key["variable"] is None:
        return "no key is sent"
    if not key["set"]:
        return f"{key['variable']} is not set"
    open_ = " and goes over the network in plain text: use https" if Address.of(base_url).in_the_open else ""
    return f"{key['variable']} is set{open_}"


def _cell(value: Any) -> str:
    """A value in a table: short, on one line."""
    if value is None or value == "" or value == [] or value == {}:
        return "none"
    if value is False:
        return "off"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
