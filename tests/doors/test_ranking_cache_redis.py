"""Rankings in a Redis: a real server on loopback, with a password, that goes away and comes back."""

import json
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import replace

import pytest
from oracle import answer, value

from llmrerank import Reranker
from llmrerank.cli.app import run
from llmrerank.errors import MissingExtra
from llmrerank.ranking_cache import redis_tier
from llmrerank.settings import Settings
from llmrerank.testing.stub_server import StubServer
from llmrerank.trace import Recalled

redis = pytest.importorskip(
    "redis", reason="the package redis is not installed: pip install 'llmrerank[redis]'"
)

SERVER = shutil.which("redis-server")
PASSWORD = "very-secret-1"
DOCUMENTS = [value(number) for number in (3, 50, 20)]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A Redis of our own."""

    def __init__(self, folder):
        self.port, self.folder, self.process = free_port(), folder, None

    @property
    def url(self):
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/3"

    def start(self):
        words = f"--bind 127.0.0.1 --port {self.port} --appendonly no --requirepass {PASSWORD}"
        self.process = subprocess.Popen(
            [SERVER, *words.split(), "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert any("Ready to accept connections" in line for line in self.process.stdout)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.communicate()
            self.process = None

    def keys(self):
        with redis.Redis.from_url(self.url) as client:
            return {name.decode(): client.ttl(name) for name in client.scan_iter()}


@pytest.fixture
def server(tmp_path):
    if SERVER is None:
        pytest.skip("there is no redis-server here (Debian: apt-get install redis-server)")
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def endpoint():
    with StubServer(answer) as server:
        yield server


def settings_of(endpoint, url, **more):
    # Without memory, so that what is found comes from where it is looked for.
    return Settings(base_url=endpoint.base_url, model="oracle", redis=url, cache_memory=0, **more)


def ranked(settings, query="q"):
    with Reranker("listwise", settings=settings) as reranker:
        return reranker.rank(query, DOCUMENTS)


def tier(ranking):
    return next((event.tier for event in ranking.trace.of(Recalled)), None)


@pytest.mark.slow
def test_machines_share_what_one_of_them_ranked(server, endpoint, tmp_path):
    """Two caches of two machines over one Redis, and one machine without any file."""
    first, second, third = (
        settings_of(endpoint, server.url, cache=cache, cache_age=1000.0)
        for cache in (tmp_path / "1", tmp_path / "2", None)
    )
    made = ranked(first)
    [(name, seconds)] = server.keys().items()
    assert name.startswith("llmrerank:ranking:")
    assert 990 <= seconds <= 1000
    found = [ranked(one) for one in (second, second, third, first)]
    assert [tier(one) for one in found] == ["redis", "file", "redis", "file"]
    assert all(one.hits == made.hits for one in found)
    with redis.Redis.from_url(server.url) as client:
        kept = client.get(name)
        client.set(name, "not ours")
    assert b"worth" not in kept  # no texts
    assert tier(ranked(third)) is None


@pytest.mark.slow
@pytest.mark.parametrize("how", ["gone", "silent"])
def test_all_goes_on_without_it_and_that_is_said_once(server, endpoint, tmp_path, monkeypatch, how):
    monkeypatch.setattr(redis_tier, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(redis_tier, "ANSWER_SECONDS", 0.3)
    settings = settings_of(endpoint, server.url)
    with Reranker("listwise", settings=settings) as reranker:

        def said(query):
            ranking = reranker.rank(query, DOCUMENTS)
            assert ranking[0].document.text == value(50)
            return tier(ranking), list(ranking.trace.warnings)

        assert said("a") == (None, [])
        assert said("a") == ("redis", [])
        if how == "gone":
            server.stop()
        else:
            server.process.send_signal(signal.SIGSTOP)
        lost, [sentence] = said("a")
        assert lost is None
        assert sentence.startswith(f"the Redis at redis://127.0.0.1:{server.port}/3 cannot be used (")
        assert PASSWORD not in sentence
        assert said("b") == (None, [])
        if how == "gone":
            server.start()
        else:
            server.process.send_signal(signal.SIGCONT)
        assert said("c") == (None, [])
        assert said("c") == ("redis", [])


@pytest.mark.slow
def test_a_wrong_password_is_said_and_never_shown(server, endpoint, tmp_path):
    ranking = ranked(settings_of(endpoint, server.url.replace(PASSWORD, "wrong-secret")))
    [sentence] = ranking.trace.warnings
    assert "AuthenticationError" in sentence
    assert "secret" not in sentence


@pytest.mark.slow
def test_the_command_line_knows_it(server, endpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LLMRERANK_REDIS", server.url)
    with redis.Redis.from_url(server.url) as client:
        client.set("somebody's", "own")
    ranked(settings_of(endpoint, server.url))

    def cli(*words):
        code = run(words)
        said = capsys.readouterr()
        assert PASSWORD not in said.out + said.err
        return code, said.out, said.err

    where = f"redis://127.0.0.1:{server.port}/3"
    assert where in cli("config")[1]
    assert f"{where}: 1 ranking" in cli("cache", "stats")[1]
    assert json.loads(cli("cache", "stats", "--json")[1])["redis"] == {"url": where, "rankings": 1}
    assert "--redis deletes them as well" in cli("cache", "clear", "--yes")[2]
    assert len(server.keys()) == 2
    assert f"{where}: 1 ranking deleted" in cli("cache", "clear", "--yes", "--redis")[1]
    assert list(server.keys()) == ["somebody's"]
    server.stop()
    assert f"{where}: cannot be reached" in cli("cache", "stats")[1]
    assert cli("cache", "clear", "--yes", "--redis")[0] == 2


def test_one_that_is_not_there_delays_one_ranking_and_no_other(endpoint):
    settings = settings_of(endpoint, f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0")
    assert PASSWORD not in repr(settings)
    with Reranker("listwise", settings=settings) as reranker:
        said = [reranker.rank(query, DOCUMENTS).trace.warnings for query in ("a", "b")]
    assert [len(one) for one in said] == [1, 0]
    assert PASSWORD not in said[0][0]


def test_without_the_package_it_is_said_how_to_get_it(endpoint, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    settings = settings_of(endpoint, "redis://nobody.invalid")
    with pytest.raises(MissingExtra, match=r"llmrerank\[redis\]"):
        ranked(settings)
    assert os.environ.get("LLMRERANK_REDIS") is None
    ranked(replace(settings, redis=None))
