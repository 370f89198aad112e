"""A folder of text and Markdown files as documents: one each, its path the id."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmrerank.errors import DataError
from llmrerank.types import Document

__all__ = ["TextFiles", "find_text_files"]

_TEXT_NAMES = (".text", ".txt", ".rst")
_MARKDOWN_NAMES = (".markdown", ".md")

_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFiles:
    """The files below a folder, by name.

    Attributes:
        folder: Where they lie.
        paths: Text and Markdown files in the order of their ids.
        others: How many files of other types are there, by the end of their name.
    """

    folder: Path
    paths: tuple[Path, ...]
    others: Mapping[str, int] = field(default_factory=dict)

    def documents(self) -> Iterator[Document]:
        """Read them, one at a time.

        The id is the path below the folder, with `/`; the text is the whole file; the title is the first
        heading of a Markdown file, else the name of the file without its end.

        Raises:
            DataError: A file cannot be read or is not UTF-8.
        """
        for path in self.paths:
            text = _read(path)
            title = _heading(text) if path.suffix.lower() in _MARKDOWN_NAMES else ""
            identifier = path.relative_to(self.folder).as_posix()
            yield Document(id=identifier, text=text, title=title or path.stem)

    @property
    def left_out(self) -> tuple[str, ...]:
        """One sentence about the files of other types, or none."""
        count = sum(self.others.values())
        if not count:
            return ()
        kinds = ", ".join(
            f"{number} {end or 'without an end'}" for end, number in sorted(self.others.items())
        )
        what = "1 file is" if count == 1 else f"{count} files are"
        return (f"{what} left out of {self.folder}, neither text nor Markdown: {kinds}",)


def find_text_files(folder: Path) -> TextFiles:
    """Look through a folder and those below it, without opening a file.

    Hidden files and folders are passed over, and links to folders are not followed.

    Raises:
        DataError: A folder may not be listed.
    """

    def refuse(error: OSError) -> None:
        raise DataError(f"cannot list the folder {error.filename}: {error.strerror}") from error

    paths: list[Path] = []
    others: Counter[str] = Counter()
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or not path.is_file():
                continue
            if path.suffix.lower() in (*_TEXT_NAMES, *_MARKDOWN_NAMES):
                paths.append(path)
            else:
                others[path.suffix.lower()] += 1
    paths.sort(key=lambda path: path.relative_to(folder).as_posix())
    return TextFiles(folder=folder, paths=tuple(paths), others=dict(others))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or type(error).__name__}") from error


def _heading(text: str) -> str:
    """The first heading of a Markdown text, `# Title` or underlined; empty where it has none."""
    fence, above = "", ""
    for line in _body(text):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        if mark or fence:
            above = ""
            continue
        heading = _HEADING.match(line)
        if heading and heading["title"]:
            return heading["title"]
        if above and _UNDERLINE.match(line):
            return above
        above = "" if line.startswith(("    ", "\t", ">", "- ", "* ")) else line.strip()
    return ""


def _body(text: str) -> list[str]:
    """The lines after the metadata that many tools put between two lines of `---` at the head."""
    lines = text.splitlines()
    if lines and lines[0].rstrip() == "---" and "---" in lines[1:]:
        return lines[lines.index("---", 1) + 1 :]
    return lines
