"""Evaluation: datasets, runs, measures and the comparison of strategies."""

from .calibrate import Calibrated, acalibrate, calibrate
from .compare import acompare, compare
from .comparison import Comparison, Row
from .dataset import Dataset
from .forecast import Forecast, forecast
from .measures import DEFAULT_MEASURES, Evaluation, Measures
from .noise import Difference, difference
from .progress import Progress
from .runs import read_run, run_file_name, write_run
from .seconds import Seconds

__all__ = [
    "DEFAULT_MEASURES",
    "Calibrated",
    "Comparison",
    "Dataset",
    "Difference",
    "Evaluation",
    "Forecast",
    "Measures",
    "Progress",
    "Row",
    "Seconds",
    "acalibrate",
    "acompare",
    "calibrate",
    "compare",
    "difference",
    "forecast",
    "read_run",
    "run_file_name",
    "write_run",
]
