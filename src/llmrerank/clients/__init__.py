"""Clients carry calls: the only rooms that touch a socket or a model. One method; they wrap each other."""

from .client import Client, Identity

__all__ = ["Client", "Identity"]
