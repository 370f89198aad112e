"""Attacks on rerankers, planted and measured: what a hostile document gains, and what a defence is worth."""

from .defences import DEFENCES
from .forecast import forecast_of
from .measure import ameasure, measure, run_plan
from .measurement import Measurement
from .plan import Plan, plan_of
from .planting import PLACES, Place, instructed, neutral, planted
from .report import Report, report_of
from .suite import ATTACKS, FAMILIES, Attack, Split

__all__ = [
    "ATTACKS",
    "DEFENCES",
    "FAMILIES",
    "PLACES",
    "Attack",
    "Measurement",
    "Place",
    "Plan",
    "Report",
    "Split",
    "ameasure",
    "forecast_of",
    "instructed",
    "measure",
    "neutral",
    "plan_of",
    "planted",
    "report_of",
    "run_plan",
]
