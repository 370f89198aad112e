"""Where prompt files are looked for: an explicit path, `./prompts`, the folder that comes with llmrerank."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from .errors import ConfigError, UnknownName

__all__ = ["available_files", "locate", "own_folder", "packaged"]


def own_folder() -> Path:
    """The user's folder of prompts: `prompts` in the working folder; it need not be there."""
    return Path("prompts")


def packaged() -> Traversable:
    """The folder of the prompts that come with llmrerank: packed into the wheel, else beside its source."""
    packed = files("llmrerank") / "_prompts"
    return packed if packed.is_dir() else Path(__file__).resolve().parents[2] / "prompts"


def available_files() -> Iterator[tuple[str, Traversable]]:
    """Every prompt that has a name, by name; a file in `./prompts` hides a packaged one of its name."""
    found: dict[str, Traversable] = {}
    for folder in (packaged(), own_folder()):
        if folder.is_dir():
            found |= {
                entry.name.removesuffix(".toml"): entry
                for entry in folder.iterdir()
                if entry.name.endswith(".toml") and entry.is_file()
            }
    yield from sorted(found.items())


def locate(name: str) -> Traversable:
    """Find a prompt file: an explicit path (it has a `/` or ends in `.toml`), `./prompts`, the packaged ones.

    Raises:
        ConfigError: The path is no file.
        UnknownName: No prompt has this name; the closest are named.
    """
    if "/" in name or "\\" in name or name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise ConfigError(f"there is no prompt file {name} (looked in {Path.cwd()})")
        return path
    for folder in (own_folder(), packaged()):
        file = folder / f"{name}.toml"
        if file.is_file():
            return file
    raise UnknownName("prompt", name, [known for known, _ in available_files()])
