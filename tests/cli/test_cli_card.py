"""`compare --card`: an instruction and examples for a collection, given beside it."""

import json

from llmrerank.cli.exits import Exit
from llmrerank.testing.stub_server import StubServer


def test_a_card_stands_in_for_that_of_the_folder(cli, dataset, tmp_path):
    card = tmp_path / "card.toml"
    card.write_text('name = "strict"\ninstruction = "Only sleeping animals."\nrelevance_level = 1\n')
    words = ("compare", "--dataset", dataset, "--strategies", "bm25 % 2 >> listwise", "--no-cache")
    with StubServer(lambda _: "[2] > [1]") as server:
        told = cli(*words, "--base-url", server.base_url, "--card", str(card), "--json")
        sent = [json.dumps(request["messages"]) for request in server.requests]
        server.requests.clear()
        flagged = cli(
            *words, "--base-url", server.base_url, "--card", str(card), "--instruction", "Only loud ones."
        )
        over = [json.dumps(request["messages"]) for request in server.requests]
    assert told.code == flagged.code == Exit.DONE
    assert told.json["dataset"] == "strict"
    assert sent
    assert all("Only sleeping animals." in one and "The animal itself" not in one for one in sent)
    assert all("Only loud ones." in one and "sleeping" not in one for one in over)


def test_a_card_that_is_not_there_or_no_card_is_one_sentence(cli, dataset, tmp_path):
    words = ("compare", "--dataset", dataset, "--strategies", "bm25", "--card")
    ended = cli(*words, "absent.toml")
    assert ended.code == Exit.USAGE
    assert "there is no card absent.toml" in ended.err
    broken = tmp_path / "broken.toml"
    broken.write_text('instrution = "x"\n')
    ended = cli(*words, str(broken))
    assert ended.code == Exit.USAGE
    assert "did you mean 'instruction'" in ended.err
