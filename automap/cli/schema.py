"""``automap schema``: the JSON Schema of specs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write.", show_default="standard output")
    ] = None,
) -> None:
    """Write the JSON Schema of specs, for completion in editors.

    It covers every plugin that is installed now; write it again after installing one. A spec whose first
    line is the following comment is completed and checked by editors that know YAML schemas, for instance
    Visual Studio Code with its YAML extension:

    `# yaml-language-server: $schema=automap.schema.json`

    Example: automap schema --output automap.schema.json
    """
    import json

    from automap.cli.console import print_lines
    from automap.spec.schema import json_schema

    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        print_lines(text, end="")
    else:
        _write(output, text)


def _write(path: Path, text: str) -> None:
    from automap.cli.console import say
    from automap.exceptions import UserError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
    say(f"wrote {path}; name it in a spec's first line:")
    say(f"# yaml-language-server: $schema={path}")
