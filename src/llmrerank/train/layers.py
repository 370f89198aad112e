"""Fewer layers: a faster model that starts with what the base has learned."""

from __future__ import annotations

from typing import Any

from llmrerank.errors import ConfigError

__all__ = ["kept_layers", "prune"]


def kept_layers(layers: int, keep: int) -> tuple[int, ...]:
    """Which layers stay, from 0: evenly spread, the first and the last among them; one alone is the first.

    Of 6 layers 3 are 0, 2 and 5 (2.5 is rounded to the even 2).

    Raises:
        ConfigError: More are wanted than there are.

    Source: spreading them is what DistilBERT does, Sanh et al., 1910.01108.
    """
    if not 1 <= keep <= layers:
        raise ConfigError(f"layers must be from 1 to {layers}, which the base has, got {keep}")
    if keep == 1:
        return (0,)
    return tuple(round(place * (layers - 1) / (keep - 1)) for place in range(keep))


def prune(network: Any, keep: int) -> tuple[int, ...]:
    """Take layers out of a transformer, in place, with what its configuration says of them.

    Args:
        network: A model of transformers.
        keep: Layers that stay.

    Returns:
        Which ones, from 0, of those that it had.

    Raises:
        ConfigError: There are not so many, or it is not plain which modules are its layers.
    """
    from torch.nn import ModuleList

    config = network.config
    there = int(config.num_hidden_layers)
    kept = kept_layers(there, keep)
    stacks = [
        module for module in network.modules() if isinstance(module, ModuleList) and len(module) == there
    ]
    if len(stacks) != 1:
        raise ConfigError(
            f"the layers of a {config.model_type} model cannot be told from its other parts; "
            "leave the number of layers away"
        )
    [stack] = stacks
    for place in reversed(range(there)):
        if place not in kept:
            del stack[place]
    config.num_hidden_layers = keep
    types = getattr(config, "layer_types", None)
    if isinstance(types, list) and len(types) == there:
        config.layer_types = [types[place] for place in kept]
    return kept
