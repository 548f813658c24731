"""The documentation builds into a site without a warning, and its pages need no other server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.markdown import ROOT

from automap.cli.main import COMMANDS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    config = ROOT / "docs" / "site" / "mkdocs.yml"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", config, "--site-dir", folder],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "NO_MKDOCS_2_WARNING": "1"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_site(site: Path) -> None:
    for page in (ROOT / "docs").glob("*.md"):
        built = site / ("index.html" if page.stem == "README" else f"{page.stem}/index.html")
        assert built.is_file(), page


def test_the_reference_lists_commands_components_and_functions(site: Path) -> None:
    commands = (site / "reference/commands/index.html").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"automap {command}" in commands
    assert "--workers" in commands
    assert "random_crop" in (site / "reference/components/index.html").read_text(encoding="utf-8")
    assert "open_study" in (site / "reference/api/index.html").read_text(encoding="utf-8")


def test_pages_load_nothing_from_other_servers(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|link|iframe)[^>]*(?:src|href)="?(https?://[^" >]+)', text)
        assert not loaded, page
