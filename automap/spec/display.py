"""Displaying untrusted text: names of files, classes and studies, reasons, notes, and messages of servers.

A file name may hold a terminal's control sequences, and a class may be called ``[red]``. Every command prints
through `SafeConsole`, which takes no text for markup and lets no control character through.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from automap.redaction import redact

# C0 and C1 controls (ESC begins terminal sequences, and so does U+009B), line and paragraph separators,
# bidirectional embeddings, overrides and isolates, and surrogates, which stand for bytes of file names that
# are not UTF-8. Compare "Trojan Source" (CVE-2021-42574).
_UNSAFE = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROLS = re.compile(f"[{_UNSAFE}]")
_CONTROLS_IN_LINES = re.compile(f"(?![\n\t])[{_UNSAFE}]")


def escaped(text: object, *, lines: bool = False) -> str:
    r"""Return a text with control characters spelled out, ESC as ``\x1b``, and passwords of URLs hidden.

    Args:
        text: anything; `str` is applied to it.
        lines: whether line breaks and tabs stay, as in messages of several lines.
    """
    return (_CONTROLS_IN_LINES if lines else _CONTROLS).sub(_spelled, redact(str(text)))


def safe_text(text: object, style: str = "") -> Text:
    """Return foreign text for Rich: control characters spelled out, square brackets as they are."""
    return Text(escaped(text), style=style)


def shell_quoted(path: object) -> str:
    """Return a path or URL as a shell takes it, for commands that users copy: ``'my photos/x'``."""
    text = str(path)
    text = f"./{text}" if text.startswith("-") else text
    if not _CONTROLS.search(text):
        return shlex.quote(text)
    # ANSI-C quoting, which bash, zsh and ksh know.
    return "$'" + _CONTROLS.sub(_spelled_for_shell, re.sub(r"[\\']", r"\\\g<0>", text)) + "'"


def json_text(data: Any) -> str:
    r"""Return data as indented JSON; what a terminal would obey is written as ``\u`` escapes."""
    text = redact(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
    return _CONTROLS_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _spelled(found: re.Match[str]) -> str:
    character = found[0]
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"


def _spelled_for_shell(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # A byte that is not UTF-8, as Python's file names hold it.
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"


_DEFAULT_WIDTH = 80


class SafeConsole(Console):
    """A console without markup, emoji codes and highlighting, that spells out control characters.

    Args:
        stderr: whether it writes to standard error.
        file: another stream.
        record: whether to keep what is printed, for an export; then `width` is its width in characters.
        width: None for the terminal's.
    """

    def __init__(
        self,
        *,
        stderr: bool = False,
        file: IO[str] | None = None,
        record: bool = False,
        width: int | None = None,
    ) -> None:
        plain: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False, "force_jupyter": False}
        super().__init__(stderr=stderr, file=file, record=record, width=width, **plain)
        if self.width < 1:
            # Some programs set COLUMNS=0 if they do not know the width; Rich would print nothing.
            self.width = _DEFAULT_WIDTH

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Rich does; only Rich's own segments of control codes keep their controls."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(escaped(text, lines=True), style)


def html_of(renderable: RenderableType, width: int = 100) -> str:
    """Return as HTML, for notebooks, what Rich would draw in a terminal; foreign text is escaped.

    Args:
        renderable: a table, a text, or anything else that Rich draws.
        width: in characters.
    """
    console = SafeConsole(file=io.StringIO(), record=True, width=width)
    console.print(renderable)
    form = '<pre style="font-family: ui-monospace, Menlo, Consolas, monospace; line-height: 1.2">{code}</pre>'
    return console.export_html(inline_styles=True, code_format=form)


def text_of(renderable: RenderableType, width: int = 120) -> str:
    """Return as plain text what Rich would draw; foreign text is escaped.

    Args:
        renderable: a table, a text, or anything else that Rich draws.
        width: in characters.
    """
    console = SafeConsole(file=io.StringIO(), record=True, width=width)
    console.print(renderable)
    return "\n".join(line.rstrip() for line in console.export_text().strip("\n").splitlines())
