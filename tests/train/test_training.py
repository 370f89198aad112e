"""Training from judgements: it learns, it repeats itself, it goes on where it was, and it leaves a model."""

import json
from dataclasses import replace

import pytest
from toy import DEPTH, GOOD, QUICK, tiny_bert, weights

from llmrerank import rerank
from llmrerank.errors import ConfigError
from llmrerank.evaluate import Dataset
from llmrerank.train import Recipe, train
from llmrerank.train.dev import DevQueries
from llmrerank.train.scratch import Scratch

STAGE = f"bm25 % {DEPTH}"


def trained(collection, base, out, recipe=QUICK, **more):
    return train(collection, out, base=str(base), first_stage=STAGE, recipe=recipe, **more)


class Killed(BaseException):
    """Ends a training as a kill would: nothing of it is written down."""


def broken_off(collection, base, out, recipe=QUICK, *, step):
    def watch(told):
        if told.stage == "training" and told.done == step:
            raise Killed

    with pytest.raises(Killed):
        trained(collection, base, out, recipe, progress=watch)


@pytest.fixture(scope="module")
def whole(folder, base, tmp_path_factory):
    """One training from beginning to end."""
    out = tmp_path_factory.mktemp("whole") / "model"
    return trained(Dataset.open(folder, split="train"), base, out)


def test_it_learns_and_keeps_the_best(whole):
    assert whole.as_found == pytest.approx(0.3562, abs=1e-4)
    assert whole.best > 0.9
    assert (whole.queries, whole.dev_queries, whole.lists, whole.pairs) == (24, 6, 24, 24 * DEPTH)
    assert [figure.step for figure in whole.dev] == [3, 6, 9, 12]
    assert whole.best == max(figure.ndcg for figure in whole.dev)
    assert whole.step == next(figure.step for figure in whole.dev if figure.ndcg == whole.best)
    assert (whole.stopped, whole.resumed, whole.steps) == ("finished", None, 12)


def test_the_model_is_a_cross_encoder_at_once(whole):
    documents = ["rain boat", "milk rain", f"{GOOD} cat", "rain dog"]
    ranking = rerank("n77", documents, strategy=f"cross-encoder(model={str(whole.folder)!r})")
    assert ranking[0].document.text == f"{GOOD} cat"
    assert ranking.score_kind == "logit"


def test_the_card_and_the_record_say_all_of_it(whole):
    card = (whole.folder / "README.md").read_text()
    for said in (
        'base_model: "base"',
        'datasets: ["toy"]',
        "24 training queries, 24 lists, 144 pairs",
        "Licence: CC BY 4.0, made for tests.",
        f"`{STAGE}`, sampled",
        "| as found | | 0.3562 |",
        f"{whole.best:.4f} (kept)",
    ):
        assert said in card
    record = json.loads((whole.folder / "training.json").read_text())
    assert record["schema"] == 1
    assert record["data_licence"] == "CC BY 4.0, made for tests."
    assert record["recipe"]["learning_rate"] == QUICK.learning_rate
    assert len(record["dev"]) == 4
    assert record["origin"]["negatives"] == 7
    assert str(whole.folder.parent) not in card + json.dumps({**record, "command": ""})


def test_nothing_else_is_left_behind(whole):
    assert {path.name for path in whole.folder.parent.iterdir()} == {"model"}
    assert {path.suffix for path in whole.folder.iterdir()} <= {".json", ".safetensors", ".md", ".txt"}


def test_the_same_seed_gives_the_same_weights_and_another_does_not(whole, collection, base, tmp_path):
    again = trained(collection, base, tmp_path / "again")
    assert weights(again.folder) == weights(whole.folder)
    other = trained(collection, base, tmp_path / "other", replace(QUICK, seed=1))
    assert weights(other.folder) != weights(whole.folder)


@pytest.mark.parametrize("step", [4, 8])
def test_what_was_broken_off_goes_on_to_the_same_weights(whole, collection, base, tmp_path, step):
    out = tmp_path / "model"
    broken_off(collection, base, out, step=step)
    assert not out.exists()
    went_on = trained(collection, base, out)
    assert went_on.resumed == step - step % 3 - (3 if step % 3 == 0 else 0)
    assert weights(went_on.folder) == weights(whole.folder)
    assert went_on.dev == whole.dev
    assert not Scratch.beside(out).folder.exists()


def test_other_options_than_those_broken_off_are_refused_by_name(collection, base, tmp_path):
    out = tmp_path / "model"
    broken_off(collection, base, out, step=5)
    other = replace(QUICK, learning_rate=1e-4)
    with pytest.raises(ConfigError, match=r"learning_rate was 0\.005 and is 0\.0001; .*--overwrite"):
        trained(collection, base, out, other)
    assert trained(collection, base, out, other, overwrite=True).resumed is None


