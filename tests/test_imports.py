"""Who may import whom (architecture), read from the source, and what a cold start loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("matching", "training", "serve")
CLI = "matching.cli"


@dataclass(frozen=True)
class Import:
    """One import: in which module, of which, and whether it runs when that module loads."""

    module: str
    target: str
    at_load: bool

    @property
    def package(self) -> str:
        return self.target.split(".")[0]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path for package in PACKAGES for path in (ROOT / package).rglob("*.py")
}


def imports_of(module: str) -> Iterator[Import]:
    """Yield what a module imports, in functions too, but not what only a type checker reads."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    later = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        for target in targets_of(node, module):
            yield Import(module, target, id(node) not in later)


def targets_of(node: ast.AST, module: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
        base = ".".join([*package.split(".")[: 1 - node.level or None], *([base] if base else [])])
    names = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name in MODULES else base for name in names]


IMPORTS = [found for module in MODULES for found in imports_of(module)]


def is_in(module: str, *parts: str) -> bool:
    return any(module == part or module.startswith(f"{part}.") for part in parts)


def importers(*targets: str, within: tuple[str, ...] = PACKAGES) -> set[str]:
    return {
        found.module
        for found in IMPORTS
        if is_in(found.target, *targets) and is_in(found.module, *within)
    }


def test_the_reader_sees_imports_of_every_kind():
    """A test that reads nothing would hold any rule."""
    assert "matching.matcher" in importers("matching.contents")
    assert "matching.bundle" in importers("pyarrow")  # inside a function
    assert "matching.results" not in importers("matching.matcher")  # for the type checker only
    assert len(MODULES) > 30


def test_what_the_product_knows_does_not_depend_on_training_or_serving():
    assert importers("training", "serve", within=("matching",)) <= {CLI}


def test_training_and_serving_do_not_know_each_other():
    assert importers("serve", within=("training",)) == set()
    assert importers("training", within=("serve",)) == set()


def test_features_and_models_do_not_know_each_other():
    assert importers("matching.models", within=("matching.features",)) == set()
    assert importers("matching.features", "matching.pairs", within=("matching.models",)) == set()


ORDER = (
    ("matching.columns", "matching.errors"),
    ("matching.catalog", "matching.economics"),
    ("matching.history",),
    ("matching.pairs",),
    ("matching.features",),
    ("matching.explain",),
)
"""Each knows only those before it."""


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_each_layer_knows_only_those_below(place: int):
    above = [name for layer in ORDER[place + 1 :] for name in layer]
    assert importers(*above, within=ORDER[place]) == set()


def test_models_know_history_and_economics_and_nothing_later():
    later = ("matching.bundle", "matching.contents", "matching.matcher", "matching.scoring")
    assert importers(*later, "matching.catalog", within=("matching.models",)) == set()


def test_only_the_judge_and_the_command_line_see_the_simulator():
    simulator = ("training.simulator", "training.market", "training.second")
    seen_by = importers(*simulator)
    inside = {name for name in MODULES if is_in(name, *simulator)}
    assert seen_by - inside <= {"training.evaluate", CLI}


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("faiss", {"matching.models.index"}),
        ("lightgbm", {"matching.models.outcomes", "matching.lean", "training.baselines"}),
        ("sklearn", {"matching.models.text", "training.unseen", "training.retrieval"}),
        ("dask", {"serve.cluster"}),
        ("distributed", {"serve.cluster"}),
        ("typer", {CLI}),
        ("implicit", {"training.baselines"}),
        ("mlflow", {"training.tracking"}),
        (
            "matplotlib",
            {"matching.svg", "training.drawings", "training.bars", "serve.week_plots"},
        ),
    ],
)
def test_a_library_has_one_home(library: str, homes: set[str]):
    assert importers(library) <= homes


def test_flask_stays_in_serve():
    web = importers("flask", "flask_openapi3", "granian", "werkzeug", "pydantic")
    assert all(is_in(module, "serve") for module in web)


def test_nothing_is_unpickled():
    assert importers("pickle", "cloudpickle", "dill", "shelve", "marshal") == set()
    for path in MODULES.values():
        source = path.read_text(encoding="utf-8")
        assert "joblib.load" not in source, path
        assert "allow_pickle=True" not in source, path


def test_there_are_no_circles():
    after = {
        module: {
            f.target for f in IMPORTS if f.module == module and f.at_load and f.target in MODULES
        }
        for module in MODULES
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module in done:
            return
        for target in after[module] - {module}:
            # A package's own modules load its __init__ first; that is no circle of theirs.
            if not is_in(module, target):
                visit(target, (*path, module))
        done.add(module)

    for module in MODULES:
        visit(module, ())


def loaded_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_a_matcher_loads_nothing_heavy_beyond_its_models():
    beyond = loaded_by("import matching.matcher") - loaded_by("import lightgbm, faiss, numpy")
    heavy = {"pandera", "sqlalchemy", "flask", "matplotlib", "pyarrow", "pandas", "typer", "rich"}
    assert beyond & (heavy | {"training", "serve", "joblib", "sklearn", "pydantic"}) == set()


def test_the_command_line_answers_without_loading_models():
    loaded = loaded_by("import matching.cli")
    assert loaded & {"lightgbm", "faiss", "pandas", "numpy", "sklearn", "pyarrow", "flask"} == set()


def test_a_worker_does_without_what_lightgbm_may_use():
    statement = "from matching.lean import import_lightgbm\nimport_lightgbm()\nimport serve.app"
    assert loaded_by(statement) & {"sklearn", "pandas", "joblib"} == set()
    assert {"sklearn", "pandas"} <= loaded_by(f"{statement}\nimport sklearn, pandas")
