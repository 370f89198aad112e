"""Everything that can be configured: each knob with its name, form, default and environment variable.

A knob has one name everywhere: `max_calls` in a file, `--max-calls` as a flag, `LLMRERANK_MAX_CALLS` in the
environment.
"""

from __future__ import annotations

import json
import math
import os
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from .clients.address import Address
from .errors import ConfigError
from .settings import Effort, OnError
from .types import Example

__all__ = ["ENDPOINT_KNOBS", "KNOBS", "Form", "Knob", "looks_like_a_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a knob's value must be.

    Attributes:
        says: In words, to follow "must be".
        fits: Whether a value is of this form.
        read: Makes a value of the text of an environment variable; ValueError where it is none.
        make: Makes what the library takes of a value that fits.
        is_path: A relative path, which means another place in a file than on the command line.
        secret: The value may hold a key or a password and is not repeated.
    """

    says: str
    fits: Callable[[Any], bool]
    read: Callable[[str], Any] = str
    make: Callable[[Any], Any] = lambda value: value
    is_path: bool = False
    secret: bool = False

    def check(self, value: Any) -> Any:
        """The value as the library takes it.

        Raises:
            ValueError: It does not fit; the sentence lacks the name, as "must be ..., got ...".
        """
        if not self.fits(value):
            raise self._fault(value)
        return self.make(value)

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            ValueError: It stands for none; the sentence lacks the name.
        """
        try:
            value = self.read(text)
        except ValueError:
            raise self._fault(text) from None
        return self.check(value)

    def _fault(self, value: Any) -> ValueError:
        shown = "" if self.secret else f", got {reprlib.repr(value)}"
        return ValueError(f"must be {self.says}{shown}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One thing that can be configured.

    Attributes:
        name: In files and in Python; the flag has dashes for underscores.
        form: What its value must be.
        summary: What it does, in a few words.
        default: Its value where nobody says anything.
        variable: Environment variable, or empty where there is none.
        of_endpoint: Whether an endpoint may have its own.
    """

    name: str
    form: Form
    summary: str
    default: Any = None
    variable: str = ""
    of_endpoint: bool = False

    @property
    def flag(self) -> str:
        """How the command line spells it."""
        return "--" + self.name.replace("_", "-")


def looks_like_a_key(name: str) -> bool:
    """Whether what should be the name of an environment variable may be a key: then it is not repeated."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return True
    if name in os.environ:
        return False
    mixed = any(letter.islower() for letter in name) or "_" not in name
    return len(name) >= 16 and mixed and any(letter.isdigit() for letter in name)


def _is_whole(value: Any, least: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _whole(least: int) -> Form:
    return Form(
        says=f"a whole number of {least} or more", fits=lambda value: _is_whole(value, least), read=int
    )


def _choice(*values: str) -> Form:
    return Form(says=f"{', '.join(values[:-1])} or {values[-1]}", fits=lambda value: value in values)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _examples(value: Any) -> tuple[Example, ...]:
    return tuple(Example.of(tuple(item) if isinstance(item, list) else item) for item in value)


def _are_examples(value: Any) -> bool:
    try:
        return isinstance(value, list | tuple) and bool(_examples(value) or not value)
    except (ConfigError, TypeError):
        return False


def _is_address(value: str) -> bool:
    try:
        Address.of(value)
    except ConfigError:
        return False
    return True


def _is_path(value: Any) -> bool:
    return isinstance(value, Path) or _is_text(value)


def _path(value: Any) -> Path:
    return Path(value).expanduser()


_TEXT = Form(says="a text that is not empty", fits=_is_text)
_MODEL = Form(says="the name of a model", fits=_is_text)
_URL = Form(
    says="the base URL of an endpoint, such as http://localhost:8080/v1",
    fits=lambda value: _is_text(value) and _is_address(value),
    secret=True,
)
_VARIABLE = Form(
    says="the name of an environment variable, never a key",
    fits=lambda value: isinstance(value, str) and not looks_like_a_key(value),
    secret=True,
)
_SEED = Form(says="a whole number", fits=lambda value: _is_whole(value, -math.inf), read=int)
_SECONDS = Form(
    says="a number above 0", fits=lambda value: _is_number(value) and value > 0, read=float, make=float
)
_AMOUNT = Form(
    says="a number of 0 or more", fits=lambda value: _is_number(value) and value >= 0, read=float, make=float
)
_FILE = Form(says="the path of a file", fits=_is_path, make=_path, is_path=True)
_CACHE = Form(
    says="the path of a file, or false",
    fits=lambda value: value is False or _is_path(value),
    make=lambda value: value and _path(value),
    is_path=True,
)
_TABLE = Form(says='an object such as {"top_k": 1}', fits=_is_table, read=json.loads, make=dict)
_EXAMPLES = Form(
    says="a list of examples, each with the texts query, document and label",
    fits=_are_examples,
    make=_examples,
)


def _knob(
    name: str,
    form: Form,
    summary: str,
    default: Any = None,
    *,
    of_endpoint: bool = False,
    variable: str = "=",
) -> Knob:
    return Knob(
        name=name,
        form=form,
        summary=summary,
        default=default,
        variable=f"LLMRERANK_{name.upper()}" if variable == "=" else variable,
        of_endpoint=of_endpoint,
    )


_ALL = (
    _knob("strategy", _TEXT, "strategy or pipeline where none is named"),
    _knob("endpoint", _TEXT, "which [endpoints.NAME] is asked"),
    _knob("model", _MODEL, "model that is asked", of_endpoint=True),
    _knob(
        "base_url",
        _URL,
        "OpenAI-compatible endpoint that is asked",
        of_endpoint=True,
        variable="OPENAI_BASE_URL",
    ),
    _knob("api_key_env", _VARIABLE, "variable that holds the key", "OPENAI_API_KEY", of_endpoint=True),
    _knob("instruction", _TEXT, "what makes a document relevant here", ""),
    _knob("examples", _EXAMPLES, "worked judgements shown to the model", (), variable=""),
    _knob("answer_tokens", _whole(1), "room for an answer", of_endpoint=True),
    _knob("effort", _choice(*get_args(Effort)), "reasoning effort", of_endpoint=True),
    _knob("extra_body", _TABLE, "further fields of every request", MappingProxyType({}), of_endpoint=True),
    _knob("parallel", _whole(1), "calls under way at once", 8, of_endpoint=True),
    _knob("seed", _SEED, "seed of shuffles and sampling", 0),
    _knob("cache", _CACHE, "file that keeps answers; false: keep and use none"),
    _knob("record", _FILE, "file to which every call and answer is written"),
    _knob("replay", _FILE, "file from which answers are taken; nobody is called"),
    _knob("retries", _whole(0), "times a failed call is sent again", 4, of_endpoint=True),
    _knob("timeout", _SECONDS, "seconds that one attempt may take", 120.0, of_endpoint=True),
    _knob("on_error", _choice(*get_args(OnError)), "keep the order of what failed, or stop", "keep"),
    _knob("deadline", _AMOUNT, "seconds for one query"),
    _knob("max_calls", _whole(0), "LLM calls in all"),
    _knob("max_tokens", _whole(0), "tokens in all, in and out"),
    _knob("max_cost", _AMOUNT, "US dollars in all"),
    _knob("prices", _FILE, "price file: US dollars by model"),
)

KNOBS: Mapping[str, Knob] = MappingProxyType({knob.name: knob for knob in _ALL})
"""Every knob by its name, in the order in which they are shown."""
ENDPOINT_KNOBS: Mapping[str, Knob] = MappingProxyType({k.name: k for k in _ALL if k.of_endpoint})
"""Those that an endpoint may have of its own."""
