"""The configuration file: found where it should be, read strictly, strategies usable, paths its own."""

import datetime
from pathlib import Path

import pytest

from llmrerank import config, registry
from llmrerank.config_file import NAME, find
from llmrerank.config_lines import lines_of
from llmrerank.errors import ConfigError, UnknownName
from llmrerank.registry import Kind
from llmrerank.stages import Course


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield
    config.Config().register()  # forgets the strategies of these files


def write(text: str, path: Path = Path(NAME)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(write(text))
    return str(caught.value).removeprefix(f"config file {NAME}: ").replace("; line ", "\nline ").split("\n")


class TestFinding:
    def test_without_any_there_is_none(self):
        assert find() is None
        assert config.load().file is None

    def test_a_named_file_wins_over_the_variable_the_folder_and_the_home(self, tmp_path, monkeypatch):
        home = tmp_path / "home"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
        named, variable = write("", tmp_path / "a.toml"), write("", tmp_path / "b.toml")
        own, user = write("", Path.cwd() / NAME), write("", home / "llmrerank" / NAME)
        monkeypatch.setenv("LLMRERANK_CONFIG", str(variable))
        assert find(named) == (named, "--config")
        assert find() == (variable, "LLMRERANK_CONFIG")
        monkeypatch.delenv("LLMRERANK_CONFIG")
        assert find() == (own, "the working folder")
        own.unlink()
        assert find() == (user, "the user's configuration folder")

    def test_parents_are_looked_at_up_to_the_root_of_the_repository(self, tmp_path, monkeypatch):
        deep = tmp_path / "repository" / "a" / "b"
        deep.mkdir(parents=True)
        monkeypatch.chdir(deep)
        outside = write("", tmp_path / NAME)
        inside = write("", tmp_path / "repository" / NAME)
        assert find() is None  # a parent outside any repository may be anybody's
        (tmp_path / "repository" / ".git").mkdir()
        assert find() == (inside, "the repository")
        inside.unlink()
        assert find() is None
        assert outside.exists()

    @pytest.mark.parametrize("by", ["--config", "LLMRERANK_CONFIG"])
    def test_a_named_file_that_is_not_there_is_an_error(self, monkeypatch, by):
        monkeypatch.setenv("LLMRERANK_CONFIG", "none.toml" if by == "LLMRERANK_CONFIG" else "")
        with pytest.raises(ConfigError, match=rf"there is no config file none\.toml, which {by} names"):
            config.load("none.toml" if by == "--config" else None)


class TestFaults:
    def test_all_are_told_at_once_with_line_and_section(self):
        told = faults(
            'parallel = 3\n[defaults]\nparalel = 8\nseed = "x"\nparallel = 0\nendpoint = "lcal"\n'
            'api_key = "sk-1"\ncache = true\nexamples = [["a", "b"]]\neffort = "huge"\nmax_cost = -1\n'
            "timeout = 0\n[endpoints.local]\nbase_url = \"localhost\"\napi_key_env = 'sk-very-secret'\n"
            "[endpoints.other]\nmax_calls = 3\n"
            "[strategies]\nlistwise = 'bm25'\na = 'b'\nb = 'a >> pointwise'\n"
            "bad = 'bm25 >> lisswise'\nworse = 'bm25 %'\nx = 3\n[endpoint.a]\n"
            "[prices]\ndate = 'soon'\n[prices.models.m]\ninput = 1\n"
        )
        assert told == [
            "line 1: 'parallel' stands in no section; write it under [defaults]",
            "line 3, [defaults]: unknown key 'paralel'; did you mean 'parallel'?",
            "line 4, [defaults]: 'seed' must be a whole number, got 'x'",
            "line 5, [defaults]: 'parallel' must be a whole number of 1 or more, got 0",
            "line 6, [defaults]: unknown endpoint 'lcal'; did you mean 'local'?",
            "line 7, [defaults]: 'api_key': keys are not kept in files; name the variable that holds it: "
            "api_key_env",
            "line 8, [defaults]: 'cache' must be the path of a file, or false, got True",
            "line 9, [defaults]: 'examples' must be a list of examples, each with the texts query, document "
            "and label, got [['a', 'b']]",
            "line 10, [defaults]: 'effort' must be none, minimal, low, medium or high, got 'huge'",
            "line 11, [defaults]: 'max_cost' must be a number of 0 or more, got -1",
            "line 12, [defaults]: 'timeout' must be a number above 0, got 0",
            "line 14, [endpoints.local]: 'base_url' must be the base URL of an endpoint, such as "
            "http://localhost:8080/v1",
            "line 15, [endpoints.local]: 'api_key_env' must be the name of an environment variable, never a "
            "key",
            "line 16, [endpoints.other]: 'base_url' is missing",
            "line 17, [endpoints.other]: unknown key 'max_calls'; it belongs into [defaults]",
            "line 19, [strategies]: 'listwise' is the name of something that comes with llmrerank or a "
            "plugin; choose another",
            "line 20, [strategies]: 'a': the preset 'a' stands for itself: a -> b -> a",
            "line 21, [strategies]: 'b': the preset 'b' stands for itself: b -> a -> b",
            "line 22, [strategies]: 'bad': unknown name 'lisswise'; did you mean 'listwise' or 'setwise' or "
            "'pairwise'?",
            "line 23, [strategies]: 'worse': cannot read 'bm25 %': '%' takes a whole number, the text ends "
            "at character 7",
            "line 24, [strategies]: 'x' must be a strategy or pipeline, as text",
            "line 25: unknown section 'endpoint'; did you mean 'endpoints'?",
            "line 27, [prices]: 'date' must be a day such as 2026-11-01, got 'soon'",
            "line 28, [prices]: model 'm': 'output' is missing",
        ]

    def test_a_key_in_a_wrong_place_is_not_repeated(self, monkeypatch):
        for key in (
            "sk-proj-0123456789",
            "gsk_0123456789abcdefghij",
            "AKIAIOSFODNN7EXAMPLE0",
            "f" * 31 + "0",
        ):
            told = faults(
                f'[endpoints.a]\nbase_url = "http://h/v1"\napi_key_env = "{key}"\napi_key = "{key}"\n'
                f'token = "{key}"\n'
            )
            assert len(told) == 3
            assert key not in "".join(told)
        monkeypatch.setenv("MY_KEY_FOR_2026_0123456789", "x")
        for name in ("MY_KEY_FOR_2026_0123456789", "AZURE_OPENAI_API_KEY_2", "OPENAI_API_KEY", "key1"):
            config.load(write(f'[endpoints.a]\nbase_url = "http://h/v1"\napi_key_env = "{name}"\n'))

    def test_two_answers_to_one_question_are_refused(self):
        assert faults(
            '[defaults]\nendpoint = "a"\nbase_url = "http://h/v1"\nprices = "p.toml"\n'
            '[endpoints.a]\nbase_url = "http://h/v1"\n[prices.models.m]\ninput = 1\noutput = 1\n'
        ) == [
            "line 3, [defaults]: 'endpoint' says where to ask already; leave one of them out",
            "line 4, [defaults]: the section [prices] says it already; leave one of them out",
        ]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ('[defaults]\nseed = 1\nmodel = "x\n', "(at line 3, column 11)"),
            ("[defaults]\nseed = 1\nseed = 2\n", "(at line 3"),
            ("defaults = 3\n", "line 1: 'defaults' must be a section, written as [defaults]"),
            ("endpoints.a = 3\n", "line 1, [endpoints]: 'a' must be a section, written as [endpoints.a]"),
            ("[strategies]\n'x y' = 'bm25'\n", "'x y' cannot name a strategy"),
            ("[strategies]\nmine = 'yours'\nyour = 'bm25'\n", "unknown name 'yours'; did you mean 'your'?"),
            ("[strategies]\nmine = 'bm25(k1=true)'\n", "line 2, [strategies]: 'mine': "),
            ("[strategies]\nmine = 'listwise >> bm25'\n", "'bm25' is a first stage and can only open"),
            (
                "[defaults]\nstrategy = 'lisswise'\n",
                "line 2, [defaults]: 'strategy': unknown name 'lisswise'",
            ),
            ("[prices]\n", "it lists no model"),
        ],
    )
    def test_one_fault_names_its_place(self, text, told):
        assert told in faults(text)[0]

    def test_bytes_that_are_no_text(self):
        Path(NAME).write_bytes(b"\xff\xfe")
        with pytest.raises(ConfigError, match="it is not UTF-8"):
            config.load()


