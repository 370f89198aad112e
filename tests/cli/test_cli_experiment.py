"""The experiment file, several datasets, and the forms in which a comparison is printed."""

import csv
import io
import json
from pathlib import Path

import pytest

from llmrerank.cli.exits import Exit
from llmrerank.prompt_files import locate
from llmrerank.testing.stub_server import StubServer


@pytest.fixture
def experiment(dataset, tmp_path):
    path = tmp_path / "experiments" / "first.toml"
    path.parent.mkdir()
    path.write_text(
        '[compare]\ndataset = "../animals"\nstrategies = ["bm25", "mine"]\nbaseline = "mine"\n'
        'metrics = ["RR@10"]\nlimit = 1\n[defaults]\nseed = 7\n[strategies]\nmine = "bm25 % 2"\n'
    )
    return str(path)


def test_an_experiment_file_is_the_whole_command(cli, experiment):
    ended = cli("compare", experiment, "--json")
    assert ended.code == Exit.DONE
    assert [row["strategy"] for row in ended.json["rows"]] == ["bm25", "mine"]
    assert [row["pipeline"] for row in ended.json["rows"]] == ["bm25", "bm25 % 2"]
    assert (ended.json["queries"], ended.json["baseline"]) == (1, "mine")
    assert list(ended.json["rows"][0]["measures"]) == ["RR@10"]
    flags = cli("compare", experiment, "--limit", "2", "--metrics", "R@5", "P@1", "--json")
    assert flags.json["queries"] == 2
    assert list(flags.json["rows"][0]["measures"]) == ["R@5", "P@1"]


def test_what_a_comparison_leaves_makes_it_again(cli, experiment, tmp_path):
    first = cli("compare", experiment, "--out", str(tmp_path / "out"), "--json")
    again = cli("compare", str(tmp_path / "out" / "experiment.toml"), "--json")
    assert first.code == again.code == Exit.DONE
    assert [row["measures"] for row in again.json["rows"]] == [row["measures"] for row in first.json["rows"]]
    assert [row["pipeline"] for row in again.json["rows"]] == ["bm25", "bm25 % 2"]
    assert again.json["baseline"] == "mine"
    assert "seed = 7" in (tmp_path / "out" / "experiment.toml").read_text()


def test_a_prompt_of_ones_own_is_found_from_wherever_the_experiment_is_read(cli, dataset, tmp_path):
    (tmp_path / "mine.toml").write_text(locate("pointwise").read_text())
    own = "bm25 % 2 >> pointwise(prompt='./mine.toml')"
    words = ("--dataset", dataset, "--strategies", "bm25", own, "--baseline", own, "--limit", "1")
    with StubServer(lambda body: "yes") as server:
        endpoint = ("--base-url", server.base_url, "--model", "stub")
        first = cli("compare", *words, *endpoint, "--out", "out", "--json")
        again = cli("compare", "out/experiment.toml", "--json")
        own_paths = '[compare]\ndataset = "../animals"\nstrategies = ["bm25", "{0}"]\nbaseline = "{0}"\n'
        (tmp_path / "out" / "by-hand.toml").write_text(own_paths.format(own.replace("./", "../")))
        by_hand = cli("compare", "out/by-hand.toml", "--limit", "1", *endpoint, "--json")
    assert first.code == again.code == by_hand.code == Exit.DONE
    assert first.json["baseline"] == own
    assert again.json["baseline"] == again.json["rows"][1]["strategy"]
    assert by_hand.json["rows"][1]["measures"] == again.json["rows"][1]["measures"]


