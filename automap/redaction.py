"""Hiding passwords: every text that automap shows or stores passes through here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"

# Up to the last @ of the word: a password that was not percent-encoded may hold any of the characters : / @.
_CREDENTIALS = re.compile(r"((?::/{1,2}|(?<![:/])//)(?!/)[^\s:/@]*):\S*@")
_PORT = r"[0-9]{1,5}(?![\w@*%!$-])"
# A password with spaces, or one whose host was left out; a port is neither.
_SPACED = re.compile(rf"(://[^\s:/@\[]*):(?!{_PORT})(?!\*)[^\n@'\"]{{1,200}}@")
_UNENDED = re.compile(rf"(://[^\s:/@\[]+):(?!{_PORT})(?!\*)[^\s/@'\"]+")
_SECRET_NAMES = "password|passwd|pwd|secret|token|signature|credential|api[-_]?key|access[-_]?key|account[-_]?key"
_PARAMETERS = re.compile(rf"([?&;](?:sig|[\w.-]*(?:{_SECRET_NAMES})[\w.-]*)=)[^\s&;'\"]+", re.IGNORECASE)


def redact(text: str) -> str:
    """Hide the passwords in every URL of a text, also in malformed ones.

    Example:
        >>> redact("no answer from ftp://me:secret@host/runs?token=abc")
        'no answer from ftp://me:***@host/runs?token=***'
    """
    for malformed in (_CREDENTIALS, _SPACED):
        text = malformed.sub(rf"\1:{HIDDEN}@", text)
    return _PARAMETERS.sub(rf"\1{HIDDEN}", _UNENDED.sub(rf"\1:{HIDDEN}", text))


def redact_data(data: Any) -> Any:
    """Return plain data, such as a spec, with the passwords in all of its texts hidden."""
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, Mapping):
        return {key: redact_data(value) for key, value in data.items()}
    return [redact_data(item) for item in data] if isinstance(data, list) else data
