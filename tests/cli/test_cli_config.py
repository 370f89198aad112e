"""`llmrerank config`, and what the other commands make of a configuration file."""

import json

import pytest

from llmrerank import config
from llmrerank.cli.exits import Exit
from llmrerank.knobs import KNOBS
from llmrerank.testing.stub_server import StubServer

KEY = "sk-very-secret-0123456789"
# By knob: the words of the flag, and the value that they make.
FLAGS = {
    "strategy": None,  # an option of each command by another name
    "endpoint": ("b", "b"),
    "model": ("m", "m"),
    "base_url": ("http://h:1/v1/", "http://h:1/v1"),
    "api_key_env": ("THE_KEY", "THE_KEY"),
    "instruction": ("i", "i"),
    "examples": None,  # only in the file
    "answer_tokens": ("3", 3),
    "effort": ("low", "low"),
    "extra_body": ('{"top_k": 1}', {"top_k": 1}),
    "parallel": ("3", 3),
    "seed": ("3", 3),
    "cache": ("c.sqlite", "c.sqlite"),
    "cache_age": None,  # of the file and the environment: nobody changes these from command to command
    "cache_size": None,
    "cache_memory": None,
    "redis": None,  # may hold a password
    "record": ("r.jsonl", "r.jsonl"),
    "replay": ("r.jsonl", "r.jsonl"),
    "retries": ("0", 0),
    "timeout": ("3", 3.0),
    "on_error": ("raise", "raise"),
    "deadline": ("0", 0.0),
    "max_calls": ("0", 0),
    "max_tokens": ("3", 3),
    "max_cost": ("3", 3.0),
    "prices": ("p.toml", "p.toml"),
}


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    config.Config().register()


@pytest.fixture
def write(tmp_path):
    def put(text, name="llmrerank.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


FILE = (
    '[defaults]\nendpoint = "local"\nstrategy = "mine"\n'
    '[endpoints.local]\nbase_url = "http://user:hunter2@127.0.0.1:9/v1?key=hidden"\nmodel = "m"\n'
    'api_key_env = "THE_KEY"\nextra_body = { api_key = "sk-in-body", top_k = 1 }\n'
    '[endpoints.b]\nbase_url = "http://127.0.0.1:8/v1"\n'
    '[strategies]\nmine = "bm25 % 2"\n'
    "[prices]\ndate = 2020-01-01\n[prices.models.m]\ninput = 0.5\noutput = 2\n"
)


def test_every_setting_is_shown_with_where_it_came_from(cli, write, monkeypatch):
    path = write(FILE)
    monkeypatch.setenv("LLMRERANK_SEED", "7")
    ended = cli("config", "--parallel", "3", "--json")
    assert ended.code == Exit.DONE
    report = ended.json
    assert report["schema"] == 1
    assert report["file"] == {"path": str(path), "found_by": "the working folder"}
    assert report["settings"].keys() == KNOBS.keys()
    assert report["settings"]["parallel"] == {
        "value": 3,
        "from": {"kind": "flag", "name": "--parallel", "section": None, "line": None},
        "summary": "calls under way at once",
    }
    assert report["settings"]["seed"]["from"] == {
        "kind": "environment",
        "name": "LLMRERANK_SEED",
        "section": None,
        "line": None,
    }
    assert report["settings"]["model"] == {
        "value": "m",
        "from": {"kind": "file", "name": str(path), "section": "endpoints.local", "line": 6},
        "summary": "model that is asked",
    }
    assert report["settings"]["timeout"]["value"] == 120.0
    assert report["settings"]["timeout"]["from"]["kind"] == "default"
    assert report["strategies"] == {"mine": "bm25 % 2"}
    assert report["prices"]["date"] == "2020-01-01"
    assert report["prices"]["days_old"] > 180
    assert report["prices"]["models"] == {"m": {"input": 0.5, "output": 2.0}}
    assert [(name, one["in_use"]) for name, one in report["endpoints"].items()] == [
        ("local", True),
        ("b", False),
    ]
    assert "warning: the prices are of 2020-01-01" in ended.err

    text = cli("config", "--parallel", "3").out
    for line in (
        f"config file: {path} (from the working folder)",
        "endpoint local (in use): http://127.0.0.1:9/v1, m, THE_KEY is not set",
        "endpoint b: http://127.0.0.1:8/v1, no key is sent",
        "strategy mine: bm25 % 2",
    ):
        assert f"{line}\n" in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()}
    assert rows["parallel"] == ["3", "--parallel"]
    assert rows["seed"] == ["7", "LLMRERANK_SEED"]
    assert rows["model"] == ["m", "file,", "[endpoints.local]", "line", "6"]
    assert rows["timeout"] == ["120.0", "default"]


