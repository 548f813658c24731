"""Reading YAML safely, with the position of every key and value, and writing it so that it round-trips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from automap.spec.errors import Problem, SpecError, shortened
from automap.spec.yaml_scalars import read_plain

MAX_BYTES = 1_000_000
"""Larger files are refused as specs."""
MAX_NODES = 100_000
"""Largest number of values in a spec, with all aliases expanded."""
MAX_DEPTH = 50
"""Largest nesting depth of lists and mappings."""

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
    """Position of the key of each mapping entry."""
    values: dict[DataPath, Position] = field(default_factory=dict)
    """Position of each value."""

    def position(self, path: DataPath) -> Position:
        """Return the position of a path's key or list item, or that of its nearest existing parent."""
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
        SpecError: if the file is missing, is not UTF-8 text, or is not a YAML mapping of plain values.
    """
    name = str(source)
    if text is None:
        text = _read(Path(source))
    node = _compose(name, text)
    if not isinstance(node, yaml.MappingNode):
        found = "the file is empty" if node is None else f"this is a {_kind(node)}"
        message = f"a spec is a mapping of fields, at least 'dataset: ...'; {found}"
        raise SpecError(name, [Problem((), message, _start(node) if node else (1, 1))], text)
    reader = _Reader(name, text)
    data = reader.read(node, ())
    if reader.problems:
        raise SpecError(name, reader.problems, text)
    return Document(name, text, data, reader.keys, reader.values)


def load_text_yaml(source: Path | str, text: str) -> Any:
    """Read the YAML of another program as lists, mappings and texts: ``no``, ``01`` and ``1e3`` stay as written.

    Args:
        source: the file's name, for errors.
        text: its content.

    Raises:
        SpecError: if it is not valid YAML, or has tags, aliases in a circle or more values than `MAX_NODES`.
    """
    name = str(source)
    if len(text) > MAX_BYTES:
        raise SpecError(name, [Problem((), f"larger than {MAX_BYTES:,} bytes")])
    node = _compose(name, text)
    reader = _Reader(name, text, read_scalar=str)
    data = None if node is None else reader.read(node, ())
    if reader.problems:
        raise SpecError(name, reader.problems, text)
    return data


def _read(path: Path) -> str:
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            # Opening a named pipe could block forever, and reading a device might never end.
            raise _unreadable(path, "not a regular file; a spec is a short YAML file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise _unreadable(path, "no such file; write one with: automap init PATH --output FILE") from None
    except IsADirectoryError:
        raise _unreadable(path, f"a folder, not a spec; write one for it: automap init {path}") from None
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"not UTF-8 text (byte {error.start}); a spec is a YAML file") from None
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise _unreadable(path, f"larger than {MAX_BYTES:,} bytes; a spec is a short YAML file")
    return text


def _unreadable(path: Path, message: str) -> SpecError:
    return SpecError(str(path), [Problem((), message)])


class _Untagged:
    """Leaves nodes without a tag untagged, so that the reader can tell a tag that someone wrote."""

    def resolve(self, *_node: Any) -> str:
        """Return no tag."""
        return ""


class _Loader(_Untagged, yaml.SafeLoader):
    pass


_FastLoader: Any = type("_FastLoader", (_Untagged, yaml.CSafeLoader), {}) if yaml.__with_libyaml__ else None


def _compose(name: str, text: str) -> yaml.Node | None:
    if _FastLoader is not None:
        try:
            return yaml.compose(text, Loader=_FastLoader)
        except (yaml.YAMLError, UnicodeError):
            pass  # PyYAML's own parser is four times slower and describes the error better.
    return _compose_slowly(name, text)


def _compose_slowly(name: str, text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise SpecError(name, [Problem((), f"not valid YAML: {_describe(error)}", position)], text) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        position = (before.count("\n") + 1, error.position - before.rfind("\n"))
        message = f"not valid YAML: the character {error.character:#x} is not allowed; is this a text file?"
        raise SpecError(name, [Problem((), message, position)], text) from None
    except RecursionError:
        raise SpecError(name, [Problem((), "not valid YAML: nested too deeply", (1, 1))], text) from None
    return node


def _describe(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "syntax error"
    if "'\\t'" in problem:
        return "a tab cannot indent; use spaces"
    if error.context and error.context_mark:
        return f"{error.context} that starts in line {error.context_mark.line + 1}: {problem}"
    return problem


class _Reader:
    """Turns nodes into plain data and remembers where each came from."""

    def __init__(self, source: str, text: str, read_scalar: Callable[[str], Any] | None = None) -> None:
        self.source, self.text = source, text
        self._read_scalar = read_scalar or read_plain
        self.keys: dict[DataPath, Position] = {}
        self.values: dict[DataPath, Position] = {}
        self.problems: list[Problem] = []
        self._open: list[yaml.Node] = []
        self._count = 0

    def read(self, node: yaml.Node, path: DataPath) -> Any:
        self.values[path] = _start(node)
        self._count += 1
        if self._count > MAX_NODES:
            # Continuing would serve an alias bomb: this problem ends the reading.
            message = f"more than {MAX_NODES:,} values once its aliases are written out"
            raise SpecError(self.source, [Problem(path, message, _start(node))], self.text)
        if any(node is parent for parent in self._open):
            return self._problem(path, node, "this alias lies within what it stands for; a spec must end somewhere")
        if len(self._open) >= MAX_DEPTH:
            return self._problem(path, node, f"nested more than {MAX_DEPTH} deep")
        if node.tag:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            return self._problem(path, node, f"the tag '{tag}' is not allowed; a spec holds plain values only")
        self._open.append(node)
        try:
            return self._content(node, path)
        finally:
            self._open.pop()

    def _content(self, node: yaml.Node, path: DataPath) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
        return node.value if quoted else self._read_scalar(node.value)

    def _mapping(self, node: yaml.MappingNode, path: DataPath) -> dict[str, Any]:
        # Merged entries come first: the mapping's own ones then replace them, and their positions too.
        data = self._merged(node, path)
        own: set[str] = set()
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                continue
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag:
                self._problem(path, key_node, "a key must be a plain word")
                continue
            key = str(key_node.value)
            if key in own:
                self._problem((*path, key), key_node, f"duplicate key '{shortened(key)}'")
            own.add(key)
            self.keys[(*path, key)] = _start(key_node)
            data[key] = self.read(value_node, (*path, key))
        return data

    def _merged(self, node: yaml.MappingNode, path: DataPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        # Of several merged mappings the first wins.
        for part in reversed(list(_merge_parts(node))):
            content = self.read(part, path)
            if isinstance(part, yaml.MappingNode) and isinstance(content, dict):
                data |= content
            elif not isinstance(part, yaml.MappingNode):
                self._problem(path, part, "'<<' merges mappings only; name one by its alias")
        self.values[path] = _start(node)
        return data

    def _problem(self, path: DataPath, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(path, message, _start(node)))


def _is_merge(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value == "<<"


def _merge_parts(node: yaml.MappingNode) -> Iterator[yaml.Node]:
    for key, value in node.value:
        if _is_merge(key):
            yield from value.value if isinstance(value, yaml.SequenceNode) else [value]


def _kind(node: yaml.Node) -> str:
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


def _start(node: yaml.Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1


_TAGS = {kind: f"tag:yaml.org,2002:{name}" for kind, name in ((bool, "bool"), (int, "int"), (float, "float"))}


class _Dumper(yaml.SafeDumper):
    """Quotes a text exactly where `load_yaml` would read it as something else."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Return the tag that the reader gives to a scalar."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        if value == "<<":
            return "tag:yaml.org,2002:merge"
        plain = read_plain(value)
        return "tag:yaml.org,2002:null" if plain is None else _TAGS.get(type(plain), "tag:yaml.org,2002:str")

    def serialize(self, node: yaml.Node) -> None:
        """Write the outermost collection over several lines, however short it is."""
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = False
        super().serialize(node)

    def ignore_aliases(self, _data: Any) -> bool:
        """Write everything out: a reader should not have to look up anchors."""
        return True


def dump_yaml(data: Any) -> str:
    """Write plain data as YAML that `load_yaml` reads as the same data; what is short stays on one line."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    return text