def test_unknown_keys_are_named_all_at_once(cli, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text('[compare]\ndataset = "x"\nstrategys = ["bm25"]\nrepeat = 0\n[default]\nseed = 1\n')
    ended = cli("compare", str(path))
    assert ended.code == Exit.USAGE
    for part in ("'strategys'", "did you mean 'strategies'", "'repeat' must be", "did you mean 'defaults'"):
        assert part in ended.err
    gone = cli("compare", "gone.toml")
    assert (gone.code, "there is no experiment file gone.toml" in gone.err) == (Exit.USAGE, True)
    last = cli("compare", "--strategies", "bm25", "wrong.toml")
    assert "an experiment file stands before --strategies" in last.err
    path.write_text("[defaults]\nseed = 1\n")
    assert "no section [compare]" in cli("compare", str(path)).err
    both = cli("compare", str(path), "--config", str(path))
    assert "the same thing twice" in both.err


def test_the_title_of_the_file_heads_the_report_and_is_kept(cli, experiment, tmp_path):
    text = Path(experiment).read_text().replace("[compare]", '[compare]\ntitle = "Support articles"')
    Path(experiment).write_text(text)
    cli("compare", experiment, "--report", "r.html", "--out", "out", "-q")
    assert "<title>Support articles</title>" in Path("r.html").read_text()
    assert 'title = "Support articles"' in Path("out", "experiment.toml").read_text()
    cli("compare", experiment, "--report", "r.html", "--title", "Another", "-q")
    assert "<title>Another</title>" in Path("r.html").read_text()


def test_an_interrupt_says_where_answers_are_kept(cli, dataset, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("llmrerank.evaluate.compare", interrupted)
    words = ("compare", "--dataset", dataset, "--strategies", "bm25")
    ended = cli(*words, "--cache", "answers.sqlite")
    assert ended.code == Exit.INTERRUPTED
    assert "the same command goes on from here; what was answered is kept in answers.sqlite" in ended.err
    assert "with --cache" in cli(*words, "--no-cache").err


def test_several_datasets_have_an_average(cli, dataset, tmp_path):
    words = (
        "compare",
        "--dataset",
        dataset,
        "--dataset",
        dataset,
        "--strategies",
        "bm25",
        "--metrics",
        "RR@10",
    )
    ended = cli(*words)
    assert ended.code == Exit.DONE
    assert ended.out.startswith("mean over animals, animals")
    found = cli(*words, "--json", "--out", str(tmp_path / "out"), "--index", str(tmp_path / "index")).json
    assert sorted(path.name for path in (tmp_path / "index").iterdir()) == ["animals", "animals-2"]
    assert [one["dataset"] for one in found["datasets"]] == ["animals", "animals"]
    assert found["averages"]["rows"][0]["measures"] == {"RR@10": 1.0}
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == [
        "animals",
        "animals-2",
    ]


@pytest.mark.parametrize("form", ["--csv", "--markdown", "--latex"])
def test_tables_in_other_forms(cli, dataset, form):
    words = (
        "compare",
        "--dataset",
        dataset,
        "--strategies",
        "bm25 % 1",
        "bm25 % 3",
        "--metrics",
        "R@5",
        form,
    )
    ended = cli(*words)
    assert ended.code == Exit.DONE
    assert "bm25" in ended.out
    assert "1.0" in ended.out
    if form == "--csv":
        rows = list(csv.DictReader(io.StringIO(ended.out)))
        assert [row["strategy"] for row in rows] == ["bm25 % 1", "bm25 % 3", "oracle: bm25 % 1"]
        assert float(rows[0]["R@5"]) == 1.0
    twice = cli(*words, "--json")
    assert twice.code == Exit.USAGE
    assert "give one of them" in twice.err


def test_a_csv_of_questions_and_a_folder_of_texts(cli, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "cats.md").write_text("# Cats\n\nCats purr when they are content.\n")
    (notes / "dogs.txt").write_text("A dog barks at night.\n")
    (tmp_path / "questions.csv").write_text("number,question\n1,what purrs\n2,what barks\n")
    parts = ("--docs", "notes", "--queries", "questions.csv")
    strategies = ("--strategies", "bm25", "rank-bm25")
    blind = cli("compare", *parts, *strategies)
    assert blind.code == Exit.DONE
    assert "nothing is judged here" in blind.err
    assert "overlap@10" in blind.out
    with StubServer(lambda body: "3" if "purr" in body["messages"][-1]["content"] else "0") as server:
        endpoint = ("--base-url", server.base_url, "--model", "stub")
        labelled = cli("label", *parts, *strategies, *endpoint, "--out", "qrels.tsv")
        assert labelled.code == Exit.DONE
        judged = cli(
            "compare", *parts, "--qrels", "qrels.tsv", *strategies, "--json", "--report", "report.html"
        )
        assert judged.code == Exit.DONE
        assert judged.json["queries"] == 2
        guilty = cli(
            *("compare", *parts, "--qrels", "qrels.tsv", "--strategies", "bm25 >> pointwise", *endpoint)
        )
    assert "contestant" in guilty.err
    assert "contestant" not in judged.err
    page = (tmp_path / "report.html").read_text()
    assert "what purrs" in page
    assert "Cats purr when" in page


def test_progress_says_what_was_spent():
    from llmrerank.cli.compare_progress import spent
    from llmrerank.evaluate import Progress

    told = Progress(row=1, strategy="bm25", done=1, queries=2)
    assert spent(told) == ""
    paid = Progress(row=1, strategy="x", done=1, queries=2, calls=3, cached=1, tokens=50, cost=0.25)
    assert spent(paid) == "3 calls, 1 cached, 50 tokens, 0.2500 USD"
    unknown = Progress(row=1, strategy="x", done=1, queries=2, calls=3, tokens=50, cost=None)
    assert spent(unknown) == "3 calls, 50 tokens, cost unknown"


def test_hostile_texts_reach_no_terminal(cli, tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    escape = "\x1b[2J\x1b]0;owned\x07"
    (folder / "corpus.jsonl").write_text(
        "".join(
            json.dumps({"_id": f"d{n}", "text": f"cats {escape} \u202e purr {n}"}) + "\n" for n in range(3)
        )
    )
    (folder / "queries.jsonl").write_text(json.dumps({"_id": f"q{escape}", "text": f"cats {escape}"}) + "\n")
    (folder / "dataset.toml").write_text('name = "pets \\u001b[2J\\u202e"\n')
    words = ("compare", "--dataset", str(folder), "--strategies", "bm25", "rank-bm25")
    ended = cli(*words, "--report", "r.html")
    assert ended.code == Exit.DONE
    (tmp_path / "twice.jsonl").write_text((folder / "queries.jsonl").read_text() * 2)
    refused = cli(*words, "--queries", "twice.jsonl")
    assert refused.code == Exit.USAGE
    markdown, planned = cli(*words, "--markdown"), cli(*words, "--dry-run")
    page = (tmp_path / "r.html").read_text()
    for text in (*(one.out + one.err for one in (ended, refused, markdown, planned)), page):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_dataset_that_cannot_be_compared_loses_no_other(cli, dataset, tmp_path):
    folder = tmp_path / "foreign"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "a", "text": "cats"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "cats"}\n')
    (folder / "qrels.txt").write_text("q 0 elsewhere 1\n")
    ended = cli("compare", "--dataset", dataset, "--dataset", str(folder), "--strategies", "bm25")
    assert ended.code == Exit.USAGE
    assert "match nothing" in ended.err
    assert ended.out.startswith("pipeline"), "what was done is shown"
