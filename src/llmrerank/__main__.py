"""`python -m llmrerank` is the command line."""

from llmrerank.cli import main

main()
