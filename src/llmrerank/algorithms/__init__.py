"""Algorithms: which documents to compare, and what to conclude. Positions and numbers only."""
