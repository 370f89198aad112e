"""Read the docstrings of the standard library of the Python that runs: the documents of the collection.

What is written in Python is read from its source with `ast` and never executed; what is written in C is read
from a fixed list of modules by importing them.
"""

from __future__ import annotations

import ast
import gc
import importlib
import inspect
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHORTEST = 20
"""Characters. A shorter docstring says nothing that its name does not."""

SKIPPED = frozenset(
    "__future__ __hello__ __phello__ antigravity this test "  # noqa: SIM905  # words read better than a list
    "idlelib turtledemo lib2to3 distutils ensurepip pydoc_data ntpath nturl2path "
    "sre_compile sre_constants sre_parse".split()
)
"""Top-level modules left out: tests, applications, easter eggs, other platforms, what was removed later."""

ALSO_PRIVATE = frozenset({"genericpath"})
"""Public by spelling, but only there for others to import from."""

RENAMED = {"posixpath": "os.path", "_collections_abc": "collections.abc"}
"""The name under which people know a module."""

COMPILED = tuple(
    "builtins sys array atexit binascii bz2 cmath codecs "  # noqa: SIM905  # words read better than a list
    "collections contextvars csv ctypes errno faulthandler fcntl functools gc grp hashlib hmac io itertools "
    "locale lzma marshal math mmap operator os pickle pwd pyexpat queue re readline resource select signal "
    "socket sqlite3 ssl struct symtable syslog termios threading time tracemalloc types unicodedata weakref "
    "zlib zoneinfo".split()
)
"""Modules read by import. An object that several of them offer belongs to the first."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A docstring under its public dotted name; the title is that name with the signature, if known."""

    id: str
    title: str
    text: str


class Module:
    """One parsed source file and what can be read off its top level."""

    def __init__(self, name: str, path: Path) -> None:
        """Parse the file; syntax warnings of old sources are not ours to report."""
        self.name = name
        self.is_package = path.name == "__init__.py"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.tree = ast.parse(path.read_bytes())
        self.definitions: dict[str, Definition] = {}
        self.imports: list[ast.ImportFrom] = []
        self.twin = f"_py{name}"
        """The private module that stands in, whole, where the C form of this one is missing."""
        self.exports: frozenset[str] | None = None
        for node in statements(self.tree.body):
            if isinstance(node, Definition):
                known = self.definitions.get(node.name)
                if known is None or ast.get_docstring(known) is None:
                    self.definitions[node.name] = node
            elif isinstance(node, ast.ImportFrom):
                self.imports.append(node)
            elif isinstance(node, ast.Import) and self.twin in {alias.name for alias in node.names}:
                self.imports.append(ast.ImportFrom(module=self.twin, names=[ast.alias(name="*")], level=0))
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                self.exports = literal_names(node.value)
            elif isinstance(node, ast.AugAssign) and ast.unparse(node.target) == "__all__":
                self.exports = None

    def offers(self, name: str) -> bool:
        """Whether the name is part of the module's face."""
        return not name.startswith("_") and (self.exports is None or name in self.exports)

    def origin(self, node: ast.ImportFrom) -> str:
        """The absolute name of the module that an import takes from."""
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        kept = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*kept, node.module] if node.module else kept)


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, those under `if` and `try` included, in source order."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from statements([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            handlers = [inner for handler in node.handlers for inner in handler.body]
            yield from statements([*node.body, *handlers, *node.orelse, *node.finalbody])


def literal_names(node: ast.expr) -> frozenset[str] | None:
    """The strings of a literal list or tuple, or None if it is computed."""
    try:
        return frozenset(ast.literal_eval(node))
    except (ValueError, TypeError):
        return None


def is_public(name: str) -> bool:
    """Whether no part of the dotted name is private."""
    if name in RENAMED:
        return True
    return name not in ALSO_PRIVATE and not any(part.startswith("_") for part in name.split("."))


