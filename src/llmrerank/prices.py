"""Price files: US dollars for a million tokens, by model.

```toml
[models."gpt-x-mini"]
input = 0.25
output = 2.00
```

The same in JSON: `{"models": {"gpt-x-mini": {"input": 0.25, "output": 2.0}}}`.
"""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

from .errors import ConfigError, did_you_mean
from .limits import Price, Prices

__all__ = ["read_prices"]

_KEYS = ("input", "output")


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
    faults: list[str] = []
    models = _models(values, faults)
    prices = {name: _price(name, fields, faults) for name, fields in models.items()}
    if not faults and not prices:
        faults.append('it lists no model; write [models."NAME"] with input and output')
    if faults:
        raise ConfigError(f"price file {path}: " + "; ".join(faults))
    return Prices({name: price for name, price in prices.items() if price is not None})


def _models(values: Any, faults: list[str]) -> dict[str, Any]:
    if not isinstance(values, dict):
        faults.append("it must be a table with the key 'models'")
        return {}
    faults += [f"unknown key '{key}'{did_you_mean(key, ['models'])}" for key in values if key != "models"]
    models = values.get("models", {})
    if not isinstance(models, dict):
        faults.append("'models' must be a table of models")
        return {}
    return models


def _price(name: str, fields: Any, faults: list[str]) -> Price | None:
    if not isinstance(fields, dict):
        faults.append(f"model '{name}': give it input and output, in US dollars for a million tokens")
        return None
    found = len(faults)
    faults += [
        f"model '{name}': unknown key '{key}'{did_you_mean(key, _KEYS)}" for key in fields if key not in _KEYS
    ]
    for key in _KEYS:
        if key not in fields:
            faults.append(f"model '{name}': '{key}' is missing")
        elif not _is_price(fields[key]):
            faults.append(f"model '{name}': '{key}' must be a number of 0 or more, got {fields[key]!r}")
    return (
        None if len(faults) > found else Price(input=float(fields["input"]), output=float(fields["output"]))
    )


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
