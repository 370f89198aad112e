"""Judges: pure language. One slate of documents in, calls out, replies back, an opinion at the end.

A judge is a generator over calls, so it never waits and never sees a socket; whoever runs it carries them.
Judges and algorithms are neighbours that cannot see each other.
"""

from .opinion import Carrier, Inquiry, Judge, Opinion, Question

__all__ = ["Carrier", "Inquiry", "Judge", "Opinion", "Question"]
