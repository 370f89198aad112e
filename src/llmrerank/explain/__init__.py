"""Why a document stands where it does: what every stage made of it, what the model saw, what it answered."""

from .account import Account, Explanation, Meeting, Reason, Rival, Sight, Stand, Terms
from .ranked_again import aexplain, explain

__all__ = [
    "Account",
    "Explanation",
    "Meeting",
    "Reason",
    "Rival",
    "Sight",
    "Stand",
    "Terms",
    "aexplain",
    "explain",
]
