"""Reading YAML: values, positions, and files that are not specs."""

import math
import os
import string
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automap.spec.errors import SpecError
from automap.spec.yaml import MAX_BYTES, dump_yaml, load_yaml


def read(text: str):
    return load_yaml("spec.yaml", text).data


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_yaml("spec.yaml", text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1.e3", 1000.0),
        (".5", 0.5),
        ("-.5e+2", -50.0),
        ("1E5", 1e5),
        ("3.", 3.0),
        ("1_000_000", 1_000_000),
        ("1_000.25", 1000.25),
        ("+7", 7),
        ("010", 10),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.inf", -math.inf),
    ],
)
def test_plain_scalars_are_read_as_users_expect(text, value):
    found = read(f"key: {text}\n")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    ["yes", "no", "on", "off", "none", "None", "y", "2024-01-01", "12:30:45", "0x1F", "0o17", "1__0", "_1",
     "1_", ".", "e5", "1e", "1.2.3", "tRuE", "-", "+", "--5", "٣", "1" * 4000 + "x"],
)  # fmt: skip
def test_word_like_scalars_are_text(text):
    assert read(f"key: {text}\n" if text != "-" else 'key: "-"\n') == {"key": text}


@pytest.mark.parametrize("text", ['"1e-4"', "'true'", '"null"', "'5'", '""'])
def test_quoted_scalars_are_text(text):
    assert read(f"key: {text}\n") == {"key": text[1:-1]}


def test_a_number_of_too_many_digits_does_not_crash():
    # Python refuses to convert texts of more than 4,300 digits to int.
    assert isinstance(read(f"key: {'9' * 5000}\n")["key"], float)


def test_positions_of_keys_and_values():
    document = load_yaml("spec.yaml", "a: 1\nb:\n  - x\n  - {c: 2,  d: [3, 4]}\n")
    assert document.position(("a",)) == (1, 1)
    assert document.position(("b", 0)) == (3, 5)
    assert document.position(("b", 1, "d")) == (4, 13)
    assert document.values[("b", 1, "d")] == (4, 16)
    assert document.position(("b", 1, "d", 1)) == (4, 20)


def test_a_path_that_is_not_there_has_the_position_of_its_nearest_parent():
    document = load_yaml("spec.yaml", "a: 1\nb:\n  c: 2\n")
    assert document.position(("b", "c", "d", 5)) == (3, 3)
    assert document.position(("b", "x")) == (2, 1)
    assert document.position(("x",)) == (1, 1)


def test_anchors_and_merge_keys():
    text = "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\nboth:\n  b: 9\n  <<: [*base, *other]\n"
    document = load_yaml("spec.yaml", text)
    assert document.data["both"] == {"a": 1, "b": 9, "c": 4}
    assert document.position(("both", "b")) == (4, 3)
    assert document.position(("both", "a")) == (1, 14)
    assert document.position(("both",)) == (3, 1)
    assert read('"<<": 5\n') == {"<<": 5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "spec.yaml:3:1: a: duplicate key 'a'"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "spec.yaml:1:4: a: the tag '!!python/object/apply:os.system'",
        ),
        ("a: !!str 5\n", "spec.yaml:1:4: a: the tag '!!str' is not allowed"),
        ("a: !thing {b: 1}\n", "the tag '!thing' is not allowed"),
        ("a: &x [1, *x]\n", "spec.yaml:1:4: a[1]: this alias lies within what it stands for"),
        ("a: &x {b: {c: *x}}\n", "a.b.c: this alias lies within"),
        ("a: 1\n<<: 5\n", "'<<' merges mappings only"),
        ("? [1, 2]\n: 3\n", "a key must be a plain word"),
        ("a:\n\t- 1\n", "spec.yaml:2:1: not valid YAML: a tab cannot indent; use spaces"),
        ("a: {b: 1\nc: 2\n", "while parsing a flow mapping that starts in line 1"),
        ("a: [1, 2\n", "spec.yaml:2:1: not valid YAML: while parsing a flow sequence that starts in line 1"),
        ("a: 'x\n", "while scanning a quoted scalar that starts in line 1"),
        ("a: 1\n---\nb: 2\n", "but found another document"),
        ("a: *nowhere\n", "spec.yaml:1:4: not valid YAML: found undefined alias 'nowhere'"),
        ("a: 1\nb: \x07\n", "spec.yaml:2:4: not valid YAML: the character 0x7 is not allowed"),
        ("", "spec.yaml:1:1: a spec is a mapping of fields, at least 'dataset: ...'; the file is empty"),
        ("# only a comment\n", "the file is empty"),
        (
            "- 1\n- 2\n",
            "1:1: a spec is a mapping of fields, at least 'dataset: ...'; this is a list",
        ),
        ("just words\n", "this is a single value"),
        ("a: " + "[" * 60 + "]" * 60, "nested more than 50 deep"),
        ("a: " + "[" * 100_000, "nested too deeply"),
        ("a: " + "{b: " * 200 + "}" * 200, "nested more than 50 deep"),
    ],
)
def test_files_that_are_not_specs_are_refused(text, expected):
    assert any(expected in line for line in problems(text)), problems(text)


