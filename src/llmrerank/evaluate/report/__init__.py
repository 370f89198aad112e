"""A comparison as one HTML file that needs nothing else: no server, no network, no script to be read."""

from .rendering import render, write_report

__all__ = ["render", "write_report"]
