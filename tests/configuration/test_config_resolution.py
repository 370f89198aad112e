"""Who wins: every knob by flag, environment, file and default, and what an endpoint brings along."""

import datetime
import logging
from pathlib import Path

import pytest

from llmrerank import Reranker, config
from llmrerank.config_file import NAME
from llmrerank.errors import ConfigError, UnknownName
from llmrerank.knobs import ENDPOINT_KNOBS, KNOBS
from llmrerank.limits import Price, Prices
from llmrerank.prices import STALE_DAYS, staleness
from llmrerank.settings import Settings
from llmrerank.types import Limits

EXAMPLE = {"query": "q", "document": "d", "label": "yes"}
# By knob: what the caller gives, the text of the variable, the TOML of an endpoint and of the defaults.
VALUES = {
    "strategy": ("bm25 % 1", "bm25 % 2", None, '"bm25 % 4"'),
    "model": ("given", "variable", '"endpoint"', '"defaults"'),
    "api_key_env": ("A_KEY", "B_KEY", '"C_KEY"', '"D_KEY"'),
    "instruction": ("given", "variable", None, '"defaults"'),
    "answer_tokens": (1, "2", "3", "4"),
    "effort": ("none", "minimal", '"low"', '"medium"'),
    "extra_body": ({"a": 1}, '{"a": 2}', "{ a = 3 }", "{ a = 4 }"),
    "parallel": (1, "2", "3", "4"),
    "seed": (0, "-2", None, "4"),
    "cache": (Path("a"), "b", None, '"d"'),
    "cache_age": (1.0, "30d", None, '"12h"'),
    "cache_size": (1, "1.5GB", None, "2_000_000"),
    "cache_memory": (0, "64MiB", None, '"1kB"'),
    "redis": ("redis://a", "redis://:secret@b:7/1", None, '"unix:///run/redis.sock"'),
    "record": (Path("a"), "b", None, '"d"'),
    "replay": (Path("a"), "b", None, '"d"'),
    "retries": (0, "2", "3", "0"),
    "timeout": (1, "2.5", "3", "4"),
    "on_error": ("keep", "raise", None, '"raise"'),
    "deadline": (0.5, "2", None, "4"),
    "max_calls": (0, "2", None, "4"),
    "max_tokens": (1, "2", None, "4"),
    "max_cost": (0.5, "2", None, "4"),
}
SEPARATE = {"endpoint", "base_url", "examples", "prices"}  # tested by themselves below


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("A_KEY", "B_KEY"):
        monkeypatch.setenv(name, "x")


def load(text: str = "") -> config.Config:
    Path(NAME).write_text(text, encoding="utf-8")
    return config.load()


def won(found: config.Config, name: str, **given: object) -> tuple[object, str]:
    chosen = found.resolve(given).values[name]
    return chosen.value, str(chosen.origin)


def test_every_knob_is_tried():
    assert VALUES.keys() | SEPARATE == KNOBS.keys()
    assert {name for name, values in VALUES.items() if values[2]} | {"base_url"} == ENDPOINT_KNOBS.keys()


@pytest.mark.parametrize("name", VALUES)
def test_flag_then_environment_then_endpoint_then_defaults_then_default(name, monkeypatch, tmp_path):
    given, text, endpoint, default = VALUES[name]
    form = KNOBS[name].form
    lines = [f"[defaults]\n{name} = {default}", "[prices.models.m]\ninput = 1\noutput = 1"]
    found = load("\n".join(lines))
    expected = config.load().file.defaults[name].value
    origin = f"{tmp_path / NAME}, [defaults] line 2"
    assert won(found, name) == (expected, origin)

    if endpoint:
        lines.insert(1, f'endpoint = "a"\n[endpoints.a]\nbase_url = "http://h/v1"\n{name} = {endpoint}')
        found = load("\n".join(lines))
        expected = config.load().file.endpoints["a"][name].value
        assert won(found, name) == (expected, f"{tmp_path / NAME}, [endpoints.a] line 6")

    monkeypatch.setenv(KNOBS[name].variable, text)
    assert won(found, name) == (form.parse(text), KNOBS[name].variable)
    assert won(found, name, **{name: given}) == (given, KNOBS[name].flag)
    monkeypatch.setenv(KNOBS[name].variable, "")
    assert won(found, name)[0] == expected
    assert won(load(), name) == (KNOBS[name].default, "default")


