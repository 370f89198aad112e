"""A framework that is not installed is named with its extra, and nothing else of llmrerank needs one."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys
sys.modules[{package!r}] = None
from llmrerank.errors import MissingExtra
try:
    import llmrerank.integrations.{module}
except MissingExtra as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("langchain", "langchain_core", "langchain"),
        ("llama_index", "llama_index", "llama-index"),
        ("haystack", "haystack", "haystack"),
    ],
)
def test_a_missing_framework_names_its_extra(module, package, extra):
    code = WITHOUT.format(package=package, module=module)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f'pip install "llmrerank[{extra}]"' in ended.stdout
    assert ended.stderr == ""


def test_the_names_of_rerankers_need_no_framework():
    code = (
        "import sys, llmrerank.integrations.rerankers; "
        "print(sorted({'langchain_core', 'llama_index', 'haystack', 'rerankers'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
