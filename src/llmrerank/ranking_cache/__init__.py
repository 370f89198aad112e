"""Whole rankings, kept: a repeated query over the same candidates is one look-up.

`key` says what decides a ranking, `kept` what is kept of it, `store` joins the tiers (memory over the cache's
file over Redis), and `recall` stands between a door and its course.
"""

from .candidates import Candidates
from .recall import Recall, Request

__all__ = ["Candidates", "Recall", "Request"]