class TestLines:
    def test_every_key_has_its_line(self):
        text = (
            "# [not.a.header]\n"
            'top = """\n[no.header]\nno = 1\n"""\n'
            '[endpoints."a b"]\r\n'
            "x = [\n  ['[neither]'],\n  # comment = 1\n  [2]\n]\n"
            "deep.key = { inner = 1 }\n"
            "[[many]]\none = 1\n[many.sub]\ntwo = 2\n"
        )
        lines = lines_of(text)
        assert lines["top",] == 2
        assert lines["endpoints", "a b"] == 6
        assert lines["endpoints", "a b", "x"] == 7
        assert lines["endpoints", "a b", "deep", "key"] == 12
        assert lines["endpoints", "a b", "deep", "key", "inner"] == 12
        assert lines["many", "one"] == 14
        assert lines["many", "sub", "two"] == 16
        assert not any("no" in path or "comment" in path or "neither" in path for path in lines)


class TestStrategies:
    def test_names_stand_for_pipelines_and_for_each_other(self):
        config.load(
            write("[strategies]\nfirst = 'bm25 % 50'\nmine = 'first >> listwise(window=10) % 5'\n")
        ).register()
        assert str(Course.of("mine % 3").spec) == "bm25 % 50 >> listwise(window=10) % 3"
        assert registry.find("mine").kind is Kind.PRESET

    def test_those_of_another_file_are_forgotten(self):
        for text in ("mine = 'bm25 % 3'\nold = 'bm25'", "mine = 'bm25 % 4'"):
            config.load(write(f"[strategies]\n{text}\n")).register()
        assert str(Course.of("mine").spec) == "bm25 % 4"
        with pytest.raises(UnknownName):
            Course.of("old")

    def test_reading_alone_makes_no_name_known(self):
        assert config.load(write("[strategies]\nmine = 'bm25'\n")).strategies == {"mine": "bm25"}
        with pytest.raises(UnknownName):
            Course.of("mine")

    def test_a_name_of_the_file_that_was_read_before_hides_no_mistake(self):
        config.load(write("[strategies]\nold = 'bm25'\n")).register()
        assert "unknown name 'old'" in faults("[strategies]\nmine = 'old >> pointwise'\n")[0]


