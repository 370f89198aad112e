import json

import pytest

from llmrerank.errors import ConfigError
from llmrerank.prices import read_prices
from llmrerank.types import Usage


def test_toml_and_json_say_the_same(tmp_path):
    toml, jsonf = tmp_path / "prices.toml", tmp_path / "prices.json"
    toml.write_text('[models."gpt-x"]\ninput = 0.25\noutput = 2\n')
    jsonf.write_text(json.dumps({"models": {"gpt-x": {"input": 0.25, "output": 2}}}))
    assert read_prices(toml) == read_prices(jsonf)
    assert read_prices(toml).cost("gpt-x", Usage(input=1_000_000, output=500_000)) == pytest.approx(1.25)
    assert read_prices(toml).cost("another", Usage(input=1)) is None


def test_all_typos_are_listed_at_once(tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text(
        'currency = "EUR"\nmodels.c = 3\n'
        "[models.a]\ninptu = 1\noutput = 2\n[models.b]\ninput = -1\noutput = true\n"
    )
    with pytest.raises(ConfigError) as caught:
        read_prices(path)
    sentence = str(caught.value)
    for part in (
        "unknown key 'currency'",
        "model 'a': unknown key 'inptu'; did you mean 'input'?",
        "model 'a': 'input' is missing",
        "model 'b': 'input' must be a number of 0 or more, got -1",
        "model 'b': 'output' must be a number of 0 or more, got True",
        "model 'c': give it input and output",
    ):
        assert part in sentence


@pytest.mark.parametrize("text", ["models = [", "", "models = 3", "[models]"])
def test_a_file_without_prices_is_refused(tmp_path, text):
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"prices\.toml"):
        read_prices(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the price file"):
        read_prices(tmp_path / "none.toml")
