"""Recording calls, and answering from the recording."""

import asyncio
import os
from dataclasses import replace

import pytest

from llmrerank.calls import FENCE, PairCall, Reply, TokenChoice
from llmrerank.clients.record import Recording
from llmrerank.clients.replay import Replay
from llmrerank.clients.stack import chat_client
from llmrerank.errors import (
    ConfigError,
    ContentFiltered,
    DataError,
    TransientError,
)
from llmrerank.settings import Settings
from llmrerank.testing.scripted import Scripted
from llmrerank.types import Usage


def test_a_recording_answers_the_same_calls(tmp_path, ask):
    path = tmp_path / "new" / "run.jsonl"
    calls = [
        ask(f"{FENCE}日本 \ud83d", logprobs=3, schema="{}", seed=2, fence="abc"),
        ask("error"),
        ask("filtered"),
        PairCall(query="q", document="d"),
    ]
    outcomes = [
        Reply(
            text="yes",
            choices=(TokenChoice("yes", -0.5),),
            usage=Usage(input=3, output=1),
            attempts=2,
            cached=True,
            notes=("n",),
        ),
        TransientError("busy", status=503, retry_after=3),
        ContentFiltered("no", status=400),
        Reply(score=1.5),
    ]

    async def run(client, calls):
        answered = await asyncio.gather(*(client.send(call) for call in calls), return_exceptions=True)
        await client.aclose()
        return answered

    script = dict(zip([call.key for call in calls], outcomes, strict=True))
    recording = Recording(Scripted(lambda call: script[call.key], model="who"), path)
    asyncio.run(run(recording, calls))
    assert os.stat(path).st_mode & 0o077 == 0
    again = [replace(calls[0], fence="another"), *calls[1:]]
    replay = chat_client(Settings(replay=path))
    answered = asyncio.run(run(replay, again))
    assert replay.identity.model == "who"
    assert answered[0] == outcomes[0]
    assert answered[3] == outcomes[3]
    for came, told in zip(answered[1:3], outcomes[1:3], strict=True):
        assert (type(came), str(came), came.status) == (type(told), str(told), told.status)
    assert [replay.knows(call) for call in calls] == [True, False, False, True]
    assert "abc" not in path.read_text()


def test_a_call_that_was_not_recorded(tmp_path, ask):
    path = tmp_path / "run.jsonl"
    asyncio.run(Recording(Scripted(lambda _: "yes"), path).send(ask()))
    with pytest.raises(DataError, match=r"run\.jsonl holds no reply"):
        asyncio.run(Replay(path).send(ask("other")))


def test_a_recording_of_several_models(tmp_path, ask):
    path = tmp_path / "run.jsonl"
    for model in ("a", "b"):
        asyncio.run(Recording(Scripted(lambda _, m=model: m, model=model), path).send(ask()))
    assert asyncio.run(Replay(path, model="b").send(ask())).text == "b"
    with pytest.raises(ConfigError, match="a, b; say which"):
        Replay(path).knows(ask())
    with pytest.raises(DataError, match="nothing of 'c'"):
        Replay(path, model="c").knows(ask())


def test_half_a_line_of_a_killed_process(tmp_path, ask):
    path = tmp_path / "run.jsonl"
    for text in ("1", "2"):
        recording = Recording(Scripted(lambda call: call.messages[0].content), path)
        asyncio.run(recording.send(ask(text)))
        asyncio.run(recording.aclose())
        with path.open("a") as file:
            file.write('{"schema": 1, "model": "m", "endp')
    replay = Replay(path)
    assert [replay.knows(ask(text)) for text in ("1", "2", "3")] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "no recorded call"), ('{"a": 1}\n', "line 1: this is no recorded call")]
)
def test_files_that_are_no_recordings(tmp_path, ask, text, sentence):
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        Replay(path).knows(ask())
    with pytest.raises(DataError, match="no file"):
        Replay(tmp_path / "none").knows(ask())
