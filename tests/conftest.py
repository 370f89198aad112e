"""What every test stands on: no settings of whoever runs it, no model hub, no clock in property tests."""

import os
import signal

import hypothesis
import pytest

# Read when haystack is first imported: without it a file is written to the home folder and runs are reported.
os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")

# A slow machine is no failure; what a property says does not depend on seconds.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# A shell starts what runs in its background with Ctrl-C ignored, and so would be every process of a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

KEYS = ("OPENAI_API_KEY", "COHERE_API_KEY", "CO_API_KEY", "JINA_API_KEY", "VOYAGE_API_KEY")
SETTINGS = (*KEYS, "OPENAI_BASE_URL", "COLUMNS", "NO_COLOR")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    """Nobody's keys, endpoint, configuration or cache; subprocesses inherit it."""
    for name in (*SETTINGS, *(name for name in os.environ if name.startswith("LLMRERANK_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path_factory.getbasetemp() / "irds"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
