"""``automap schema``: written to a file or standard output, complete for editors."""

import json

from jsonschema import Draft202012Validator
from support.program import run_automap


def test_the_schema_is_written_to_standard_output():
    done = run_automap("schema")
    assert done.returncode == 0
    assert done.stderr == ""
    Draft202012Validator.check_schema(json.loads(done.stdout))


def test_the_schema_is_written_with_usage_instructions(tmp_path):
    path = tmp_path / "automap.schema.json"
    done = run_automap("schema", "--output", path)
    assert done.returncode == 0
    assert done.stdout == ""
    assert f"# yaml-language-server: $schema={path}" in done.stderr
    assert path.read_text(encoding="utf-8") == run_automap("schema").stdout


def test_a_place_that_cannot_be_written_is_the_users_mistake(tmp_path):
    done = run_automap("schema", "--output", tmp_path / "nowhere" / "schema.json")
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write")
