"""The command line. Data goes to standard output, talk to standard error."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    from .app import run

    sys.exit(run(sys.argv[1:]))
