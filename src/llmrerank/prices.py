"""Price files: US dollars for a million tokens, by model, and the day from which they are.

```toml
date = 2026-11-01
[models."gpt-x-mini"]
input = 0.25
output = 2.00
```

The same in JSON: `{"date": "2026-11-01", "models": {"gpt-x-mini": {"input": 0.25, "output": 2.0}}}`. The
section `[prices]` of `llmrerank.toml` has the same form.
"""

from __future__ import annotations

import datetime
import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import ConfigError, did_you_mean
from .limits import Price, Prices

__all__ = ["STALE_DAYS", "age_of", "prices_of", "read_prices", "staleness"]

STALE_DAYS = 180
"""Days after which the age of prices is said."""

_TOP = ("date", "models")
_KEYS = ("input", "output")

Faults = list[tuple[tuple[str, ...], str]]
"""Where in the table, as keys from the top, and what is wrong there."""


def read_prices(path: str | Path) -> Prices:
    """Read a price file; one that ends in `.json` is JSON, any other TOML.

    Raises:
        ConfigError: It cannot be read, or has unknown, missing or impossible values; all faults at once.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot read the price file {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"cannot read the price file {path}: {error}") from error
    faults: Faults = []
    prices = prices_of(values, faults)
    if prices is None:
        raise ConfigError(f"price file {path}: " + "; ".join(sentence for _, sentence in faults))
    return prices


def prices_of(values: Any, faults: Faults) -> Prices | None:
    """The prices of a table as a file has them, or None and what is wrong with it, added to `faults`."""
    found = len(faults)
    models = _models(values, faults)
    date = _date(values.get("date"), faults) if isinstance(values, Mapping) else None
    prices = {name: _price(name, fields, faults) for name, fields in models.items()}
    if len(faults) == found and not prices:
        faults.append((("models",), 'it lists no model; write [models."NAME"] with input and output'))
    if len(faults) > found:
        return None
    return Prices({name: price for name, price in prices.items() if price is not None}, date)


def age_of(prices: Prices, today: datetime.date | None = None) -> int | None:
    """Days since the prices were written down, or None where their day is unknown."""
    if prices.date is None:
        return None
    return ((today or datetime.date.today()) - prices.date).days


def staleness(prices: Prices, today: datetime.date | None = None) -> str | None:
    """A sentence where the prices are older than `STALE_DAYS`, else None."""
    age = age_of(prices, today)
    if age is None or age <= STALE_DAYS:
        return None
    return f"the prices are of {prices.date}, {age} days ago; see whether they still hold"


def _models(values: Any, faults: Faults) -> Mapping[str, Any]:
    if not isinstance(values, Mapping):
        faults.append(((), "it must be a table with the key 'models'"))
        return {}
    faults += [
        ((key,), f"unknown key '{key}'{did_you_mean(key, ['models'])}") for key in values if key not in _TOP
    ]
    models = values.get("models", {})
    if not isinstance(models, Mapping):
        faults.append((("models",), "'models' must be a table of models"))
        return {}
    return models


def _date(value: Any, faults: Faults) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if value is None or isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        faults.append((("date",), f"'date' must be a day such as 2026-11-01, got {value!r}"))
        return None


def _price(name: str, fields: Any, faults: Faults) -> Price | None:
    place = ("models", name)
    if not isinstance(fields, Mapping):
        faults.append(
            (place, f"model '{name}': give it input and output, in US dollars for a million tokens")
        )
        return None
    found = len(faults)
    faults += [
        ((*place, key), f"model '{name}': unknown key '{key}'{did_you_mean(key, _KEYS)}")
        for key in fields
        if key not in _KEYS
    ]
    for key in _KEYS:
        if key not in fields:
            faults.append((place, f"model '{name}': '{key}' is missing"))
        elif not _is_price(fields[key]):
            sentence = f"model '{name}': '{key}' must be a number of 0 or more, got {fields[key]!r}"
            faults.append(((*place, key), sentence))
    return (
        None if len(faults) > found else Price(input=float(fields["input"]), output=float(fields["output"]))
    )


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
