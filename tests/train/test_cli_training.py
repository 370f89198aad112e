"""`llmrerank train` and `distil`: what they print and write, and every bad input in one sentence."""

import json
import shutil
from pathlib import Path

import pytest
from toy import DEPTH, teacher_run, tiny_bert

from llmrerank.cli.app import run
from llmrerank.cli.exits import Exit

QUICK = [
    "--epochs",
    "2",
    "--learning-rate",
    "5e-3",
    "--warmup",
    "0",
    "--max-length",
    "32",
    "--dev",
    "0.2",
    "--patience",
    "9",
]


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return call


@pytest.fixture
def train(cli, folder, base):
    def call(*more, out="model"):
        given = (
            "--dataset",
            folder,
            "--base",
            base,
            "--out",
            out,
            "--first-stage",
            f"bm25 % {DEPTH}",
            *QUICK,
        )
        return cli("train", *given, *more)

    return call


def test_a_model_is_trained_and_used(train, cli, folder):
    code, out, err = train()
    assert code == Exit.DONE
    header, as_found, *figures, _, line = out.splitlines()
    assert header.split() == ["epochs", "step", "dev", "nDCG@10"]
    assert as_found.split() == ["as", "found", "0.3562"]
    assert [row.split()[1] for row in figures] == ["6", "12"]
    assert sum("kept" in row for row in figures) == 1
    assert line.startswith("model: 2 layers of base, 24 queries, 24 lists, 12 steps in ")
    assert "cross-encoder(model='model')" in err
    code, out, err = cli(
        *("compare", "--dataset", folder, "--split", "train", "--no-cache", "--strategies", "bm25"),
        f"bm25 % {DEPTH} >> cross-encoder(model='model')",
        "--json",
    )
    assert code == Exit.DONE
    first, second = (row["measures"]["nDCG@10"] for row in json.loads(out)["rows"])
    assert second > first + 0.3


def test_json_has_all_of_it(train):
    code, out, err = train("--json", "-q")
    assert (code, err) == (Exit.DONE, "")
    values = json.loads(out)
    assert (values["schema"], values["kind"], values["folder"]) == (1, "train", "model")
    assert values["best"] == max(figure["ndcg"] for figure in values["dev"])
    record = json.loads(Path("model/training.json").read_text())
    assert record["dev"] == values["dev"]


def test_a_dry_run_says_what_it_takes_and_leaves_nothing(train, tmp_path):
    code, out, err = train("--dry-run")
    assert code == Exit.DONE
    said = dict(line.split(":", 1) for line in out.splitlines())
    assert {name: value.strip() for name, value in said.items() if name != "time"} == {
        "queries": "24, and 6 held out",
        "lists": "24",
        "pairs": "144 in an epoch, and 36 in a measurement",
        "steps": "12 at most",
    }
    assert said["time"].strip().startswith("about ")
    assert "nothing was trained" in err
    assert list(tmp_path.iterdir()) == []


def test_a_trained_model_is_replaced_only_when_asked(train):
    assert train()[0] == Exit.DONE
    before = Path("model/training.json").read_text()
    code, _, err = train("--seed", 1)
    assert code == Exit.USAGE
    assert "model holds a trained model; --overwrite replaces it" in err
    assert Path("model/training.json").read_text() == before
    assert train("--seed", 1, "--overwrite")[0] == Exit.DONE
    assert json.loads(Path("model/training.json").read_text())["recipe"]["seed"] == 1