def test_what_is_settled_reaches_the_settings():
    found = load(
        '[defaults]\ncache = false\ncache_age = "2d"\ncache_size = "1GB"\ncache_memory = 0\n'
        'redis = "redis://h"\ninstruction = "i"\nexamples = [["q", "d", "yes"]]\ndeadline = 2\n'
        'max_calls = 3\nmax_tokens = 4\nmax_cost = 5\nseed = 6\non_error = "raise"\n'
        'record = "r"\nreplay = "p"\n'
        'endpoint = "a"\n[endpoints.a]\nbase_url = "http://h/v1"\nmodel = "m"\napi_key_env = "C_KEY"\n'
        'answer_tokens = 7\neffort = "low"\nextra_body = { top_k = 1 }\nparallel = 9\nretries = 10\n'
        "timeout = 11\n[prices.models.m]\ninput = 1\noutput = 2\n"
    )
    settings = found.settings(default_cache=Path("default.sqlite"))
    here = Path.cwd()
    assert settings == Settings(
        model="m",
        base_url="http://h/v1",
        api_key_env="C_KEY",
        instruction="i",
        examples=tuple(settings.examples),
        parallel=9,
        seed=6,
        cache=None,
        cache_age=172_800.0,
        cache_size=1_000_000_000,
        cache_memory=0,
        redis=None,  # without a cache there is none
        record=here / "r",
        replay=here / "p",
        retries=10,
        timeout=11.0,
        limits=Limits(calls=3, tokens=4, cost=5, seconds=2),
        prices=Prices({"m": Price(input=1, output=2)}),
        answer_tokens=7,
        effort="low",
        extra_body={"top_k": 1},
        on_error="raise",
        chat_only=frozenset({"model", "base_url"}),
    )
    assert [vars_of(one) for one in settings.examples] == [EXAMPLE]


def vars_of(example):
    return {name: getattr(example, name) for name in EXAMPLE}


def test_without_a_word_the_settings_are_those_of_the_library():
    assert load().settings() == Settings()
    assert load().settings(default_cache=Path("x")).cache == Path("x")


class TestEndpoints:
    TEXT = (
        '[defaults]\nendpoint = "a"\nmodel = "m-defaults"\nretries = 1\n'
        '[endpoints.a]\nbase_url = "http://a/v1"\nmodel = "m-a"\napi_key_env = "KEY_OF_A"\nparallel = 2\n'
        '[endpoints.b]\nbase_url = "http://b/v1"\nparallel = 3\n'
        '[endpoints.openai]\nbase_url = "https://api.openai.com/v1"\n'
    )

    def asked(self, **given):
        resolved = load(self.TEXT).resolve(given)
        return [resolved[name] for name in ("endpoint", "base_url", "model", "api_key_env", "parallel")]

    def test_the_one_of_the_defaults(self):
        assert self.asked() == ["a", "http://a/v1", "m-a", "KEY_OF_A", 2]

    def test_a_flag_brings_all_of_another_before_the_environment(self, monkeypatch):
        monkeypatch.setenv("LLMRERANK_PARALLEL", "9")
        monkeypatch.setenv("LLMRERANK_ENDPOINT", "a")
        assert self.asked(endpoint="b") == ["b", "http://b/v1", "m-defaults", "", 3]
        assert self.asked(endpoint="b", parallel=4) == ["b", "http://b/v1", "m-defaults", "", 4]

    def test_a_variable_brings_it_before_the_file_and_before_another_address(self, monkeypatch):
        monkeypatch.setenv("LLMRERANK_ENDPOINT", "b")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://c/v1")
        assert self.asked() == ["b", "http://b/v1", "m-defaults", "", 3]
        monkeypatch.setenv("LLMRERANK_PARALLEL", "9")
        assert self.asked()[-1] == 9

    def test_an_address_by_itself_sets_the_endpoint_aside_with_its_key(self, monkeypatch):
        plain = [None, "http://c/v1", "m-defaults", "OPENAI_API_KEY", 8]
        assert self.asked(base_url="http://c/v1") == plain
        monkeypatch.setenv("OPENAI_BASE_URL", "http://c/v1")
        assert self.asked() == plain
        monkeypatch.setenv("LLMRERANK_ENDPOINT", "a")
        assert self.asked(base_url="http://c/v1") == plain

    def test_openais_key_goes_to_no_other_endpoint_of_the_file(self, monkeypatch):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
        assert load(self.TEXT).settings(endpoint="b").key is None
        assert load(self.TEXT).settings(endpoint="openai").key == "sk-openai"
        assert load(self.TEXT).settings(endpoint="b", api_key_env="A_KEY").key == "x"

    def test_both_are_refused(self):
        with pytest.raises(ConfigError, match="--endpoint and --base-url both say where to ask"):
            self.asked(endpoint="a", base_url="http://c/v1")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (TEXT, "--endpoint: unknown endpoint 'opnai'; did you mean 'openai'?"),
            ("", "--endpoint: unknown endpoint 'opnai'; .*has none"),
            (None, r"--endpoint: unknown endpoint 'opnai'; there is no config file .* \[endpoints.opnai\]"),
        ],
    )
    def test_an_unknown_one(self, text, told):
        found = config.Config() if text is None else load(text)
        with pytest.raises(ConfigError, match=told):
            found.resolve({"endpoint": "opnai"})


