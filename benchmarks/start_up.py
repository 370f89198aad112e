"""Start-up: `import llmrerank` against three modules of the standard library, and `llmrerank --help`.

Both sides alternate in one run, each in a process of its own; medians and their ratio are printed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

ROUNDS = 15


def seconds(*arguments: str) -> float:
    """Wall-clock seconds of one process."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    plain, ours, help_page = [], [], []
    for _ in range(ROUNDS):
        plain.append(seconds("-c", "import dataclasses, typing, enum"))
        ours.append(seconds("-c", "import llmrerank"))
        help_page.append(seconds("-m", "llmrerank", "--help"))
    base, mine, page = map(statistics.median, (plain, ours, help_page))
    print(f"import dataclasses, typing, enum   {base * 1000:6.1f} ms")
    print(f"import llmrerank                   {mine * 1000:6.1f} ms   ratio {mine / base:.2f} (at most 2)")
    print(f"llmrerank --help                   {page * 1000:6.1f} ms   (at most 400)")


if __name__ == "__main__":
    main()
