import pytest

from llmrerank.cli.exits import Exit
from llmrerank.testing.stub_server import StubResponse, StubServer, completion

KEY = "sk-very-secret-123"


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_without_an_endpoint_nothing_is_asked(cli):
    ended = cli("doctor")
    assert ended.code == Exit.DONE
    for part in (
        "base install: ",
        "extra [local]: ",
        "bi-encoder: ",
        "prompts: ",
        "cache: ",
        "tokens: counted by",
    ):
        assert part in ended.out
    assert "endpoint: none given" in ended.out
    assert "offline by HF_HUB_OFFLINE" in ended.out


def test_json_has_a_schema(cli):
    found = cli("doctor", "--json").json
    assert found["schema"] == 1
    assert found["endpoint"] is None
    assert found["extras"]["llm"]["install"] == 'pip install "llmrerank[llm]"'
    assert found["packages"]["typer"]


def test_keys_are_present_and_never_shown(cli, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with StubServer(lambda _: "yes") as server:
        for more in ([], ["--json"], ["-v"]):
            ended = cli("doctor", "--base-url", server.base_url, *more)
            assert "OPENAI_API_KEY" in ended.out
            assert KEY not in ended.out + ended.err


def test_two_tiny_calls_show_what_the_endpoint_can_do(cli):
    def answer(body):
        if body.get("logprobs") and "seed" in body:
            return StubResponse(
                status=400, body={"error": {"message": "Unsupported parameter: seed", "param": "seed"}}
            )
        if body.get("logprobs"):
            top = [{"token": "yes", "logprob": -0.1, "bytes": None}]
            first = {"token": "yes", "logprob": -0.1, "bytes": None, "top_logprobs": top}
            whole = completion("yes")
            whole["choices"][0]["logprobs"] = {"content": [first]}
            return whole
        return '{"yes": true}'

    with StubServer(answer) as server:
        ended = cli("doctor", "--base-url", server.base_url, "--json")
        assert len(server.requests) <= 3
    able = ended.json["endpoint"]["capabilities"]
    assert ended.code == Exit.DONE
    assert ended.json["endpoint"]["models"] == ["stub"]
    assert (able["logprobs"], able["seed"], able["json_schema"]) == (True, False, True)


def test_with_many_models_none_is_called(cli):
    with StubServer(lambda _: "yes", models=("a", "b")) as server:
        ended = cli("doctor", "--base-url", server.base_url)
        assert server.requests == []
    assert ended.code == Exit.DONE
    assert "serves a, b" in ended.out
    assert "--model" in ended.out


def test_an_endpoint_that_is_down_ends_with_3(cli):
    ended = cli("doctor", "--base-url", "http://127.0.0.1:9/v1")
    assert ended.code == Exit.PROVIDER
    assert "cannot reach http://127.0.0.1:9/v1" in ended.out


def test_the_environment_names_the_endpoint_too(cli, monkeypatch):
    with StubServer(lambda _: "yes") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        found = cli("doctor", "--json").json["endpoint"]
    assert found["given_by"] == "OPENAI_BASE_URL"
    assert found["error"] is None


def test_a_key_that_went_in_plain_text_is_said(cli, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    with StubServer(lambda _: "yes") as server:
        near = cli("doctor", "--base-url", server.base_url)
        # To our own address library an unspecified address is any host; to the system it is this machine.
        far = cli("doctor", "--base-url", server.base_url.replace("127.0.0.1", "0.0.0.0"))
    assert "the key went over the network in plain text" in far.out
    assert "plain text" not in near.out
    assert "sk-planted" not in near.out + near.err + far.out + far.err


def test_a_broken_prompt_folder_is_unusable(cli, tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "listwise.toml").write_text("form = 3\n")
    assert cli("doctor").code == Exit.USAGE


def test_a_cache_that_is_none_is_told(cli, tmp_path):
    folder = tmp_path / "home-cache" / "llmrerank"
    folder.mkdir(parents=True)
    (folder / "calls.sqlite").write_text("no database at all, but long enough to be looked at\n" * 50)
    ended = cli("doctor")
    assert ended.code == Exit.DONE
    assert "calls.sqlite" in ended.out
