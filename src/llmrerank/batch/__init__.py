"""Many rankings from a file to a file, so that a job that was cut short goes on where it stopped."""

from .job import Batch, Counts
from .questions import Asked, read_questions

__all__ = ["Asked", "Batch", "Counts", "read_questions"]
