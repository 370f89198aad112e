"""What every test stands on: no settings of whoever runs it, no model hub, no clock in property tests."""

import hypothesis
import pytest

# A slow machine is no failure; what a property says does not depend on seconds.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

SETTINGS = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "LLMRERANK_CACHE",
    "LLMRERANK_PRICES",
    "LLMRERANK_SECRET",
    "COLUMNS",
    "NO_COLOR",
)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path_factory):
    """Nobody's keys, endpoint or cache; subprocesses inherit it."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
