"""Verification pairs, in the file format of Labeled Faces in the Wild (LFW)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from automap.data.sources.files import read_text
from automap.exceptions import DataError
from automap.interfaces.array import Array
from automap.interfaces.metric import VerificationPairs
from automap.spec.suggest import did_you_mean

TOLD = 5
"""Most lines that an error shows."""


class NamedPair(NamedTuple):
    """A line of the file."""

    line: int
    first: tuple[str, int]
    """Identity and number of an image."""
    second: tuple[str, int]
    fold: int


@dataclass(frozen=True)
class PairsFile:
    """A file of pairs.

    The first line has the number of folds and the number of pairs of each kind in a fold (``10 300``), or only the
    latter. The line ``name 1 4`` compares two images of one identity, ``name 1 other 3`` images of two identities.
    """

    path: Path
    pairs: tuple[NamedPair, ...]
    digest: str
    """Digest of its content."""

    @property
    def identities(self) -> frozenset[str]:
        """All identities in the file."""
        return frozenset(name for pair in self.pairs for name, _ in (pair.first, pair.second))

    def among(self, names: Sequence[str], targets: Array, classes: Sequence[str]) -> VerificationPairs:
        """Return the pairs as indices of records.

        The number of an image is at the end of its file name, as in ``Aaron_Peirsol_0003.jpg``.

        Args:
            names: of the records.
            targets: index into `classes` of each record, ``(records,)``.
            classes: the identities.

        Raises:
            DataError: if lines name unknown identities or images.
        """
        numbers = _numbers(names, targets, classes, self.identities)
        problems = [
            f"{self.path}:{line}: {text}" for line, text in dict.fromkeys(_unknown(self.pairs, numbers, classes))
        ]
        if problems:
            more = f"\n  and {len(problems) - TOLD} more" if len(problems) > TOLD else ""
            raise DataError("dataset.splits.pairs: " + "\n  ".join(problems[:TOLD]) + more)
        first, second = (
            np.array([_record(numbers, each) for each in side], np.int64)
            for side in ([pair.first for pair in self.pairs], [pair.second for pair in self.pairs])
        )
        return VerificationPairs(first, second, np.array([pair.fold for pair in self.pairs], np.int64))


def read_pairs(path: Path) -> PairsFile:
    """Read a file of pairs.

    Raises:
        DataError: if it cannot be read, a line is not a pair, or the first line gives another number of pairs.
    """
    text = read_text(path, "splits.pairs")
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    folds, each = _header(path, lines[0] if lines else (1, ""))
    if len(lines) - 1 != 2 * folds * each:
        raise DataError(
            f"dataset.splits.pairs: {path}:1: expected {2 * folds * each} lines for {folds} folds of {each} matched "
            f"and {each} mismatched pairs; found {len(lines) - 1}"
        )
    pairs = tuple(_pair(path, *line, index // (2 * each)) for index, line in enumerate(lines[1:]))
    if len({pair.first[0] == pair.second[0] for pair in pairs}) < 2:
        raise DataError(f"dataset.splits.pairs: {path} needs both matched and mismatched pairs")
    return PairsFile(path, pairs, hashlib.sha256(text.encode()).hexdigest())


def held_for_test(given: Array, targets: Array, classes: Sequence[str], pairs: PairsFile, test: int) -> Array:
    """Return the given splits, with all records of the identities in the pairs moved to the test split.

    Args:
        given: the data set's own split of each record, ``(records,)``.
        targets: index into `classes` of each record, ``(records,)``.
        classes: the identities.
        pairs: the verification pairs.
        test: code of the test split.
    """
    held = [index for index, name in enumerate(classes) if name in pairs.identities]
    return np.where(np.isin(targets, held), test, given).astype(given.dtype)


def _header(path: Path, first: tuple[int, str]) -> tuple[int, int]:
    line, text = first
    numbers = [int(word) for word in text.split() if word.isdecimal()]
    if len(numbers) != len(text.split()) or len(numbers) not in {1, 2} or not all(numbers):
        raise DataError(
            f"dataset.splits.pairs: {path}:{line}: expected the number of folds and of pairs, such as '10 300', "
            f"or only the latter; received '{text[:80]}'"
        )
    return (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def _pair(path: Path, line: int, text: str, fold: int) -> NamedPair:
    # Names may contain spaces where words are separated by tabs.
    words = [
        unicodedata.normalize("NFC", word.strip()) for word in (text.split("\t") if "\t" in text else text.split())
    ]
    if len(words) == 3:
        words.insert(2, words[0])
    if len(words) != 4 or not (words[1].isdecimal() and words[3].isdecimal()):
        raise DataError(
            f"dataset.splits.pairs: {path}:{line}: expected 'name 1 4' or 'name 1 other 3'; received '{text[:80]}'"
        )
    return NamedPair(line, (words[0], int(words[1])), (words[2], int(words[3])), fold)


_Numbers = Mapping[str, Mapping[int, list[int]]]
"""The records of each identity by the number of the image."""


def _numbers(names: Sequence[str], targets: Array, classes: Sequence[str], wanted: frozenset[str]) -> _Numbers:
    found: dict[str, dict[int, list[int]]] = {name: {} for name in classes if name in wanted}
    held = [index for index, name in enumerate(classes) if name in wanted]
    for record in np.flatnonzero(np.isin(targets, held)).tolist():
        number = _number_of(names[record])
        if number is not None:
            found[classes[int(targets[record])]].setdefault(number, []).append(record)
    return found


def _number_of(name: str) -> int | None:
    # The names of samples of a table end with the line.
    stem = PurePosixPath(re.sub(r" \(line \d+\)$", "", name)).stem
    digits = re.search(r"[0-9]+$", stem)
    return int(digits[0]) if digits else None


def _unknown(pairs: Sequence[NamedPair], numbers: _Numbers, classes: Sequence[str]) -> Iterator[tuple[int, str]]:
    for pair in pairs:
        for name, number in dict.fromkeys((pair.first, pair.second)):
            known = numbers.get(name)
            if known is None:
                hint = did_you_mean(name, classes)
                yield pair.line, f"unknown identity '{name}'" + (f"; {hint}" if hint else "")
            elif number not in known:
                have = f"it has {', '.join(map(str, sorted(known)[:TOLD]))}{', …' if len(known) > TOLD else ''}"
                unnumbered = "its file names do not end with a number"
                yield pair.line, f"'{name}' has no usable image {number}; {have if known else unnumbered}"
            elif len(known[number]) > 1:
                yield pair.line, f"'{name}' has {len(known[number])} images whose names end with {number}"


def _record(numbers: _Numbers, image: tuple[str, int]) -> int:
    name, number = image
    return numbers[name][number][0]
