"""`docs/configuration.md` tells the truth: its files are read, its tables are complete, its code runs."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import llmrerank
from llmrerank import config
from llmrerank.cli.app import run
from llmrerank.cli.exits import Exit
from llmrerank.clients.address import Address
from llmrerank.config_file import NAME
from llmrerank.knobs import KNOBS
from llmrerank.testing.stub_server import StubServer

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
if not PAGE.exists():
    pytest.skip("the documentation is not at hand", allow_module_level=True)
TEXT = PAGE.read_text(encoding="utf-8")
FILES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
SNIPPETS = re.findall(r"```toml\n(\[endpoints\..*?)```\n```\n(.*?)```", TEXT, re.DOTALL)
PROVIDERS = {
    "openai": "https://api.openai.com/v1",
    "vllm": "http://localhost:8000/v1",
    "ollama": "http://localhost:11434/v1",
    "llama-server": "http://127.0.0.1:8080/v1",
    "lm-studio": "http://localhost:1234/v1",
    "litellm": "http://localhost:4000/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "azure": "https://YOUR-RESOURCE-NAME.openai.azure.com/openai/v1",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    config.Config().register()


def name_of(snippet):
    [name] = tomllib.loads(snippet[0])["endpoints"]
    return name


def test_the_example_is_a_file_that_works(tmp_path):
    (tmp_path / NAME).write_text(FILES[0])
    found = config.load()
    settings = found.settings()
    assert (settings.model, settings.timeout, settings.limits.seconds) == ("qwen3", 300.0, 20.0)
    assert found.settings(endpoint="hosted").effort == "minimal"
    assert found.resolve()["strategy"] == "mine"


def test_there_is_a_snippet_for_each_provider():
    assert [name_of(snippet) for snippet in SNIPPETS] == list(PROVIDERS)
    assert len(FILES) == 1 + len(SNIPPETS)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=name_of)
def test_a_snippet_is_read_and_its_command_asks_that_endpoint(snippet, tmp_path, monkeypatch, capsys):
    """The command line as it is printed, over a file with the printed section, planned and not sent."""
    section, command = snippet
    name = name_of(snippet)
    (tmp_path / NAME).write_text(section)
    (tmp_path / "docs.txt").write_text("Cats purr.\nDogs bark.\n")
    settings = config.load().settings(endpoint=name)
    assert Address.of(settings.base_url).shown == PROVIDERS[name].replace(
        "YOUR-RESOURCE-NAME", name_case(name)
    )
    words = shlex.split(command.replace("--query Q --docs FILE", "--query Q --docs docs.txt"))
    assert words[0] == "llmrerank"
    assert f"--endpoint {name}" in command
    assert run([*words[1:], "--dry-run", "--json"]) == Exit.DONE
    assert f'"model": {"null" if settings.model is None else chr(34) + settings.model + chr(34)}' in (
        capsys.readouterr().out
    )


def name_case(name):
    return "your-resource-name" if name == "azure" else name


def test_an_address_with_a_path_and_a_slash_at_its_end_is_called_right(tmp_path, monkeypatch, capsys):
    """The shape of Azure's v1 address, over loopback, key and deployment name included."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key")
    (tmp_path / "docs.txt").write_text("Cats purr.\nDogs bark.\n")
    [azure] = [section for section, _ in SNIPPETS if "azure" in section]
    with StubServer(lambda _: "[2] > [1]") as server:
        address = server.base_url.removesuffix("/v1") + "/openai/v1/"
        (tmp_path / NAME).write_text(re.sub(r'"https://[^"]+"', f'"{address}"', azure))
        words = ["--query", "bark", "--docs", "docs.txt", "--strategy", "listwise", "--endpoint", "azure"]
        assert run(["rank", *words]) == Exit.DONE
        assert [request["model"] for request in server.requests] == ["my-deployment"]
    assert capsys.readouterr().out.startswith("1 ↑1 · Dogs bark.")


def test_the_table_of_settings_is_complete():
    row = r"^\| `(\w+)` \| (?:`(\w+)`(?: \(JSON\))?|only in the file) \| [^|]+ \| ([^|]+) \|$"
    told = {name: rest for name, *rest in re.findall(row, TEXT, re.MULTILINE)}
    assert told == {name: [knob.variable, knob.summary] for name, knob in KNOBS.items()}


def test_every_variable_that_is_read_is_told():
    package = Path(llmrerank.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    named = r"\b(?:(?:LLMRERANK|XDG|HF|TRANSFORMERS|TIKTOKEN|OPENAI)_[A-Z_]+[A-Z]|[A-Z]+_API_KEY)\b"
    constants = {"HF_HUB_DISABLE_PROGRESS_BARS"}  # of the hub's library, not read by ours
    assert {name for name in re.findall(named, source) if name not in TEXT} == constants


def test_its_code_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / NAME).write_text("[strategies]\nmine = 'bm25 % 3'\n")
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert ended.stdout == "4\n"
