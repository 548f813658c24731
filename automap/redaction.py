"""Hiding passwords: every text that automap shows or stores passes through here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"

# Up to the last @ of the word: a password that was not percent-encoded may hold any of the characters : / @.
_CREDENTIALS = re.compile(r"((?::/{1,2}|(?<![:/])//)(?!/)[^\s:/@]*):\S*@")
_SECRET_NAMES = "password|passwd|pwd|secret|token|signature|credential|api[-_]?key|access[-_]?key|account[-_]?key"
_PARAMETERS = re.compile(rf"([?&;](?:sig|[\w.-]*(?:{_SECRET_NAMES})[\w.-]*)=)[^\s&;'\"]+", re.IGNORECASE)


def redact(text: str) -> str:
    """Hide the passwords in every URL of a text, also in malformed ones.

    Example:
        >>> redact("no answer from ftp://me:secret@host/runs?token=abc")
        'no answer from ftp://me:***@host/runs?token=***'
    """
    return _PARAMETERS.sub(rf"\1{HIDDEN}", _CREDENTIALS.sub(rf"\1:{HIDDEN}@", text))


def redact_data(data: Any) -> Any:
    """Return plain data, such as a spec, with the passwords in all of its texts hidden."""
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, Mapping):
        return {key: redact_data(value) for key, value in data.items()}
    return [redact_data(item) for item in data] if isinstance(data, list) else data
