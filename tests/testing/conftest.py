from collections.abc import Iterator

import pytest

from llmrerank.clients import retry
from llmrerank.clients.capabilities import forget


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test starts without knowledge of any endpoint, and the wait before a second try is short."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JINA_API_KEY", "none")
    monkeypatch.setattr(retry, "_FIRST_WAIT", 0.002)
    forget()
    yield
    forget()
