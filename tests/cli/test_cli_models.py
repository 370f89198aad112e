"""`show models`: the table for people and as JSON."""

from llmrerank.cli.exits import Exit
from llmrerank.model_facts import KNOWN


def test_models_are_shown_with_use_language_size_and_licence(cli):
    ended = cli("show", "models")
    assert ended.code == Exit.DONE
    lines = ended.out.splitlines()
    assert len(lines) == len(KNOWN) + 1
    [line] = [line for line in lines if line.startswith("BAAI/bge-reranker-v2-m3 ")]
    assert line.split() == ["BAAI/bge-reranker-v2-m3", "cross-encoder", "100+", "Apache-2.0", "568M", "8192"]
    assert "huggingface.co" in ended.err
    assert cli("show", "models", "-q").err == ""


def test_models_as_json_hold_every_fact_with_its_source(cli):
    found = cli("show", "models", "--json").json
    assert found["schema"] == 1
    assert [one["name"] for one in found["models"]] == [fact.name for fact in KNOWN]
    default = found["models"][0]
    assert default["scripts"] == ["Latin"]
    assert default["source"].endswith(default["name"])
    assert {len(one) for one in found["models"]} == {10}


def test_help_leads_with_an_example(cli):
    ended = cli("show", "models", "--help")
    assert ended.code == Exit.DONE
    assert "  llmrerank show models" in ended.out
    assert "models" in cli("show").out
