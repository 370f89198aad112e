"""Trainings that end as they should not: killed outright, and on a disk that takes no more."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from toy import QUICK, weights

from llmrerank.evaluate import Dataset
from llmrerank.train import train

WORK = """
import resource, sys, torch
from dataclasses import replace
sys.path.insert(0, sys.argv[1])
from toy import QUICK
from llmrerank.errors import ConfigError
from llmrerank.evaluate import Dataset
from llmrerank.train import train
torch.set_num_threads(1)
_, _, data, out, base, room, last, stage, cloze = sys.argv
if int(room):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), resource.RLIM_INFINITY))

def watch(told):
    if told.stage == stage and told.done == int(last):
        print("here", flush=True)
        sys.stdin.read()

try:
    opened = Dataset.open(data, split="train")
    recipe = replace(QUICK, cloze=int(cloze))
    done = train(opened, out, base=base, recipe=recipe, overwrite=True, progress=watch)
except ConfigError as error:
    sys.exit(str(error))
print(done.resumed)
"""


def work(folder, out, base, *, room=0, last=0, stage="training", cloze=0):
    """A process that trains; it says "here" at its last step and waits there."""
    return subprocess.Popen(
        [
            *(sys.executable, "-c", WORK, Path(__file__).parent),
            *map(str, (folder, out, base, room, last, stage, cloze)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_to_the_weights_of_one_that_was_not(folder, base, tmp_path):
    out = tmp_path / "killed"
    killed = work(folder, out, base, last=8)
    assert killed.stdout.readline() == "here\n"
    killed.send_signal(signal.SIGKILL)
    _, talk = killed.communicate()
    assert (killed.returncode, talk) == (-signal.SIGKILL, "")
    assert not out.exists()
    assert work(folder, out, base).communicate() == ("6\n", "")
    train(Dataset.open(folder, split="train"), tmp_path / "whole", base=str(base), recipe=QUICK)
    assert weights(out) == weights(tmp_path / "whole")
    assert {path.name for path in tmp_path.iterdir()} == {"killed", "whole"}


@pytest.mark.slow
@pytest.mark.parametrize("room", [40_000, 100_000])
def test_a_disk_that_takes_no_more_leaves_what_was_there(folder, base, tmp_path, room):
    """A limit on the size of files stands in for a full disk: writes fail in the middle, in every library.

    The weights of the beginning are some 95 kB; the state of the optimizer is twice that.
    """
    out = tmp_path / "model"
    out.mkdir()
    (out / "training.json").write_text("{}")
    (out / "model.safetensors").write_bytes(b"of old")
    ended = work(folder, out, base, room=room)
    _, talk = ended.communicate()
    assert ended.returncode == 1
    assert talk.startswith(f"the model cannot be written to {out}: ")
    assert "what was there before is untouched" in talk
    assert len(talk.splitlines()) == 1
    assert weights(out) == b"of old"
    assert {path.name for path in out.iterdir()} == {"training.json", "model.safetensors"}
