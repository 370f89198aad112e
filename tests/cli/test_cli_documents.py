"""Documents of every kind at the doors that take them: tables and folders of texts."""

import pytest

from llmrerank.cli.exits import Exit


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "docs.csv"
    path.write_text("Nr,Satz,Jahr\n7,Cats purr.,1999\n8,A dog barks at night.,2001\n")
    return str(path)


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    (folder / "animals").mkdir(parents=True)
    (folder / "animals" / "dogs.md").write_text("# All about dogs\nA dog barks at night.\n")
    (folder / "cats.txt").write_text("Cats purr.\n")
    (folder / "cats.png").write_bytes(b"\x89PNG")
    return str(folder)


@pytest.mark.parametrize("words", [("rank", "--docs"), ("search", "--corpus")])
def test_a_table_whose_columns_are_said(cli, table, words):
    spec = "--strategy" if words[0] == "rank" else "--pipeline"
    asked = (*words, table, "--query", "dog barks", spec, "bm25", "--json")
    ended = cli(*asked)
    assert ended.code == Exit.USAGE
    assert "it has 'Nr', 'Satz', 'Jahr'; say which, as --doc-columns text=NAME" in ended.err
    ended = cli(*asked, "--doc-columns", "id=Nr,text=Satz")
    assert ended.code == Exit.DONE
    [hit, *_] = ended.json["hits"]
    assert (hit["id"], hit["text"], hit["metadata"]) == ("8", "A dog barks at night.", {"Jahr": "2001"})


@pytest.mark.parametrize("words", [("rank", "--docs"), ("search", "--corpus")])
def test_a_folder_of_texts(cli, texts, words):
    spec = "--strategy" if words[0] == "rank" else "--pipeline"
    ended = cli(*words, texts, "--query", "dog barks", spec, "bm25", "--json")
    assert ended.code == Exit.DONE
    [hit, *_] = ended.json["hits"]
    assert (hit["id"], hit["title"]) == ("animals/dogs.md", "All about dogs")
    refused = cli(*words, texts, "--query", "dog", spec, "bm25", "--doc-columns", "id=x")
    assert refused.code == Exit.USAGE
    assert "is a folder of texts, which have no columns" in refused.err
    assert f"1 file is left out of {texts}, neither text nor Markdown: 1 .png" in ended.err


def test_a_collection_that_nobody_knows(cli, tmp_path, monkeypatch):
    pytest.importorskip("ir_datasets", reason="needs ir_datasets ([datasets])")
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    ended = cli("search", "--corpus", "irds:vaswanii", "--query", "x", "--pipeline", "bm25")
    assert ended.code == Exit.USAGE
    assert "no collection 'vaswanii'; did you mean 'vaswani'" in ended.err
