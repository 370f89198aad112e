"""What a training keeps beside its result until it is done: the plan, and check points to go on from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmrerank.errors import ConfigError
from llmrerank.whole_file import write_whole

__all__ = ["Scratch"]

_PLAN = "plan.json"
_WHOLE = "whole.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """The folder `.<name>.training` beside the folder that a training writes.

    A check point counts only once its mark is written, which is the last thing: one that a killed process
    left half is never read.
    """

    folder: Path

    @classmethod
    def beside(cls, out: Path) -> Scratch:
        """The scratch folder of a result."""
        whole = out.absolute()
        return cls(folder=whole.parent / f".{whole.name}.training")

    @property
    def beginning(self) -> Path:
        """Where the model lies that training starts from."""
        return self.folder / "beginning"

    def open(self, plan: Mapping[str, Any], *, anew: bool) -> bool:
        """Settle a plan here, or find the same one settled before.

        Args:
            plan: What decides the result, JSON values by the name of the option.
            anew: Forget a training with another plan instead of refusing.

        Returns:
            Whether a training with this plan was broken off here after a check point.

        Raises:
            ConfigError: A training with another plan was; the sentence names what differs.
            OSError: The folder cannot be written.
        """
        settled = json.loads(json.dumps(plan))
        found = self._plan()
        if found is not None and found != settled and not anew:
            raise ConfigError(
                f"a training with other options was broken off in {self.folder}: "
                f"{_differences(found, settled)}; give the same options to go on with it, or --overwrite to "
                "begin anew"
            )
        if found == settled:
            self._drop_halves()
            return self.last() is not None
        self.remove()
        write_whole(self.folder / _PLAN, json.dumps(settled, indent=2).encode())
        return False

    def last(self) -> Path | None:
        """The last whole check point, or None."""
        whole = [path.parent for path in self.folder.glob(f"checkpoint-*/{_WHOLE}")]
        return max(whole, key=_step, default=None)

    def mark(self, checkpoint: Path, seconds: float) -> None:
        """Say that a check point is whole, and how long the training took until there."""
        write_whole(checkpoint / _WHOLE, json.dumps({"seconds": round(seconds, 3)}).encode())

    def seconds(self) -> float:
        """How long the training took until the last check point; 0 without one."""
        last = self.last()
        if last is None:
            return 0.0
        return float(json.loads((last / _WHOLE).read_text(encoding="utf-8"))["seconds"])

    @property
    def result(self) -> Path:
        """Where the model lies that a lesson made."""
        return self.folder / "result"

    def conclude(self, seconds: float) -> None:
        """Say that the result is whole, and how long it all took; the check points are needed no longer."""
        write_whole(self.folder / _WHOLE, json.dumps({"seconds": round(seconds, 3)}).encode())
        for path in self.folder.glob("checkpoint-*"):
            shutil.rmtree(path, ignore_errors=True)

    def learned(self) -> float | None:
        """The seconds that a result took that is whole, else None."""
        try:
            return float(json.loads((self.folder / _WHOLE).read_text(encoding="utf-8"))["seconds"])
        except FileNotFoundError:
            return None

    def remove(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _plan(self) -> dict[str, Any] | None:
        try:
            found = json.loads((self.folder / _PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _drop_halves(self) -> None:
        for path in self.folder.glob("checkpoint-*"):
            if not (path / _WHOLE).is_file():
                shutil.rmtree(path, ignore_errors=True)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    said = [
        "the data changed" if name == "data" else f"{name} was {before.get(name)!r} and is {now.get(name)!r}"
        for name in names
    ]
    return ", ".join(said)