class TestPaths:
    def test_they_are_relative_to_the_file(self, tmp_path, monkeypatch):
        packaged = next(iter(Course.of("listwise").steps)).strategy.judge.prompt
        assert packaged == "listwise"
        prompt = Path(__file__).parents[2] / "prompts" / "listwise.toml"
        if not prompt.exists():
            pytest.skip("the prompts are packed away")
        folder = tmp_path / "project"
        write(prompt.read_text(encoding="utf-8"), folder / "prompts" / "mine.toml")
        write(
            '[defaults]\ncache = "kept/answers.sqlite"\nrecord = "~/r.jsonl"\nprices = "p.toml"\n'
            "[strategies]\nmine = \"bm25 % 9 >> listwise(prompt='prompts/mine.toml') % 5\"\n"
            "twice = 'mine >> pointwise'\n"
            "near = \"cross-encoder(model='./models/small')\"\nfar = \"cross-encoder(model='some/name')\"\n",
            folder / NAME,
        )
        write("[models.m]\ninput = 1\noutput = 2\n", folder / "p.toml")
        found = config.load(folder / NAME)
        settings = found.settings()
        assert settings.cache == folder / "kept" / "answers.sqlite"
        assert settings.record == Path.home() / "r.jsonl"
        assert settings.prices.by_model["m"].output == 2.0
        found.register()
        assert Course.of("mine").steps[0].strategy.judge.prompt == str(folder / "prompts" / "mine.toml")
        assert str(folder / "models" / "small") in found.strategies["near"]
        assert found.strategies["far"] == "cross-encoder(model='some/name')"

    def test_a_relative_name_of_the_file_is_relative_to_the_working_folder_then(self, tmp_path, monkeypatch):
        write('[defaults]\ncache = "a.sqlite"\n', tmp_path / "project" / NAME)
        monkeypatch.chdir(tmp_path / "project")
        found = config.load(NAME)
        monkeypatch.chdir(tmp_path)
        assert found.settings().cache == tmp_path / "project" / "a.sqlite"


def test_prices_have_the_form_of_a_price_file():
    settings = config.load(
        write("[prices]\ndate = 2026-11-01\n[prices.models.'gpt-x']\ninput = 0.25\noutput = 2\n")
    ).settings()
    assert settings.prices.by_model["gpt-x"].input == 0.25
    assert settings.prices.date == datetime.date(2026, 11, 1)
