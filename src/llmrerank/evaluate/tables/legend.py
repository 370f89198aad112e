"""What stands below a table: how to read its marks."""

from __future__ import annotations

from llmrerank.counted import counted
from llmrerank.evaluate.comparison import Comparison
from llmrerank.harmless import harmless

from .cells import best_rows, marks

__all__ = ["legend"]


def legend(comparison: Comparison, *, bold: bool = True) -> str:
    """Sentences that say what the bold figures and the marks of a table mean.

    They name what is compared, from which grade a document was relevant, and, where a row is marked, the
    test behind the marks.

    Args:
        comparison: What the table shows.
        bold: Whether the table shows the best figures bold, where there are any.
    """
    said = [f"{harmless(comparison.dataset)}, {counted(comparison.queries, 'query')}"]
    if comparison.judged:
        said.append(f"relevant from grade {comparison.relevance}")
    said.append("seconds for one query")
    sentences = ["; ".join(said)]
    if not comparison.judged:
        if comparison.agreement:
            sentences.append(
                f"Nothing is judged: overlap and RBO with {_baseline(comparison)} say how alike rows are, "
                "not how good"
            )
        return ". ".join(sentences) + "."
    if bold and any(best_rows(comparison).values()):
        sentences.append("Best in bold")
    if any(marks(contrast) for row in comparison.rows for contrast in row.versus.values()):
        sentences.append(
            f"* p < 0.05, ** p < 0.01 against {_baseline(comparison)} by a paired randomisation test, "
            "adjusted for the number of rows (Holm)"
        )
    return ". ".join(sentences) + "."


def _baseline(comparison: Comparison) -> str:
    return harmless(comparison.rows[comparison.baseline].pipeline) if comparison.rows else "the baseline"
