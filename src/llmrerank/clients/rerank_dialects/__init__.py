"""Rerank endpoints: how each family of them is asked, recognised and read."""
