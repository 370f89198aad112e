"""Strategies: registered recipes of algorithm, judge and defaults."""
