import warnings
from pathlib import Path

import pytest
from toy import tiny_bert, toy_collection

from llmrerank.evaluate import Dataset

for name in ("accelerate", "datasets", "ir_measures", "sentence_transformers"):
    pytest.importorskip(name, reason="needs the extra [train]")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Steps of so small a network are slowest where threads wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def _imported():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import datasets  # noqa: F401
        import sentence_transformers  # noqa: F401


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return toy_collection(tmp_path_factory.mktemp("collections") / "toy")


@pytest.fixture
def collection(folder) -> Dataset:
    return Dataset.open(folder, split="train")
