"""The experiment file: a whole comparison in one TOML text that `llmrerank compare FILE` runs again."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from .clients.address import Address
from .hidden import without_secrets
from .limits import Prices
from .resolution import Resolved
from .toml_text import quoted, section

__all__ = ["experiment_text"]

_LEFT_OUT = ("strategy", "endpoint", "cache", "record", "replay", "prices")
"""What says where answers are kept, or is said by something else here."""


def experiment_text(
    compare: Mapping[str, Any],
    resolved: Resolved,
    *,
    strategies: Mapping[str, str] | None = None,
    date: datetime.date | None = None,
) -> str:
    """Write the experiment file of a comparison, without keys: only the name of the variable that holds one.

    Args:
        compare: By the keys of `COMPARE_KEYS`; None is left out. Paths should be absolute.
        resolved: The settings; those that are not a default are written, wherever they came from.
        strategies: Pipelines by the names that users gave them.
        date: Day of the comparison, written as a comment.
    """
    lines = ["# Run again with: llmrerank compare FILE"]
    if date is not None:
        lines.append(f"# Compared on {date.isoformat()}.")
    lines += section("compare", compare)
    lines += section("defaults", _settings(resolved))
    lines += section("strategies", strategies or {})
    lines += _prices(resolved.prices)
    return "\n".join(lines) + "\n"


def _settings(resolved: Resolved) -> dict[str, Any]:
    found = {
        name: chosen.value
        for name, chosen in resolved.values.items()
        if name not in _LEFT_OUT and chosen.origin.kind != "default"
    }
    if found.get("base_url"):
        found["base_url"] = Address.of(found["base_url"]).shown
    if found.get("extra_body"):
        found["extra_body"] = without_secrets(found["extra_body"])
    if found.get("examples"):
        found["examples"] = [(one.query, one.document, one.label) for one in found["examples"]]
    if not found.get("api_key_env", "x"):
        del found["api_key_env"]  # what an endpoint without a key has is no variable
    return found


def _prices(prices: Prices) -> list[str]:
    if not prices.by_model:
        return []
    lines = section("prices", {"date": prices.date})
    for model, price in prices.by_model.items():
        lines += section(f"prices.models.{quoted(model)}", {"input": price.input, "output": price.output})
    return lines
