"""Reading the tensors of a PyTorch state dict without PyTorch and without running any code of the file.

PyTorch's files are pickles, which can call any function when they are loaded the usual way. Here the pickle's opcodes
are interpreted one by one: only those that build dictionaries, lists, tuples, numbers, text and tensors are known, and
nothing is ever imported or called.

Two formats exist: a sequence of pickles followed by the raw storages (before PyTorch 1.6), and a zip archive.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from automap.interfaces.array import Array

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""The first pickle of the format before PyTorch 1.6."""
MAX_BYTES = 4 * 2**30
"""Larger files are not read."""
MAX_TENSORS = 100_000

_DTYPES: Mapping[str, str] = {
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ShortStorage": "<i2",
    "torch CharStorage": "<i1",
    "torch ByteStorage": "<u1",
    "torch BoolStorage": "?",
}
_REBUILD = "torch._utils _rebuild_tensor_v2"
_PARAMETER = "torch._utils _rebuild_parameter"
_DICT = "collections OrderedDict"
_KNOWN = frozenset({*_DTYPES, _REBUILD, _PARAMETER, _DICT})


class NotTensors(ValueError):  # noqa: N818
    """The file is not a PyTorch state dict, or holds something other than tensors."""


class _Global(NamedTuple):
    name: str


class _Storage(NamedTuple):
    dtype: str
    key: str
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(path: Path) -> dict[str, Array]:
    """Return the tensors of a PyTorch state dict by name; nothing in the file is executed.

    Args:
        path: a ``.pth`` or ``.pt`` file.

    Raises:
        NotTensors: if the file is damaged, or holds anything but tensors.
        OSError: if it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise NotTensors(f"{path} is larger than {MAX_BYTES / 2**30:.0f} GiB")
    try:
        if zipfile.is_zipfile(path):
            return _read_archive(path)
        with path.open("rb") as file:
            return _read_sequence(file)
    except (
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        OverflowError,
        RecursionError,
        MemoryError,
        zipfile.BadZipFile,
    ) as error:
        if isinstance(error, NotTensors):
            raise
        raise NotTensors(f"{path} is not a state dict of PyTorch: {type(error).__name__}: {error}") from None


def _read_sequence(file: BinaryIO) -> dict[str, Array]:
    if _interpret(file) != MAGIC_NUMBER:
        raise NotTensors("the file does not start with PyTorch's magic number")
    _interpret(file)  # The protocol version.
    _interpret(file)  # Byte order and type sizes of the machine that wrote the file.
    found = _tensors_of(_interpret(file))
    storages = {tensor.storage.key: tensor.storage for tensor in found.values()}
    contents: dict[str, Array] = {}
    for key in _interpret(file):
        (size,) = np.frombuffer(_exactly(file, 8), "<i8")
        storage = storages.get(key)
        if storage is None or int(size) != storage.size:
            raise NotTensors(f"no tensor refers to storage {key}")
        contents[key] = np.frombuffer(_exactly(file, storage.size * np.dtype(storage.dtype).itemsize), storage.dtype)
    return _views(found, contents.__getitem__)


def _read_archive(path: Path) -> dict[str, Array]:
    with zipfile.ZipFile(path) as archive:
        names = {name.partition("/")[2]: name for name in archive.namelist()}
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
            raise NotTensors(f"its content is larger than {MAX_BYTES / 2**30:.0f} GiB")
        found = _tensors_of(_interpret(io.BytesIO(archive.read(names["data.pkl"]))))
        storages = {tensor.storage.key: tensor.storage for tensor in found.values()}

        def content(key: str) -> Array:
            return np.frombuffer(archive.read(names[f"data/{key}"]), storages[key].dtype)

        return _views(found, content)


def _exactly(file: BinaryIO, count: int) -> bytes:
    if not 0 <= count <= MAX_BYTES:
        raise NotTensors(f"a storage has {count} bytes")
    content = file.read(count)
    if len(content) != count:
        raise NotTensors("the file is cut off")
    return content


def _views(tensors: Mapping[str, _Tensor], content: Callable[[str], Array]) -> dict[str, Array]:
    loaded: dict[str, Array] = {}
    found = {}
    for name, tensor in tensors.items():
        key = tensor.storage.key
        if key not in loaded:
            loaded[key] = content(key)
        found[name] = _view(name, tensor, loaded[key])
    return found


def _view(name: str, tensor: _Tensor, values: Array) -> Array:
    """Return a tensor as an array of its own; strides matter, as tensors need not be contiguous."""
    if len(tensor.shape) != len(tensor.strides) or min((*tensor.shape, *tensor.strides, tensor.offset), default=0) < 0:
        raise NotTensors(f"tensor '{name}' has the shape {tensor.shape} and strides {tensor.strides}")
    reach = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if 0 in tensor.shape:
        return np.empty(tensor.shape, values.dtype)
    if reach >= len(values):
        raise NotTensors(f"tensor '{name}' reaches beyond its storage")
    steps = tuple(step * values.itemsize for step in tensor.strides)
    return np.array(np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, steps, writeable=False))


def _tensors_of(content: Any) -> dict[str, _Tensor]:
    """Return the tensors of a state dict, or of a checkpoint that holds one under ``state_dict`` or ``model``."""
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise NotTensors(f"the file holds a {type(content).__name__}, not a mapping of tensors")
    found = {str(name): value for name, value in content.items() if isinstance(value, _Tensor)}
    if not found:
        raise NotTensors("the file holds no tensors")
    return found


def _interpret(file: BinaryIO) -> Any:
    """Interpret one pickle and return its value; only plain data and tensors are understood."""
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "STOP":
            return machine.stack.pop()
        machine.step(opcode.name, argument)
    raise NotTensors("the pickle is cut off")


class _Machine:
    """The stack and memo of a pickle that is being interpreted."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Interpret one opcode.

        Raises:
            NotTensors: if plain data and tensors do not need it.
        """
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            self.stack.append(argument)
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self._memo[int(argument)] = self.stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self._memo[int(argument)])
        elif name == "MARK":
            self._marks.append(len(self.stack))
        elif name == "GLOBAL":
            self.stack.append(_known_global(argument))
        elif name not in ("PROTO", "FRAME"):
            self._combine(name)

    def _combine(self, name: str) -> None:
        match name:
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                self.stack[-count:] = [tuple(self.stack[-count:])]
            case "TUPLE":
                self.stack.append(tuple(self._since_mark()))
            case "APPEND" | "APPENDS":
                values = [self.stack.pop()] if name == "APPEND" else self._since_mark()
                self._last(list).extend(values)
            case "SETITEM" | "SETITEMS":
                values = [self.stack.pop(), self.stack.pop()][::-1] if name == "SETITEM" else self._since_mark()
                self._last(dict).update(zip(values[::2], values[1::2], strict=True))
            case "BINPERSID":
                self.stack.append(_storage(self.stack.pop()))
            case "REDUCE":
                arguments, function = self.stack.pop(), self.stack.pop()
                self.stack.append(_rebuilt(function, arguments))
            case "BUILD":
                self.stack.pop()  # Attributes of the mapping, such as versions of modules.
            case "STACK_GLOBAL":
                name_, module = self.stack.pop(), self.stack.pop()
                self.stack.append(_known_global(f"{module} {name_}"))
            case _:
                raise NotTensors(f"the file uses the pickle opcode {name}, which tensors do not need")

    def _since_mark(self) -> list[Any]:
        start = self._marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        if len(values) > 2 * MAX_TENSORS:
            raise NotTensors(f"the file holds more than {MAX_TENSORS:,} entries")
        return values

    def _last(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise NotTensors(f"expected a {kind.__name__}; received a {type(self.stack[-1]).__name__}")
        return self.stack[-1]


_CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}
_LITERALS = frozenset(
    {"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "BININT", "BININT1", "BININT2", "INT", "LONG"}
    | {"LONG1", "LONG4", "BINFLOAT", "FLOAT"}
)


def _known_global(name: str) -> _Global:
    if name not in _KNOWN:
        raise NotTensors(f"the file wants to use {name.replace(' ', '.')}; only tensors are read")
    return _Global(name)


def _storage(description: Any) -> _Storage:
    # ("storage", type, key, device, number of elements[, view])
    kind, storage_type, key, _, size, *_ = description
    if kind != "storage" or not isinstance(storage_type, _Global) or storage_type.name not in _DTYPES:
        raise NotTensors(f"unknown storage {description!r}"[:200])
    return _Storage(_DTYPES[storage_type.name], str(key), int(size))


def _rebuilt(function: Any, arguments: Any) -> Any:
    match function:
        case _Global(name) if name == _REBUILD:
            storage, offset, shape, strides, *_ = arguments
            if not isinstance(storage, _Storage):
                raise NotTensors("a tensor has no storage")
            return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
        case _Global(name) if name == _PARAMETER:
            return arguments[0]
        case _Global(name) if name == _DICT and not arguments:
            return {}
    raise NotTensors("the file calls a function; only tensors are read")
