import json

from llmrerank.cli.exits import Exit


def test_strategies_are_shown_with_options_cost_and_source(cli):
    ended = cli("show", "strategies")
    assert ended.code == Exit.DONE
    assert "  listwise: " in ended.out
    assert "window=20" in ended.out
    assert "100 documents: 9 calls in 9 rounds" in ended.out
    assert "https://arxiv.org/abs/2304.09542" in ended.out
    assert "first stages:" in ended.out


def test_strategies_as_json(cli):
    found = {entry["name"]: entry for entry in cli("show", "strategies", "--json").json["strategies"]}
    assert {"bm25", "rank-bm25", "dense", "run", "pool", "bi-encoder", "cross-encoder", "listwise"} <= set(
        found
    )
    assert found["pointwise"]["cost"] == {"calls": "100", "rounds": "1"}
    assert {"name": "k1", "required": False, "default": 1.2} in found["bm25"]["options"]


def test_a_broken_plugin_is_listed_as_broken(cli, monkeypatch):
    from llmrerank import registry

    monkeypatch.setitem(registry._broken, "their-plugin", "ImportError: no such thing")
    ended = cli("show", "strategies")
    assert ended.code == Exit.DONE
    assert "broken: their-plugin: ImportError: no such thing" in ended.out


def test_prompts_are_shown_and_a_broken_one_with_its_faults(cli, tmp_path):
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "mine.toml").write_text('titel = "x"\n')
    ended = cli("show", "prompts")
    assert ended.code == Exit.DONE
    assert "listwise: " in ended.out
    assert "mine: broken: " in ended.out
    listed = {one["name"]: one for one in cli("show", "prompts", "--json").json["prompts"]}
    assert listed["mine"]["faults"]
    assert listed["pointwise"]["form"] == "pointwise"


def test_every_packaged_prompt_can_be_shown_and_rendered(cli):
    for one in cli("show", "prompts", "--json").json["prompts"]:
        part = "[state]" if one["form"] == "decide" else "[[messages]]"
        assert part in cli("show", "prompt", one["name"]).out
        rendered = cli("show", "prompt", one["name"], "--render")
        assert rendered.code == Exit.DONE
        assert "How do cats purr?" in rendered.out
        assert "{" not in rendered.out.replace('{"', "") or one["answer"] == "json"


def test_one_prompt_as_json(cli):
    found = cli("show", "prompt", "listwise", "--render", "--json").json
    assert {"schema", "name", "path", "text", "messages"} == set(found)
    assert json.dumps(found["messages"])


def test_a_prompt_with_a_typo_lists_every_fault(cli, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('titel = "x"\nform = "listwize"\n')
    ended = cli("show", "prompt", str(path))
    assert ended.code == Exit.USAGE
    assert "mine.toml" in ended.err
    assert "titel" in ended.err
    assert "listwize" in ended.err


def test_an_unknown_prompt_is_answered_with_the_closest(cli):
    ended = cli("show", "prompt", "listwice")
    assert ended.code == Exit.USAGE
    assert "did you mean 'listwise'" in ended.err