def test_all_problems_are_reported_in_the_order_of_the_file():
    found = problems("a: !!set {x}\nb: 1\nb: 2\nc: &x [*x]\n")
    assert [line.split(":")[1] for line in found] == ["1", "3", "4"]


def test_a_bomb_of_aliases_is_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    start = time.monotonic()
    assert "more than 100,000 values" in problems("\n".join(lines))[0]
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8 text (byte 0)"),
        ("dataset: жук".encode("utf-16"), "not UTF-8 text"),
        (b"a: \x00\x01\x02", "the character 0x0 is not allowed"),
        (b"a" * (MAX_BYTES + 1), "larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_not_text_is_refused(tmp_path, content, expected):
    path = tmp_path / "spec.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        load_yaml(path)
    assert expected in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_and_a_folder_have_different_errors(tmp_path):
    with pytest.raises(SpecError, match="no such file; write one with: automap init"):
        load_yaml(tmp_path / "nothing.yaml")
    with pytest.raises(SpecError, match="a folder, not a spec; write one"):
        load_yaml(tmp_path)
    with pytest.raises(SpecError, match="cannot be read: File name too long"):
        load_yaml(tmp_path / ("x" * 300))


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"\xef\xbb\xbfdataset: digits\r\nname: x\r\n")
    document = load_yaml(path)
    assert document.data == {"dataset": "digits", "name": "x"}
    assert document.position(("name",)) == (2, 1)


KEYS = st.text(string.ascii_letters + "_<0123456789ёж~ ", min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=20)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False), TEXTS,
    st.sampled_from(["yes", "1e-4", "1_000", "null", "~", "", "<<", ".inf", "- x", "a: b", "#c", "true", "!x"]),
)  # fmt: skip
DATA = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda item: st.lists(item, max_size=4) | st.dictionaries(KEYS, item, max_size=4)),
    max_size=5,
)


@given(DATA)
@example({"<<": {"a": "1e-4"}})
def test_written_records_are_read_back(data):
    assert read(dump_yaml(data)) == data


@given(DATA)
def test_every_key_and_value_is_found_at_its_position(data):
    text = dump_yaml(data)
    lines = text.splitlines()
    document = load_yaml("spec.yaml", text)
    for path, (line, column) in document.keys.items():
        written = lines[line - 1][column - 1 :]
        assert written.startswith((str(path[-1]), f"'{path[-1]}'", '"'))
    assert set(document.values) == {(), *paths(data, ())}


def paths(data, path):
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths(value, (*path, key))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no /dev/zero")
def test_a_device_is_not_read():
    with pytest.raises(SpecError, match="not a regular file"):
        load_yaml("/dev/zero")
