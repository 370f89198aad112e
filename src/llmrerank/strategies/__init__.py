"""Strategies: what a user names. Registered recipes of an algorithm, a judge and their defaults."""

from .recipe import Recipe, Strategy, strategy

__all__ = ["Recipe", "Strategy", "strategy"]
