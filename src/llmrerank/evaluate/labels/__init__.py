"""Making judgements: pools of what strategies found, graded blind by an LLM or by a person."""

from .agreement import Agreement
from .forecast import LabelForecast, forecast_labels
from .journal import Journal
from .judgement import PERSON, Judgement, Pair
from .labelled import Labelled
from .labelling import LabelProgress, alabel, label
from .pool import Pooled, apool, pool, stored_runs
from .provenance import Provenance, contestant_warning, labelled_by
from .sitting import BINARY, GRADES, Sitting, sitting_at
from .written import check_label_ids, journal_of, refuse_foreign, write_labels

__all__ = [
    "BINARY",
    "GRADES",
    "PERSON",
    "Agreement",
    "Journal",
    "Judgement",
    "LabelForecast",
    "LabelProgress",
    "Labelled",
    "Pair",
    "Pooled",
    "Provenance",
    "Sitting",
    "alabel",
    "apool",
    "check_label_ids",
    "contestant_warning",
    "forecast_labels",
    "journal_of",
    "label",
    "labelled_by",
    "pool",
    "refuse_foreign",
    "sitting_at",
    "stored_runs",
    "write_labels",
]
