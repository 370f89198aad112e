"""`judge`: a person at a pipe or a terminal; nothing that was said is lost, nothing shown is obeyed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmrerank.cli.app import run

posix = pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")


@pytest.fixture
def words(dataset):
    Path(dataset, "qrels", "test.tsv").unlink()
    return ("judge", "--dataset", dataset, "--strategies", "bm25", "rank-bm25", "--depth", "2")


def judged(path="qrels.tsv"):
    return dict(
        (tuple(line.split("\t")[:2]), int(line.split("\t")[2]))
        for line in Path(path).read_text().splitlines()[1:]
    )


def shown(out):
    """The headings of the pairs, in the order in which they were shown."""
    return [line.split(" ---")[0] for line in out.splitlines() if " ---" in line]


def test_keys_are_grades_and_the_same_command_goes_on(cli, words):
    first = cli(*words, stdin="3\n0\nq\n")
    assert first.code == 0
    assert shown(first.out) == ["1 of 4", "2 of 4", "3 of 4"]
    assert "query: which animals purr" in first.out
    assert "relevant: The animal itself is wanted." in first.out
    assert sorted(judged().values()) == [0, 3]
    second = cli(*words, stdin="2\n")
    assert shown(second.out) == ["3 of 4", "4 of 4"]
    third = cli(*words, stdin="1\n")
    assert shown(third.out) == ["4 of 4"]
    assert sorted(judged().values()) == [0, 1, 2, 3]
    assert shown(cli(*words, stdin="1\n").out) == []
    assert 'judge = "person"' in Path("qrels.tsv.toml").read_text()


def test_the_last_answer_can_be_taken_back_also_the_next_day(cli, words):
    once = cli(*words, stdin="3\nu\n1\n2\nq\n")
    assert shown(once.out) == ["1 of 4", "2 of 4", "1 of 4", "2 of 4", "3 of 4"]
    before = judged()
    assert sorted(before.values()) == [1, 2]
    later = cli(*words, stdin="u\n0\nu\nu\nu\nq\n")
    assert shown(later.out) == ["3 of 4", "2 of 4", "3 of 4", "2 of 4", "1 of 4", "1 of 4"]
    assert "nothing to undo" in later.out
    assert judged("qrels.tsv") == before, "nothing is left to write, so the file stays as it was"


def test_skipped_pairs_come_back_where_they_are_asked_for(cli, words):
    assert "skipped: 2" in cli(*words, stdin="s\ns\n1\n1\n").err
    assert len(judged()) == 2
    assert shown(cli(*words, stdin="").out) == []
    again = cli(*words, "--again", stdin="0\n3\n")
    assert shown(again.out) == ["1 of 4", "2 of 4"]
    assert len(judged()) == 4


def test_binary_judgements(cli, words):
    ended = cli(*words, "--binary", "--json", "--out", "binary.qrels", stdin="y\nN\n2\nq\n")
    assert ended.json["now"] == 2
    assert "y, n grade it" in ended.err
    assert sorted(line.split()[3] for line in Path("binary.qrels").read_text().splitlines()) == ["0", "1"]
    refused = cli(*words, "--out", "binary.qrels", stdin="3\n")
    assert refused.code == 2, "another scale"


def test_a_long_document_is_shown_piece_by_piece(cli, words, dataset):
    corpus = Path(dataset, "corpus.jsonl")
    body = "animals purr\n" + "\n".join(f"line {number}" for number in range(1, 45))
    corpus.write_text(json.dumps({"_id": "d0", "title": "A title", "text": body}) + "\n")
    ended = cli(*words, stdin="m\nm\nm\nq\n")
    at = [
        ended.out.index(text)
        for text in ("A title", "line 18", "m 26 more lines", "line 19", "m 6 more lines")
    ]
    assert at == sorted(at)
    assert "that is all of it" in ended.out


def test_hostile_text_is_shown_and_not_obeyed(cli, words, dataset):
    corpus = Path(dataset, "corpus.jsonl")
    text = "animals purr \x1b[2J\x1b]0;owned\x07 \u202egnp.exe\u202c [red]x[/red] :smile: \ud800"
    corpus.write_text(json.dumps({"_id": "d0", "title": "t\rforged", "text": text}) + "\n")
    ended = cli(*words, stdin="0\n")
    assert ended.code == 0
    assert not {"\x1b", "\x07", "\u202e", "\r"} & set(ended.out)
    assert "␛[2J␛]0;owned␇ <U+202E>gnp.exe<U+202C> [red]x[/red] :smile: <U+D800>" in " ".join(
        ended.out.split()
    )


def test_nothing_shown_tells_who_found_a_document_or_where(cli, words, dataset, capsys):
    Path(dataset, "zebra.trec").write_text("".join(f"q1 Q0 d{d} {7 - d} {d + 1} zebra\n" for d in range(6)))
    base = ("judge", "--dataset", dataset, "--limit", "1", "--depth", "6")
    one = cli(*base, "--strategies", "run(path='zebra.trec')", "--out", "a.tsv", stdin="0\n" * 6)
    other = cli(*base, "--strategies", "bm25", "run(path='zebra.trec')", "--out", "b.tsv", stdin="0\n" * 6)
    assert one.out == other.out
    assert "zebra" not in one.out


def test_an_interrupt_keeps_what_was_judged(words, monkeypatch, capsys):
    class Impatient(io.StringIO):
        def readline(self, *_):
            line = super().readline()
            if not line:
                raise KeyboardInterrupt
            return line

    monkeypatch.setattr("sys.stdin", Impatient("3\n"))
    assert run(words) == 130
    assert list(judged().values()) == [3]
    assert "run it again to go on" in capsys.readouterr().err


@posix
def test_a_terminal_gets_the_words_of_the_query_highlighted(words):
    import pty

    master, slave = pty.openpty()
    environment = {"TERM": "xterm", "PATH": os.environ["PATH"], "HOME": os.getcwd()}
    process = subprocess.Popen(
        [sys.executable, "-m", "llmrerank", *words],
        stdin=subprocess.PIPE,
        stdout=slave,
        stderr=subprocess.PIPE,
        env=environment,
    )
    os.close(slave)
    process.communicate(b"0\nq\n")
    seen = os.read(master, 100_000).decode()
    os.close(master)
    assert process.returncode == 0
    assert "\x1b[1;33manimals\x1b[0m" in seen
    assert "\x1b[1;33mpurr" in seen
    assert "\x1b[1;33mthat" not in seen