def test_only_judgements_that_are_not_for_training_are_warned_about(train, folder, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "qrels" / "train.tsv").rename(other / "qrels" / "test.tsv")
    code, _, err = train("--dataset", other)
    assert code == Exit.DONE
    assert "has no qrels/train.tsv, so its only judgements are trained on; measure the model on others" in err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--dataset", "nowhere"), "there is no dataset folder nowhere"),
        (("--split", "dev"), "no split 'dev'"),
        (("--base", "nowhere/at/all/it"), "there is no folder 'nowhere/at/all/it'"),
        (("--base", "bare"), "the base 'bare' in "),
        (("--loss", "ranknett"), "unknown loss 'ranknett'; did you mean 'ranknet'"),
        (("--loss", "margin-mse"), "this teacher gives an order alone"),
        (("--layers", "3"), "layers must be from 1 to 2, which the base has, got 3"),
        (("--epochs", "0"), "epochs must be a whole number of 1 or more, got 0"),
        (("--first-stage", "bm26"), "did you mean 'bm25'"),
        (("--teacher", "listwize"), "did you mean 'listwise'"),
        (("--out", "bare"), "bare holds something that is no trained model"),
        (("--out", "bare/config.json"), "is no folder"),
        (("--negatives", "0"), "--negatives must be 1 or more"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(train, base, tmp_path, words, part):
    shutil.copytree(base, tmp_path / "bare")
    (tmp_path / "bare" / "vocab.txt").unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    code, out, err = train(*words)
    assert (code, out) == (Exit.USAGE, "")
    assert part in err
    assert err.startswith("llmrerank: ")
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_too_few_queries_say_how_many_are_needed(train, folder, tmp_path):
    few = tmp_path / "few"
    shutil.copytree(folder, few)
    lines = (few / "qrels" / "train.tsv").read_text().splitlines()
    (few / "qrels" / "train.tsv").write_text("\n".join(lines[:6]) + "\n")
    code, _, err = train("--dataset", few)
    assert code == Exit.USAGE
    assert "5 queries with a relevant document are too few to train on; 10 are needed" in err


def test_a_student_is_distilled_from_several_runs(cli, folder, base, tmp_path):
    runs = [teacher_run(tmp_path / name) for name in ("a.trec", "b.trec")]
    code, out, _ = cli(
        *("distil", "--from", *runs, "--dataset", folder, "--base", base, "--out", "student", "--list", 3),
        *QUICK,
    )
    assert code == Exit.DONE
    assert "24 queries, 48 lists" in out
    assert "Teacher: a.trec, b.trec;" in (tmp_path / "student" / "README.md").read_text()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "there is no teacher; give runs or traces with --from, or a cache with --from-cache"),
        (("--from", "nowhere.trec"), "there is no run or trace nowhere.trec"),
        (("--from-cache", "c.sqlite"), "say with --strategy what they were paid for"),
        (("--from-cache", "c.sqlite", "--strategy", "listwise"), "there is no cache c.sqlite"),
        (("--from", "foreign.trec"), "lacks 1, such as 'd999'"),
        (("--from", "teacher.trec", "--strategy", "bm25"), "there is none"),
        (("--from", "teacher.trec", "--list", "1"), "--list must be 2 or more"),
    ],
)
def test_a_teacher_that_cannot_teach_is_one_sentence(cli, folder, base, tmp_path, words, part):
    run = teacher_run(tmp_path / "teacher.trec")
    (tmp_path / "foreign.trec").write_text(run.read_text().replace("d3-5", "d999"))
    code, out, err = cli("distil", "--dataset", folder, "--base", base, "--out", "student", *words)
    assert (code, out) == (Exit.USAGE, "")
    assert part in err
    assert not (tmp_path / "student").exists()


def test_a_broken_off_training_goes_on_and_says_so(train, monkeypatch):
    from llmrerank.train import lesson

    whole = lesson.save_model

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(lesson, "save_model", interrupted)
    assert train()[0] == Exit.INTERRUPTED
    monkeypatch.setattr(lesson, "save_model", whole)
    code, _, err = train()
    assert code == Exit.DONE
    assert "went on from step 12 of a training that was broken off" in err


def test_a_deep_base_is_pruned_from_the_command_line(train, tmp_path):
    code, out, _ = train("--base", tiny_bert(tmp_path / "deep", layers=4), "--layers", 2)
    assert code == Exit.DONE
    assert "model: 2 layers of deep" in out
