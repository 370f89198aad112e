"""Evaluation: datasets, runs, measures and the comparison of strategies."""
