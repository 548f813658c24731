"""Reading YAML safely, with the position of every key and value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from automap.spec.errors import Problem, SpecError

MAX_NODES = 100_000
"""Nodes that a spec may have once its aliases are written out."""

_INTEGER = re.compile(r"[-+]?[0-9][0-9_]*$")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*)?\.?[0-9]*(?:[eE][-+]?[0-9]+)?$")
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}

DataPath = tuple[str | int, ...]
Position = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data, with positions."""

    source: str
    text: str
    data: dict[str, Any]
    keys: dict[DataPath, Position] = field(default_factory=dict)
    values: dict[DataPath, Position] = field(default_factory=dict)

    def position(self, path: DataPath) -> Position:
        """Return where a path's key stands, or its value in a list, or the nearest parent that there is."""
        for end in range(len(path), -1, -1):
            for found in (self.keys, self.values):
                if path[:end] in found:
                    return found[path[:end]]
        return (1, 1)


def load_yaml(source: Path | str, text: str | None = None) -> Document:
    """Read a YAML file, or a text that came from `source`.

    Plain scalars are read as a person means them: ``1e-4`` and ``1_000_000`` are numbers, only ``true`` and
    ``false`` are booleans, ``yes``, ``on`` and ``none`` are words, and nothing is a date.

    Raises:
        SpecError: if the file is missing, is no UTF-8 text, or is no YAML mapping.
    """
    name = str(source)
    if text is None:
        text = _read(Path(source))
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _error(name, at, f"not valid YAML: {_describe(error)}") from None
    except (yaml.reader.ReaderError, RecursionError) as error:
        raise _error(name, (1, 1), f"not valid YAML: {_describe_reader(error)}") from None
    if not isinstance(node, yaml.MappingNode):
        raise _error(name, (1, 1), "a spec is a mapping of fields such as 'dataset: ...'; this file is not")
    reader = _Reader(name)
    data = reader.read(node, ())
    if reader.problems:
        raise SpecError(name, reader.problems, text)
    return Document(name, text, data, reader.keys, reader.values)


def _read(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _error(str(path), None, "no such file; write one with: automap init PATH --output FILE") from None
    except IsADirectoryError:
        raise _error(str(path), None, "a folder, not a spec file; write a spec for it: automap init PATH") from None
    except UnicodeDecodeError as error:
        raise _error(str(path), None, f"not a text in UTF-8 (byte {error.start} of it); is this a spec?") from None
    except OSError as error:
        raise _error(str(path), None, f"cannot be read: {error.strerror}") from None
    if "\0" in text:
        raise _error(str(path), None, "a binary file, not a spec")
    return text


def _error(source: str, position: Position | None, message: str) -> SpecError:
    return SpecError(source, [Problem((), message, position)])


def _describe(error: yaml.MarkedYAMLError) -> str:
    words = " ".join(part for part in (error.context, error.problem) if part)
    if "'\\t'" in words:
        return "a tab; indent with spaces"
    return words


def _describe_reader(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"a character that YAML does not allow at position {getattr(error, 'position', 0)}"


class _Reader:
    """Turns nodes into plain data and remembers where each came from."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.keys: dict[DataPath, Position] = {}
        self.values: dict[DataPath, Position] = {}
        self.problems: list[Problem] = []
        self._open: list[yaml.Node] = []
        self._count = 0

    def read(self, node: yaml.Node, path: DataPath) -> Any:
        self.values[path] = _start(node)
        self._count += 1
        if self._count > MAX_NODES:
            raise _error(self.source, _start(node), f"more than {MAX_NODES:,} values once its aliases are written out")
        if any(node is parent for parent in self._open):
            return self._problem(path, node, "this alias contains itself; a spec must end somewhere")
        if not node.tag.startswith("tag:yaml.org,2002:") or ":python" in node.tag:
            return self._problem(path, node, f"unknown tag '{node.tag}'; a spec holds plain values only")
        self._open.append(node)
        try:
            return self._content(node, path)
        finally:
            self._open.pop()

    def _content(self, node: yaml.Node, path: DataPath) -> Any:
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _items(self, node: yaml.MappingNode, path: DataPath) -> Iterator[tuple[str, Any]]:
        own: set[str] = set()
        merged: list[tuple[str, Any]] = []
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged += self._merged(value_node, path)
                continue
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self._problem(path, key_node, "a key must be a word")
                continue
            if key in own:
                self._problem((*path, key), key_node, "this key stands twice")
            own.add(key)
            self.keys[(*path, key)] = _start(key_node)
            yield key, self.read(value_node, (*path, key))
        yield from ((key, value) for key, value in merged if key not in own)

    def _merged(self, node: yaml.Node, path: DataPath) -> list[tuple[str, Any]]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Any] = {}
        for part in parts:
            if not isinstance(part, yaml.MappingNode):
                self._problem(path, part, "'<<' merges mappings only")
            elif isinstance(content := self.read(part, path), dict):
                found = {**content, **found}
        return list(found.items())

    def _problem(self, path: DataPath, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(path, message, _start(node)))


def _start(node: yaml.Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style is not None:
        return text
    if text.lower() in _CONSTANTS:
        return _CONSTANTS[text.lower()]
    if _INTEGER.match(text):
        return int(text.replace("_", ""))
    if _FLOAT.match(text) and any(character.isdigit() for character in text):
        return float(text.replace("_", ""))
    return text
