"""The house keeps its shape: floors, small rooms, names, exports, and a light front door."""

import ast
import contextlib
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import llmrerank
from llmrerank.errors import MissingExtra

PACKAGE = Path(llmrerank.__file__).parent
FLOORS = {
    0: "types errors spec option_types registry expansion harmless hidden counted",
    1: "rounds moves algorithms overlap",
    2: (
        "calls prompts prompt_files prompt_contents prompt_fields templates passages neutralising lookalikes "
        "sentences "
        "chunking excerpts answers judges tokens encodings model_facts foreign_script suspicion"
    ),
    3: (
        "engine asking books carriage portal settings forms knobs compare_keys config_file config_lines "
        "resolution logs clients cache limits purse prices events trace trace_file ranking jsonl cache_file "
        "cache_upkeep redis_address quantities whole_file json_file toml_text"
    ),
    4: (
        "config experiment calibration calibration_contents strategies carriers stages stage_run stage_cost "
        "looking_over "
        "estimate prediction ranking_cache batch door selection many opening reranker pipeline router "
        "planner redteam "
        "retrieve evaluate train "
        "explain endpoint"
    ),
    5: "cli server integrations testing __main__",
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms.split()}
NEIGHBOURS_APART = {("algorithms", "judges"), ("judges", "algorithms")}
FORBIDDEN_NAMES = {"utils", "base", "core", "common", "misc", "helpers"}
LONGEST = 300
HEAVY = [
    "numpy",
    "torch",
    "openai",
    "httpx",
    "httpx2",
    "tiktoken",
    "typer",
    "rich",
    "bm25s",
    "sentence_transformers",
    "asyncio",
    "anyio",
]


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_prompts" not in path.parts)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Modules of this package that a file imports, anywhere in it, as dotted names below the package."""
    here = path.relative_to(PACKAGE).with_suffix("").parts
    parents = here[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("llmrerank."):
                    yield alias.name.removeprefix("llmrerank."), node.lineno
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                anchor = parents[: len(parents) - node.level + 1]
                stem = ".".join([*anchor, *([node.module] if node.module else [])])
                for alias in node.names:
                    yield (stem or alias.name), node.lineno
            elif node.module == "llmrerank":
                for alias in node.names:
                    yield alias.name, node.lineno
            elif node.module and node.module.startswith("llmrerank."):
                yield node.module.removeprefix("llmrerank."), node.lineno


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_file_is_a_small_room_on_a_floor(path):
    name = room(path)
    if name != "__init__":
        assert name in FLOOR_OF, f"{name} stands on no floor; say in FLOORS which"
    assert path.stem not in FORBIDDEN_NAMES
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down_only(path):
    name = room(path)
    if name == "__init__":
        return
    for module, line in imported(path):
        target = module.split(".")[0]
        if target not in FLOOR_OF:
            continue  # an attribute of the package itself, such as __version__
        assert FLOOR_OF[target] <= FLOOR_OF[name], f"{path}:{line} looks up to {module}"
        assert (name, target) not in NEIGHBOURS_APART, (
            f"{path}:{line}: {name} and {target} cannot see each other"
        )


def test_no_import_cycles_between_files():
    names = {
        path: ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for path in files()
    }
    known = set(names.values())
    graph = {}
    for path, name in names.items():
        targets = set()
        for module, _ in imported(path):
            parts = module.split(".")
            # importing a.b.c runs a and a.b too, but a package may gather its own rooms
            for size in range(len(parts), 0, -1):
                candidate = ".".join(parts[:size])
                if candidate in known:
                    targets.add(candidate)
                    break
        graph[name] = {t for t in targets if t != name and not name.startswith(t + ".")}
    done, path_now = set(), []

    def visit(name):
        if name in path_now:
            pytest.fail("import cycle: " + " -> ".join([*path_now[path_now.index(name) :], name]))
        if name in done:
            return
        path_now.append(name)
        for target in sorted(graph.get(name, ())):
            visit(target)
        path_now.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


def test_exported_names_are_sorted_and_there():
    assert llmrerank.__all__ == sorted(llmrerank.__all__, key=lambda n: (n[0].islower(), n))
    for name in llmrerank.__all__:
        assert getattr(llmrerank, name) is not None
    with pytest.raises(AttributeError):
        _ = llmrerank.nonsense


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, json, llmrerank; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    roots = {name.split(".")[0] for name in loaded}
    assert roots.isdisjoint(HEAVY), sorted(roots & set(HEAVY))
    assert not any(name.startswith("llmrerank.cli") for name in loaded)


def test_loading_every_registered_name_loads_no_model_library():
    code = (
        "import sys, json; from llmrerank import registry; list(registry.entries()); "
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    roots = {name.split(".")[0] for name in loaded}
    assert roots.isdisjoint(
        {"numpy", "torch", "openai", "tiktoken", "bm25s", "sentence_transformers", "typer"}
    )


def test_every_module_imports_by_itself():
    for path in files():
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        with contextlib.suppress(MissingExtra):  # an adapter whose framework is not installed
            importlib.import_module(".".join(("llmrerank", *parts)).removesuffix(".__init__"))
