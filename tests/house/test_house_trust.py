"""Nothing of other people's is executed: no pickle, no eval, no code that comes with a model, no shell."""

import ast
from pathlib import Path

import pytest

import llmrerank

PACKAGE = Path(llmrerank.__file__).parent
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "diskcache"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "torch.load"}


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def unsafe(source):
    """What a module does that would run what somebody else wrote, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        for name in names:
            if name.split(".")[0] in UNSAFE_MODULES:
                yield f"line {node.lineno}: imports {name}"
        if not isinstance(node, ast.Call):
            continue
        if dotted(node.func) in UNSAFE_CALLS:
            yield f"line {node.lineno}: calls {dotted(node.func)}"
        for keyword in node.keywords:
            fixed = keyword.value.value if isinstance(keyword.value, ast.Constant) else "?"
            if keyword.arg == "trust_remote_code" and fixed is not False:
                yield f"line {node.lineno}: trusts remote code"
            if keyword.arg == "allow_pickle" and fixed is not False:
                yield f"line {node.lineno}: allows pickle"
            if keyword.arg == "shell" and fixed is not False:
                yield f"line {node.lineno}: asks a shell"
            if keyword.arg == "verify" and fixed is False:
                yield f"line {node.lineno}: trusts any certificate"


def test_no_file_runs_what_somebody_else_wrote():
    found = {
        str(path.relative_to(PACKAGE)): list(unsafe(path.read_text(encoding="utf-8")))
        for path in PACKAGE.rglob("*.py")
    }
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "eval('1')",
        "f(trust_remote_code=True)",
        "f(trust_remote_code=given)",
        "numpy.load(path, allow_pickle=True)",
        "subprocess.run(words, shell=True)",
        "torch.load(path)",
        "client(verify=False)",
    ],
)
def test_it_would_be_found(source):
    assert len(list(unsafe(source))) == 1