def test_keys_and_passwords_are_never_shown(cli, write, monkeypatch):
    write(FILE)
    monkeypatch.setenv("THE_KEY", KEY)
    for more in ([], ["--json"], ["-vvv"]):
        ended = cli("config", *more)
        assert ended.code == Exit.DONE
        for secret in (KEY, "hunter2", "sk-in-body", "key=hidden"):
            assert secret not in ended.out + ended.err
    assert cli("config", "--json").json["key"] == {"variable": "THE_KEY", "set": True}
    assert "key: THE_KEY is set\n" in cli("config").out
    open_ = cli("config", "--base-url", "http://10.0.0.5/v1", "--api-key-env", "THE_KEY").out
    assert "key: THE_KEY is set and goes over the network in plain text: use https\n" in open_


def test_without_a_file_it_says_where_it_looked(cli, tmp_path):
    ended = cli("config")
    assert f"config file: none; looked for {tmp_path / 'llmrerank.toml'}, " in ended.out
    assert cli("config", "--json").json["file"] is None


def test_a_bad_file_ends_every_command_with_2_and_all_its_faults(cli, write, docs):
    write("[defaults]\nparalel = 3\nseed = 'x'\n")
    rank = ("rank", "--query", "q", "--docs", docs, "--strategy", "bm25")
    for words in (("config",), rank, ("doctor",), ("show", "strategies"), ("cache", "stats")):
        ended = cli(*words)
        assert ended.code == Exit.USAGE
        assert ended.out == ""
        assert "line 2, [defaults]: unknown key 'paralel'; did you mean 'parallel'?" in ended.err
        assert "line 3, [defaults]: 'seed' must be a whole number" in ended.err
    assert cli("config", "--config", "/dev/null").code == Exit.DONE


def test_every_knob_has_its_flag_or_a_reason():
    assert FLAGS.keys() == KNOBS.keys()


@pytest.mark.parametrize("name", [name for name, words in FLAGS.items() if words])
def test_a_flag_wins_over_variable_and_file(cli, write, monkeypatch, name):
    monkeypatch.setenv("THE_KEY", "x")
    write("[models.m]\ninput = 1\noutput = 1\n", "p.toml")
    write('[endpoints.a]\nbase_url = "http://a/v1"\n[endpoints.b]\nbase_url = "http://b/v1"\n')
    other = {"endpoint": "a", "base_url": "http://a/v1", "api_key_env": "HOME", "extra_body": "{}"}
    monkeypatch.setenv(KNOBS[name].variable, other.get(name, "1") if name != "effort" else "high")
    if name in ("on_error", "prices"):
        monkeypatch.setenv(KNOBS[name].variable, {"on_error": "keep", "prices": "none.toml"}[name])
    if name == "max_cost":
        monkeypatch.setenv("LLMRERANK_PRICES", "p.toml")
    word, value = FLAGS[name]
    ended = cli("config", KNOBS[name].flag, word, "--json")
    assert ended.err == ""
    found = ended.json["settings"][name]
    assert (found["value"], found["from"]["name"]) == (value, KNOBS[name].flag)


def test_no_cache_wins_over_every_cache(cli, write, monkeypatch):
    write('[defaults]\ncache = "a.sqlite"\n')
    monkeypatch.setenv("LLMRERANK_CACHE", "b.sqlite")
    assert cli("config", "--no-cache", "--json").json["settings"]["cache"]["value"] is False


def test_a_named_strategy_is_usable_everywhere(cli, write, docs, dataset):
    write('[strategies]\nmine = "bm25 % 2"\n[defaults]\nstrategy = "mine % 1"\n')
    query = ("--query", "dog barks, cats purr, bread")
    assert cli("rank", *query, "--docs", docs, "--strategy", "mine", "--json").json["strategy"] == "bm25 % 2"
    found = cli("search", *query, "--corpus", docs, "--pipeline", "mine", "--json").json
    assert (found["strategy"], len(found["hits"])) == ("bm25 % 2", 2)
    rows = cli("compare", "--dataset", dataset, "--strategies", "mine", "bm25", "--json").json["rows"]
    assert [row["strategy"] for row in rows] == ["mine", "bm25"]
    shown = cli("show", "strategies", "--json").json["strategies"]
    [mine] = [one for one in shown if one["name"] == "mine"]
    assert mine["kind"] == "preset"
    assert "llmrerank.toml" in mine["summary"]