class TestForWhom:
    TEXT = '[defaults]\nendpoint = "a"\n[endpoints.a]\nbase_url = "http://a/v1"\nmodel = "m-a"\n'

    def test_a_configured_model_is_for_stages_that_chat(self):
        settings = load(self.TEXT).settings()
        assert (settings.model, settings.stage_model, settings.stage_base_url) == ("m-a", None, None)
        chain = Reranker("bi-encoder >> cross-encoder", settings=settings)
        assert [step.strategy.model for step in chain.course.steps] == [None, None]

    def test_a_given_model_is_for_the_stage_that_takes_one(self):
        settings = load(self.TEXT).settings(model="mine")
        assert Reranker("cross-encoder", settings=settings).course.steps[0].strategy.model == "mine"


class TestFaults:
    def test_those_of_flags_and_variables_are_told_at_once(self, monkeypatch, tmp_path):
        monkeypatch.setenv("LLMRERANK_PARALLEL", "many")
        monkeypatch.setenv("LLMRERANK_EXTRA_BODY", "[1]")
        monkeypatch.setenv("LLMRERANK_API_KEY_ENV", "NOT_SET")
        with pytest.raises(ConfigError) as caught:
            load().resolve({"timeout": 0, "max_cost": 1.0, "prices": "none.toml", "endpoint": "x"})
        for part in (
            "--timeout must be a number above 0, got 0",
            "LLMRERANK_PARALLEL must be a whole number of 1 or more, got 'many'",
            "LLMRERANK_EXTRA_BODY must be an object such as",
            "LLMRERANK_API_KEY_ENV names NOT_SET, which is not set",
            "--endpoint: unknown endpoint 'x'",
            "cannot read the price file none.toml",
        ):
            assert part in str(caught.value)
        assert "--max-cost needs prices" not in str(caught.value), "they were given, and cannot be read"
        with pytest.raises(ConfigError, match="--max-cost needs prices: give --prices FILE"):
            load().resolve({"max_cost": 1.0, "timeout": 1})

    def test_a_name_that_is_no_setting(self):
        with pytest.raises(UnknownName, match="unknown setting 'paralel'; did you mean 'parallel'"):
            load().settings(paralel=3)


def test_a_misspelt_variable_is_warned_of(caplog, monkeypatch):
    for name in ("LLMRERANK_PARALEL", "LLMRERANK_OF_A_PLUGIN", "LLMRERANK_SECRET", "LLMRERANK_SEED"):
        monkeypatch.setenv(name, "1")
    with caplog.at_level(logging.WARNING, "llmrerank.config"):
        load().settings()
    assert [record.getMessage() for record in caplog.records] == [
        "the variable LLMRERANK_PARALEL says nothing to llmrerank; LLMRERANK_PARALLEL does"
    ]


class TestPrices:
    TEXT = "[prices]\ndate = 2026-01-01\n[prices.models.m]\ninput = 1\noutput = 1\n"

    def test_a_file_named_by_flag_or_variable_replaces_the_section(self, monkeypatch):
        for name, price in (("flag", 2), ("variable", 3)):
            Path(f"{name}.toml").write_text(f"[models.m]\ninput = {price}\noutput = 1\n")
        found = load(self.TEXT)
        assert found.resolve().prices.by_model["m"].input == 1
        assert str(found.resolve().values["prices"].origin).endswith("[prices] line 1")
        monkeypatch.setenv("LLMRERANK_PRICES", "variable.toml")
        assert found.resolve().prices.by_model["m"].input == 3
        assert found.resolve({"prices": "flag.toml"}).prices.by_model["m"].input == 2

    def test_old_ones_are_warned_of(self, caplog):
        prices = load(self.TEXT).resolve().prices
        day = datetime.date(2026, 1, 1)
        assert staleness(prices, day + datetime.timedelta(days=STALE_DAYS)) is None
        told = staleness(prices, day + datetime.timedelta(days=STALE_DAYS + 1))
        assert told == "the prices are of 2026-01-01, 181 days ago; see whether they still hold"
        assert staleness(Prices()) is None
        old = self.TEXT.replace("2026", "2020")
        with caplog.at_level(logging.WARNING, "llmrerank.config"):
            load(old).settings()
        assert "the prices are of 2020-01-01" in caplog.text


def test_a_cache_may_be_written_as_text():
    assert Settings(cache="kept.sqlite").cache == Path("kept.sqlite")
