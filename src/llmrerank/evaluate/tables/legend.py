"""What stands below a table: how to read its marks."""

from __future__ import annotations

from llmrerank.evaluate.comparison import Comparison
from llmrerank.harmless import harmless

from .cells import marks

__all__ = ["legend"]


def legend(comparison: Comparison) -> str:
    """Sentences that say what the bold figures and the marks of a table mean.

    They name what is compared, from which grade a document was relevant, and, where a row is marked, the
    test behind the marks.
    """
    queries = f"{comparison.queries} {'query' if comparison.queries == 1 else 'queries'}"
    said = [f"{harmless(comparison.dataset)}, {queries}"]
    if comparison.judged:
        said.append(f"relevant from grade {comparison.relevance}")
    said.append("seconds for one query")
    sentences = ["; ".join(said)]
    if not comparison.judged:
        sentences.append(
            f"Nothing is judged: overlap and RBO with {_baseline(comparison)} say how alike rows are, "
            "not how good"
        )
        return ". ".join(sentences) + "."
    sentences.append("Best in bold")
    if any(marks(contrast) for row in comparison.rows for contrast in row.versus.values()):
        sentences.append(
            f"* p < 0.05, ** p < 0.01 against {_baseline(comparison)} by a paired randomisation test, "
            "adjusted for the number of rows (Holm)"
        )
    return ". ".join(sentences) + "."


def _baseline(comparison: Comparison) -> str:
    return harmless(comparison.rows[comparison.baseline].pipeline) if comparison.rows else "the baseline"