def find_sources(root: Path) -> dict[str, Path]:
    """The source file of every module of the standard library by dotted name, private ones included."""
    found: dict[str, Path] = {}

    def enter(name: str, folder: Path) -> None:
        found[name] = folder / "__init__.py"
        for path in sorted(folder.iterdir()):
            if path.suffix == ".py" and path.stem not in {"__init__", "__main__"}:
                found[f"{name}.{path.stem}"] = path
            elif path.name not in {"test", "tests"} and (path / "__init__.py").is_file():
                enter(f"{name}.{path.name}", path)

    for name in sorted(sys.stdlib_module_names - SKIPPED):
        if (root / f"{name}.py").is_file():
            found[name] = root / f"{name}.py"
        elif name == "encodings":  # its modules are tables
            found[name] = root / name / "__init__.py"
        elif (root / name / "__init__.py").is_file():
            enter(name, root / name)
    return found


def find_homes(modules: dict[str, Module]) -> dict[tuple[str, str], str]:
    """The public name of every top-level definition, by (module, name): the one with the fewest parts.

    A definition is known by its own module if that is public, by a package that takes it from a module inside
    it, and by any public module that takes it from a private one. So `asyncio.locks.Lock` is `asyncio.Lock`.
    """
    homes: dict[tuple[str, str], str] = {}

    def offer(origin: str, name: str, public: str) -> None:
        if origin in modules and name in modules[origin].definitions:
            known = homes.get((origin, name))
            if known is None or (public.count("."), public) < (known.count("."), known):
                homes[origin, name] = public

    for module in modules.values():
        if not is_public(module.name):
            continue
        place = RENAMED.get(module.name, module.name)
        for name in module.definitions:
            if not name.startswith("_"):
                offer(module.name, name, f"{place}.{name}")
        inside = f"{module.name}."
        for node in module.imports:
            origin = module.origin(node)
            if is_public(origin) and not (module.is_package and origin.startswith(inside)):
                continue
            for alias in node.names:
                if alias.name == "*" and origin in modules:
                    source = modules[origin]
                    names = {name: name for name in source.definitions if source.offers(name)}
                else:
                    names = {alias.asname or alias.name: alias.name}
                for shown, name in names.items():
                    if module.offers(shown) and shown not in module.definitions:
                        offer(origin, name, f"{place}.{shown}")
        if module.is_package:  # names that a package promises and loads only when asked for
            for other in modules:
                if other.startswith(inside):
                    for name in (module.exports or frozenset()) - module.definitions.keys():
                        offer(other, name, f"{place}.{name}")
    return homes


def signature(node: Definition, *, method: bool) -> str:
    """The parameters of a definition in parentheses; empty for a property or a class with no `__init__`."""
    if isinstance(node, ast.ClassDef):
        init = find_init(node)
        return signature(init, method=True) if init else ""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    if any("property" in decorator for decorator in decorators):
        return ""
    arguments = node.args
    if method and "staticmethod" not in decorators:
        positional = [*arguments.posonlyargs, *arguments.args][1:]
        only = max(0, len(arguments.posonlyargs) - 1)
        arguments = ast.arguments(
            posonlyargs=positional[:only],
            args=positional[only:],
            vararg=arguments.vararg,
            kwonlyargs=arguments.kwonlyargs,
            kw_defaults=arguments.kw_defaults,
            kwarg=arguments.kwarg,
            defaults=arguments.defaults[-len(positional) :] if positional else [],
        )
    return f"({ast.unparse(arguments)})"


def find_init(node: Definition) -> Definition | None:
    """The `__init__` that a class defines itself."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    return next(
        (item for item in body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None
    )


def docstring(node: Definition) -> str:
    """The docstring of a definition; that of `__init__` is part of a class's."""
    parts = [ast.get_docstring(item) for item in (node, find_init(node)) if item is not None]
    return "\n\n".join(filter(None, parts))


def read_definition(node: Definition, name: str, *, method: bool = False) -> Iterator[Document]:
    """The documents of a definition and of the public definitions in a class body."""
    text = docstring(node)
    if text:
        yield Document(id=name, title=name + signature(node, method=method), text=text)
    if isinstance(node, ast.ClassDef):
        for item in statements(node.body):
            if isinstance(item, Definition) and not item.name.startswith("_"):
                yield from read_definition(item, f"{name}.{item.name}", method=True)


