"""A key that goes over a network in plain text is said in the trace."""

import httpx
import pytest
import respx

import httpcore2_mocker  # noqa: F401 - registers respx's mocker
from llmrerank import Reranker
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import completion


@pytest.mark.parametrize(
    ("url", "key", "warned"),
    [
        ("http://models.test/v1", "sk-0123456789", True),
        ("http://models.test/v1", None, False),
        ("https://models.test/v1", "sk-0123456789", False),
    ],
)
@pytest.mark.parametrize("model", ["m", None])
def test_a_key_in_plain_text_is_warned_of(url, key, warned, model):
    with respx.mock(using="httpcore2", base_url=url, assert_all_called=False) as router:
        router.post("/chat/completions").mock(return_value=httpx.Response(200, json=completion("[2] > [1]")))
        router.get("/models").mock(return_value=httpx.Response(200, json={"data": [{"id": "m"}]}))
        settings = Settings(base_url=url, api_key=key, model=model)
        with Reranker("full", settings=settings) as reranker:
            ranking = reranker.rank("q", ["a", "b"])
    told = [sentence for sentence in ranking.trace.warnings if "plain text" in sentence]
    assert len(told) == warned
    assert all("http://models.test/v1" in one and "https" in one for one in told)
