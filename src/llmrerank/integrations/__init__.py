"""Adapters to retrieval frameworks, one module each: the only places that import them."""