def read_sources(modules: dict[str, Module]) -> Iterator[Document]:
    """The documents of everything that is written in Python."""
    homes = find_homes(modules)
    for module in modules.values():
        if is_public(module.name):
            name = RENAMED.get(module.name, module.name)
            stand_in = modules.get(module.twin)
            text = ast.get_docstring(module.tree) or (ast.get_docstring(stand_in.tree) if stand_in else None)
            yield Document(id=name, title=name, text=text or "")
        for name, node in module.definitions.items():
            if (module.name, name) in homes:
                yield from read_definition(node, homes[module.name, name])


def shown_signature(value: object) -> str:
    """The signature of an imported object in parentheses, without `self`; empty if it has none to tell."""
    try:
        found = inspect.signature(value)  # type: ignore[arg-type]  # a TypeError is an answer too
    except (ValueError, TypeError, AttributeError, NameError):  # the last two: defaults it cannot look up
        return ""
    kept = [parameter for parameter in found.parameters.values() if parameter.name not in {"self", "$self"}]
    text = str(found.replace(parameters=kept, return_annotation=inspect.Signature.empty))
    return "" if " at 0x" in text else text


def read_compiled(modules: dict[str, Module]) -> Iterator[Document]:
    """The documents of the modules that are read by import, in the order of the fixed list."""
    seen: set[int] = set()
    for place in COMPILED:
        try:
            module = importlib.import_module(place)
        except ImportError:  # another platform, or a build without it
            continue
        yield Document(id=place, title=place, text=inspect.cleandoc(module.__doc__ or ""))
        promised = getattr(module, "__all__", vars(module))
        members = {
            name: value
            for name, value in vars(module).items()
            if name in promised or getattr(value, "__module__", None) == f"_{place}"
        }
        for name, value in sorted(members.items(), key=lambda item: (item[0] != called(item[1]), item[0])):
            if name.startswith("_") or not (inspect.isroutine(value) or isinstance(value, type)):
                continue
            if id(value) in seen or not belongs(value, place):
                continue
            seen.add(id(value))
            yield from read_object(value, f"{place}.{name}")
            if isinstance(value, type) and not is_written_in_python(modules, place, name):
                for inner, member in sorted(vars(value).items()):
                    if not inner.startswith("_") and inspect.isroutine(member):
                        yield from read_object(getattr(value, inner), f"{place}.{name}.{inner}")


def called(value: object) -> object:
    """The name that an object has of itself, which comes before its other names."""
    return getattr(value, "__name__", None)


def belongs(value: object, place: str) -> bool:
    """Whether a module's member is at home there and not taken from another public module."""
    owner = getattr(value, "__module__", None) or place
    if place == "builtins" or owner in {place, "builtins", "posix", "nt"}:
        return True
    return owner.split(".")[0] in sys.stdlib_module_names and not is_public(owner)


def is_written_in_python(modules: dict[str, Module], place: str, name: str) -> bool:
    """Whether the source of a module defines the name."""
    return place in modules and name in modules[place].definitions


def read_object(value: object, name: str) -> Iterator[Document]:
    """The document of one imported function, type or method."""
    text = value.__doc__
    if isinstance(text, str):
        yield Document(id=name, title=name + shown_signature(value), text=inspect.cleandoc(text))


def make_documents() -> list[Document]:
    """The whole corpus, sorted by id; of several documents with one id the first stays."""
    collecting = gc.isenabled()
    gc.disable()  # so many syntax nodes live that the collector would take three quarters of the time
    try:
        sources = find_sources(Path(sysconfig.get_paths()["stdlib"]))
        modules = {name: Module(name, path) for name, path in sources.items()}
        documents: dict[str, Document] = {}
        for document in (*read_sources(modules), *read_compiled(modules)):
            if len(document.text) >= SHORTEST:
                documents.setdefault(document.id, document)
    finally:
        if collecting:
            gc.enable()
    return [documents[name] for name in sorted(documents)]