def test_half_a_check_point_is_not_gone_on_from(collection, base, tmp_path):
    out = tmp_path / "model"
    broken_off(collection, base, out, step=8)
    scratch = Scratch.beside(out)
    for mark in scratch.folder.glob("checkpoint-6/whole.json"):
        mark.unlink()
    assert trained(collection, base, out).resumed == 3


def test_training_leaves_the_randomness_of_the_caller_alone(collection, base, tmp_path):
    import random

    import numpy
    import torch

    def draws():
        return random.random(), float(numpy.random.random()), float(torch.rand(1))

    random.seed(1), numpy.random.seed(1), torch.manual_seed(1)
    expected = draws()
    random.seed(1), numpy.random.seed(1), torch.manual_seed(1)
    trained(collection, base, tmp_path / "model", replace(QUICK, epochs=1))
    assert draws() == expected


def test_it_stops_where_nothing_improves(collection, base, tmp_path):
    still = replace(QUICK, learning_rate=1e-9, epochs=5, patience=1)
    ended = trained(collection, base, tmp_path / "model", still)
    assert (ended.stopped, ended.steps, ended.step) == ("patience", 6, 3)


@pytest.mark.parametrize(("as_found", "worse"), [(0.0, False), (1.0, True)])
def test_a_model_worse_than_the_order_it_was_given_is_said_to_be(
    collection, base, tmp_path, monkeypatch, as_found, worse
):
    monkeypatch.setattr(DevQueries, "as_found", lambda self: as_found)
    ended = trained(collection, base, tmp_path / "model", replace(QUICK, learning_rate=1e-9, epochs=1))
    assert 0 < ended.best < 1
    assert any("worse than their candidates came" in one for one in ended.warnings) == worse


def test_a_bound_in_time_keeps_the_best_so_far_and_says_so(collection, base, tmp_path):
    ended = trained(collection, base, tmp_path / "model", replace(QUICK, minutes=1e-6))
    assert (ended.stopped, ended.steps) == ("minutes", 1)
    assert [figure.step for figure in ended.dev] == [1]
    assert "ended at step 1" in ended.warnings[-1]
    assert "the time that was given had passed" in (ended.folder / "README.md").read_text()


def test_without_dev_queries_all_epochs_are_done_and_nothing_is_claimed(collection, base, tmp_path):
    ended = trained(collection, base, tmp_path / "model", replace(QUICK, dev=0.0))
    assert (ended.dev, ended.best, ended.dev_queries, ended.step) == ((), None, 0, ended.steps)
    assert "Nothing was measured" in (ended.folder / "README.md").read_text()


def test_layers_are_taken_out_and_the_rest_learns(collection, tmp_path):
    deep = tiny_bert(tmp_path / "deep", layers=6)
    ended = trained(collection, deep, tmp_path / "model", replace(QUICK, layers=3))
    assert ended.layers == (0, 2, 5)
    assert json.loads((ended.folder / "config.json").read_text())["num_hidden_layers"] == 3
    assert "Its layers 0, 2, 5" in (ended.folder / "README.md").read_text()
    assert ended.best > 0.9


OTHERS = [pytest.param(loss, marks=pytest.mark.slow) for loss in ("listmle", "mnrl", "plistmle", "ranknet")]


@pytest.mark.parametrize("loss", ["bce", "lambda", *OTHERS])
def test_every_loss_learns(collection, base, tmp_path, loss):
    recipe = replace(QUICK, loss=loss, epochs=8, checks=1)
    assert trained(collection, base, tmp_path / "model", recipe).best > 0.8


def test_a_teacher_chooses_negatives_in_the_notation(whole, collection, base, tmp_path):
    ended = trained(
        *(collection, base, tmp_path / "model"),
        negatives=2,
        teacher=f"cross-encoder(model={str(whole.folder)!r})",
    )
    assert ended.pairs == 3 * 24
    assert "puts highest below the relevant one" in (ended.folder / "README.md").read_text()


def test_a_loss_that_is_no_number_ends_it_in_a_sentence(collection, base, tmp_path):
    with pytest.raises(ConfigError, match=r"the loss became nan at step \d+.*smaller learning rate than 1"):
        trained(
            collection,
            broken(base, tmp_path / "broken"),
            tmp_path / "model",
            replace(QUICK, learning_rate=1.0),
        )
    assert not (tmp_path / "model").exists()


def broken(base, folder):
    """The base with a weight that is no number, as a training that went wrong leaves it."""
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(base, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings.LayerNorm.weight"][0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_recipes_that_cannot_work_are_refused_all_at_once():
    with pytest.raises(ConfigError) as caught:
        Recipe(epochs=0, batch=0, learning_rate=float("nan"), dev=0.9)
    for name in ("epochs", "batch", "learning rate", "dev"):
        assert name in str(caught.value)
