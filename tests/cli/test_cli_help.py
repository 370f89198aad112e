import re
import subprocess
import sys

import pytest

import llmrerank
from llmrerank.cli.app import app
from llmrerank.cli.exits import Exit

COMMANDS = [
    ["rank"],
    ["search"],
    ["batch"],
    ["compare"],
    ["label"],
    ["judge"],
    ["diff"],
    ["audit"],
    ["explain"],
    ["calibrate"],
    ["train"],
    ["distil"],
    ["route"],
    ["plan"],
    ["router", "fit"],
    ["router", "evaluate"],
    ["index", "add"],
    ["index", "delete"],
    ["index", "stats"],
    ["doctor"],
    ["redteam"],
    ["config"],
    ["endpoint"],
    ["show", "strategies"],
    ["show", "models"],
    ["show", "prompts"],
    ["show", "prompt"],
    ["show", "trace"],
    ["cache", "stats"],
    ["cache", "prune"],
    ["cache", "clear"],
]
TALLEST, WIDEST = 52, 100


@pytest.mark.parametrize("words", [[], ["show"], ["router"], ["index"], ["cache"], *COMMANDS], ids=" ".join)
def test_help_fits_a_screen_and_leads_with_an_example(cli, words):
    ended = cli(*words, "--help")
    assert ended.code == Exit.DONE
    lines = ended.out.splitlines()
    assert len(lines) <= TALLEST
    assert max(map(len, lines)) <= WIDEST
    if words not in (["show"], ["router"], ["index"], ["cache"]):
        before = lines[: next(place for place, line in enumerate(lines) if re.match(r"[A-Z]\w+:$", line))]
        assert any(line.startswith("  ") and "llmrerank" in line for line in before)


def test_without_words_help_is_printed(cli):
    assert cli().out == cli("--help").out
    assert cli("show").out == cli("show", "--help").out
    assert cli().code == cli("cache").code == Exit.DONE


def test_the_version_is_all_that_is_printed(cli):
    ended = cli("--version")
    assert (ended.code, ended.out, ended.err) == (Exit.DONE, f"{llmrerank.__version__}\n", "")


@pytest.mark.parametrize("words", [[], ["show"], ["router"], ["index"], ["cache"]], ids=" ".join)
def test_a_list_of_commands_says_in_whole_clauses_what_each_does(cli, words):
    listed = cli(*words, "--help").out.partition("Commands:\n")[2].splitlines()
    assert all(re.fullmatch(r"  [a-z]+ +[A-Z][^.:;]{15,}\.", line) for line in listed), listed


def test_every_documented_command_is_there(cli):
    text = cli("--help").out
    for name in ("rank", "search", "compare", "show", "doctor", "cache", "endpoint"):
        assert f"\n  {name} " in text
    assert app is not None


def test_every_calling_command_takes_the_common_flags(cli):
    flags = (
        "--model --base-url --api-key-env --instruction --parallel --seed --cache --retries --timeout "
        "--deadline --max-calls --max-tokens --max-cost --prices --answer-tokens --dry-run --json "
        "-v -q --debug"
    )
    for command in ("rank", "search", "compare"):
        text = cli(command, "--help").out
        assert [flag for flag in flags.split() if not re.search(rf"  {flag}\s", text)] == []


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom llmrerank.cli.app import run\nrun(['rank', '--help'])\n"
        "heavy = {'numpy', 'torch', 'openai', 'httpx', 'httpx2', 'tiktoken', 'rich', 'bm25s', 'asyncio',"
        " 'anyio', 'xllamacpp', 'sentence_transformers'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_the_module_is_the_command_line_too():
    done = subprocess.run(
        [sys.executable, "-m", "llmrerank", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == llmrerank.__version__
