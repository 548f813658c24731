"""Every case of the corpus through `check`, and through `init` and `check`."""

import json
import re

import pytest
from corpus import arrays, boxes, folders, masks, tables
from support.program import call_automap

CASES = [case for module in (folders, tables, arrays, masks, boxes) for case in module.CASES]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_check_counts_what_is_used_skipped_and_refused(case, tmp_path):
    case.make(tmp_path)
    (tmp_path / "spec.yaml").write_text(f"dataset: {case.dataset}\n")
    done = call_automap("check", tmp_path / "spec.yaml", "--no-build", "--format", "json")
    if case.error:
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert case.error in done.stderr
        return
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    assert sum(data["records"].values()) == case.total
    assert {split: data["records"][split] for split in case.splits} == case.splits
    assert data["bad"] == case.bad
    assert case.classes is None or tuple(data["classes"]) == case.classes
    for warning in case.warnings:
        assert warning in data["warnings"]


@pytest.mark.parametrize("case", [case for case in CASES if case.init], ids=lambda case: case.name)
def test_what_init_writes_check_accepts(case, tmp_path):
    case.make(tmp_path)
    done = call_automap("init", tmp_path / case.init, "--output", tmp_path / "my spec (1).yaml")
    if case.error:
        assert done.returncode == 2 or "max_bad: " in (tmp_path / "my spec (1).yaml").read_text()
    if done.returncode:
        assert case.error
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")
        return
    [kind] = re.findall(r"type: (\w+)", case.dataset)
    assert f"type: {kind}" in (tmp_path / "my spec (1).yaml").read_text()
    checked = call_automap("check", tmp_path / "my spec (1).yaml", "--no-build", "--format", "json")
    assert checked.returncode == 0, checked.stderr
    if case.classes:
        assert tuple(json.loads(checked.stdout)["data"]["classes"]) == case.classes
