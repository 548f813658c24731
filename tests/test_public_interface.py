"""The public interface: the names of the top-level package."""

import ast
import inspect
import subprocess
import sys

import pytest

import automap


def statically_imported() -> set[str]:
    """Return what type checkers see: the names imported under TYPE_CHECKING."""
    tree = ast.parse(inspect.getsource(automap))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_every_public_name_can_be_had_and_is_seen_by_type_checkers():
    assert set(automap.__all__) == statically_imported()
    assert automap.__all__ == sorted(automap.__all__)
    for name in automap.__all__:
        assert getattr(automap, name) is not None
        assert name in dir(automap)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Archtecture'"):
        _ = automap.Archtecture


def test_the_package_alone_imports_nothing_heavy():
    code = "import automap, sys; print({'pydantic', 'numpy', 'keras', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
