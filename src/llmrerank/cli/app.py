"""The command line as a whole: which commands there are, and how a run of it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import typer

from .argv import normalise
from .audit import audit
from .batch import batch
from .cache import clear, prune, stats
from .calibrate import calibrate
from .check import UsageError, faults_of
from .command import command
from .compare import compare
from .config import config
from .diff import diff
from .distil import distil
from .doctor import doctor
from .endpoint import endpoint
from .exits import Exit
from .explain import explain
from .failures import report, say
from .index import add as add_to_index
from .index import delete as delete_from_index
from .index import stats as index_stats
from .judge import judge
from .label import label
from .layout import Command, Group
from .plan import plan
from .rank import rank
from .redteam import redteam
from .route import route
from .router import evaluate as evaluate_router
from .router import fit as fit_router
from .search import search
from .show_models import models
from .show_prompts import prompt, prompts
from .show_strategies import strategies
from .show_trace import trace
from .train import train

__all__ = ["app", "run"]

ABOUT = """\b
Retrieve fast, rerank well. Try it on a few lines of text, no key and no download:

\b
  printf 'Cats purr.\\nDogs bark.\\n' | llmrerank rank --query "what barks" --docs - --strategy bm25

\b
Then put an LLM in its place: --strategy listwise --model NAME --base-url URL.
Exit codes: 0 done, 1 failed, 2 usage, 3 provider, 4 degraded, 5 budget reached, 130 interrupted.
"""


def _version(wanted: bool) -> None:
    if wanted:
        from llmrerank import __version__

        print(__version__)
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_version, help="Print the version and nothing else."
    ),
) -> None:
    """Nothing of its own: the commands do the work."""


def _group(**more: Any) -> typer.Typer:
    return typer.Typer(cls=Group, rich_markup_mode=None, pretty_exceptions_enable=False, **more)


app = _group(
    name="llmrerank",
    help=ABOUT,
    callback=_root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
_show = _group(help="Show strategies, models, prompts and traces.", add_completion=False)
_cache = _group(help="Look into the cache, keep it small, or empty it.", add_completion=False)

_index = _group(help="An index on disk that documents are added to and deleted from.", add_completion=False)
_router = _group(help="Learn when a dearer arm of a route is worth it, and judge that.", add_completion=False)

_function: Callable[..., Exit | None]
for _name, _function in (
    ("rank", rank),
    ("search", search),
    ("batch", batch),
    ("compare", compare),
    ("label", label),
    ("judge", judge),
    ("diff", diff),
    ("audit", audit),
    ("explain", explain),
    ("route", route),
    ("plan", plan),
    ("calibrate", calibrate),
    ("train", train),
    ("distil", distil),
):
    app.command(_name, cls=Command)(command(_function))
for _name, _function in (
    ("strategies", strategies),
    ("models", models),
    ("prompts", prompts),
    ("prompt", prompt),
    ("trace", trace),
):
    _show.command(_name, cls=Command)(command(_function))
for _name, _function in (("stats", stats), ("prune", prune), ("clear", clear)):
    _cache.command(_name, cls=Command)(command(_function))
for _name, _function in (("fit", fit_router), ("evaluate", evaluate_router)):
    _router.command(_name, cls=Command)(command(_function))
for _name, _function in (
    ("add", add_to_index),
    ("delete", delete_from_index),
    ("stats", index_stats),
):
    _index.command(_name, cls=Command)(command(_function))
app.add_typer(_router, name="router")
app.add_typer(_index, name="index")
app.add_typer(_show, name="show")
for _name, _function in (
    ("doctor", doctor),
    ("redteam", redteam),
    ("config", config),
    ("endpoint", endpoint),
):
    app.command(_name, cls=Command)(command(_function))
app.add_typer(_cache, name="cache")


def run(words: Sequence[str]) -> int:
    """Run the command line with these words and return its exit code. Never raises."""
    words = normalise(words)
    path = "llmrerank"
    try:
        tree: Any = typer.main.get_command(app)
        path, faults, bare = _looked_over(tree, words)
        if faults:
            return _refuse(faults, path)
        ended = tree.main(
            args=[*words, "--help"] if bare else words, prog_name="llmrerank", standalone_mode=False
        )
    except UsageError as error:
        return _refuse([error.format_message().rstrip(".")], path)
    except SystemExit as stop:  # typer's own end, where the reader of its help has gone
        return stop.code if isinstance(stop.code, int) else Exit.FAILED
    except (Exception, KeyboardInterrupt) as error:
        return report(error, debug="--debug" in words)
    return int(ended or 0)


def _looked_over(tree: Any, words: Sequence[str]) -> tuple[str, list[str], bool]:
    """The command that these words name, what is wrong with its options, and whether one is missing yet."""
    rest = list(words)
    path = "llmrerank"
    context = tree.context_class(tree, info_name=path, **tree.context_settings)
    while rest and rest[0] in getattr(tree, "commands", {}):
        name = rest.pop(0)
        path = f"{path} {name}"
        tree = tree.commands[name]
        context = tree.context_class(tree, info_name=name, parent=context)
    if hasattr(tree, "commands"):
        return path, [], not rest
    return path, faults_of(tree, rest, context), False


def _refuse(faults: Sequence[str], path: str) -> int:
    """One sentence for all that is wrong with the options, and where to read on."""
    say("; ".join(faults), f"{path} --help")
    return Exit.USAGE
