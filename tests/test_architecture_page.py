"""docs/architecture.md names code that exists."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`((?:automap|plugins)/[\w/]+\.py):(\w+)`", PAGE)


def test_the_page_names_code():
    assert len(NAMED) > 20


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_names_on_the_page_exist(path, name):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("folder", sorted(set(re.findall(r"`(automap/\w+)`", PAGE))))
def test_the_packages_exist(folder):
    assert (ROOT / folder / "__init__.py").is_file()


def test_no_module_imports_itself_over_others():
    packages = [path.parent.name for path in (ROOT / "plugins").glob("automap_*/__init__.py")]
    graph = grimp.build_graph("automap", *packages, exclude_type_checking_imports=True)
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    # Raises CycleError with the modules.
    TopologicalSorter(imported).prepare()