def test_the_default_strategy_stands_in_where_none_is_named(cli, write, docs, dataset):
    write('[strategies]\nmine = "bm25 % 2"\n[defaults]\nstrategy = "mine % 1"\n')
    query = ("--query", "barks")
    assert len(cli("rank", *query, "--docs", docs, "--json").json["hits"]) == 1
    assert len(cli("search", *query, "--corpus", docs, "--json").json["hits"]) == 1
    [row] = cli("compare", "--dataset", dataset, "--json").json["rows"]
    assert row["strategy"] == "mine % 1"


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("rank", "--query", "q", "--docs"), "--strategy"),
        (("search", "--query", "q", "--corpus"), "--pipeline"),
        (("compare", "--dataset"), "--strategies"),
    ],
)
def test_without_any_strategy_the_sentence_says_both_ways_out(cli, docs, words, flag):
    ended = cli(*words, docs)
    assert ended.code == Exit.USAGE
    assert f"{flag} is missing; give one, or write strategy = '...' under [defaults]" in ended.err


def test_the_file_decides_whom_is_asked_and_how(cli, write, docs, monkeypatch):
    monkeypatch.setenv("THE_KEY", KEY)
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        write(
            '[defaults]\nendpoint = "stub"\nstrategy = "listwise"\ninstruction = "Only barking counts."\n'
            f'[endpoints.stub]\nbase_url = "{server.base_url}"\nmodel = "small"\napi_key_env = "THE_KEY"\n'
            "extra_body = { top_k = 1 }\n"
        )
        ended = cli("rank", "--query", "barks", "--docs", docs, "--json")
        assert [hit["id"] for hit in ended.json["hits"]] == ["dog", "cat", "bread"]
        [request] = server.requests
    assert (request["model"], request["top_k"]) == ("small", 1)
    assert "Only barking counts." in json.dumps(request["messages"])


def test_answers_are_kept_beside_the_file_wherever_the_command_runs(cli, write, docs, tmp_path, monkeypatch):
    with StubServer(lambda _: "[2] > [1] > [3]") as server:
        write(
            '[defaults]\ncache = "kept/answers.sqlite"\nstrategy = "listwise"\nmodel = "m"\n'
            f'base_url = "{server.base_url}"\n'
        )
        (tmp_path / ".git").mkdir()
        (tmp_path / "deeper").mkdir()
        for folder in (tmp_path / "deeper", tmp_path):
            monkeypatch.chdir(folder)
            assert cli("rank", "--query", "barks", "--docs", docs).code == Exit.DONE
        assert len(server.requests) == 1
    held = cli("cache", "stats", "--json").json
    assert (held["path"], held["entries"]) == (str(tmp_path / "kept" / "answers.sqlite"), 1)


def test_doctor_says_which_file_and_what_gave_the_endpoint(cli, write, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with StubServer(lambda _: "yes") as server:
        path = write(f'[endpoints.stub]\nbase_url = "{server.base_url}"\n')
        ended = cli("doctor", "--endpoint", "stub")
        found = cli("doctor", "--endpoint", "stub", "--json").json
    assert ended.code == Exit.DONE
    assert f"config: {path} (from the working folder)\n" in ended.out
    assert found["config"] == {"path": str(path), "found_by": "the working folder"}
    assert found["endpoint"]["given_by"] == f"{path}, [endpoints.stub] line 2"
    path.unlink()
    assert "config: no llmrerank.toml\n" in cli("doctor").out


def test_a_limit_on_cost_takes_the_prices_of_the_file(cli, write, docs):
    write("[defaults]\nmax_cost = 0\n[prices.models.m]\ninput = 1\noutput = 1\n")
    words = ("rank", "--query", "q", "--docs", docs, "--strategy", "listwise", "--model", "m")
    ended = cli(*words, "--base-url", "http://127.0.0.1:9/v1")
    assert ended.code == Exit.BUDGET
