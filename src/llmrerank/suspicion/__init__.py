"""Texts that look like an attack on whoever ranks them: what is suspicious about them, where, and why.

A reranker that reads can be talked to: a passage may order it about, forge a label or an answer, say what
counts as relevant, or hide all that from people. Nothing here decides what becomes of such a text; it is
named. The signs are tables (`vocabulary.toml`, `forms.toml`), the rest is pure functions of one text.
"""

from .detect import LONGEST, MOST, fields_of, suspicions, suspicions_of
from .suspicion import KINDS, Suspicion

__all__ = ["KINDS", "LONGEST", "MOST", "Suspicion", "fields_of", "suspicions", "suspicions_of"]
