"""Untrusted names, reasons and notes are shown literally: no markup, no control sequences."""

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from support.program import REPOSITORY, call_automap, run_automap
from support.studies import add_finalist, add_trial, candidate, complete, make_study

from automap.cli.main import COMMANDS
from automap.spec.display import SafeConsole, escaped, shell_quoted
from automap.spec.load import load_spec
from automap.store.engine import open_database
from automap.store.result import Result

HOSTILE = "a[/]b \x1b[31m\x1b]0;owned\x07\x9b2J\u202e[bold]"
SHOWN = r"a[/]b \x1b[31m\x1b]0;owned\x07\x9b2J\u202e[bold]"
STUDY, STUDY_SHOWN = HOSTILE.replace("[/]", "[red]"), SHOWN.replace("[/]", "[red]")
CONTROLS = {chr(code) for code in (*range(32), *range(0x7F, 0xA0), 0x202E)} - {"\n"}


def assert_harmless(done: subprocess.CompletedProcess[str], code: int = 0) -> str:
    shown = done.stdout + done.stderr
    assert done.returncode == code, shown
    assert not CONTROLS & set(shown), ascii(shown)
    assert "internal error" not in shown
    return shown


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database whose study, reasons, notes and hyperparameters are hostile."""
    url = f"sqlite:///{tmp_path_factory.mktemp('hostile')}/automap.db"
    engine = open_database(url)
    study = make_study(engine, STUDY)
    curve = ({"epoch": 1, "accuracy": 0.5},)
    add_trial(engine, study, 0, complete(0.9, curve=curve, notes=(HOSTILE,)), of=candidate(HOSTILE, depth=HOSTILE))
    add_trial(engine, study, 1, Result(state="failed", reason=f"cannot read {HOSTILE}"))
    add_finalist(engine, study, 0, [0.95, 0.96])
    engine.dispose()
    return url


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
def test_leaderboard(database, format_):
    shown = assert_harmless(
        run_automap("leaderboard", "--storage", database, "--format", format_, "--state", "all", COLUMNS="250")
    )
    if format_ == "json":
        rows = json.loads(shown)["rows"]
        assert rows[-1]["reason"] == f"cannot read {HOSTILE}"
    else:
        assert f"cannot read {SHOWN}" in shown.replace("\\|", "|")


def test_show_and_studies(database):
    shown = assert_harmless(run_automap("show", STUDY, "0", "--storage", database, COLUMNS="200"))
    assert f"note: {SHOWN}" in shown
    assert SHOWN in assert_harmless(run_automap("show", STUDY, "1", "--storage", database, COLUMNS="200"))
    assert json.loads(run_automap("show", STUDY, "0", "--storage", database, "--format", "json").stdout)
    assert STUDY_SHOWN in assert_harmless(run_automap("studies", "--storage", database, COLUMNS="200"))
    assert_harmless(run_automap("studies", "--storage", database, "--format", "json"))
    assert_harmless(run_automap("show", "other\x1b]0;x\x07", "0", "--storage", database), code=2)


@pytest.fixture
def images(tmp_path, monkeypatch) -> Path:
    """A project folder, files and classes with names that Rich or a terminal could misread."""
    project = tmp_path / "proj [old]"
    photos = project / "flower photos"
    photos.mkdir(parents=True)
    rows = [("image", "label")]
    for label in ("a[/]b", "c\x1b]0;owned\x07", "d\u202ee"):
        for index in range(4):
            name = f"photo[final]{len(rows)}\x1b[2J.png"
            Image.new("RGB", (16, 16), (index * 60, 30, len(rows) * 20)).save(photos / name)
            rows.append((name, label))
        rows.append((f"bad[red]{len(rows)}\x1b[2J.png", label))
        (photos / rows[-1][0]).write_text("not an image")
    (photos / "labels.csv").write_text("".join(f"{name},{label}\n" for name, label in rows), encoding="utf-8")
    monkeypatch.setenv("AUTOMAP_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(project)
    return project


def test_init_and_check(images):
    table = "flower photos/labels.csv"
    shown = assert_harmless(run_automap("init", table, "--output", "my spec.yaml"))
    assert "automap search 'my spec.yaml'" in shown
    Path("mine.yaml").write_text(f"dataset: {{type: csv, path: {table}, max_bad: 0.5}}\n", encoding="utf-8")
    shown = assert_harmless(run_automap("check", "mine.yaml", "--no-build"))
    assert "a[/]b" in shown
    assert r"c\x1b]0;owned\x07" in shown
    assert r"bad[red]5\x1b[2J.png" in shown
    assert_harmless(run_automap("check", "mine.yaml", "--no-build", "--format", "json"))
    assert_harmless(run_automap("init", table))


def test_errors_about_files(images):
    for command in ("check", "search", "worker"):
        shown = assert_harmless(run_automap(command, "no\x1b[2J[/].yaml"), code=2)
        assert r"no\x1b[2J[/].yaml" in shown
    shown = assert_harmless(run_automap("predict", "no\x1b[2J[/]", "flower photos/photo[final]1\x1b[2J.png"), code=2)
    assert r"no\x1b[2J[/]" in shown
    Path("bad\x1b[2J.yaml").write_text('dataset: sklearn\n"\\e[2J[/]": 3\n', encoding="utf-8")
    assert r"\x1b[2J[/]" in assert_harmless(run_automap("check", "bad\x1b[2J.yaml"), code=2)


def test_a_file_name_that_is_not_utf8(images):
    (images / os.fsdecode(b"caf\xe9")).mkdir()
    done = run_automap("init", os.fsdecode(b"caf\xe9"), "--output", os.fsdecode(b"\xe9.yaml"))
    assert r"caf\udce9" in assert_harmless(done, code=2)


def test_characters_outside_the_terminals_encoding_are_escaped(images):
    shown = assert_harmless(run_automap("check", "größe.yaml", PYTHONIOENCODING="ascii"), code=2)
    assert r"gr\xf6\xdfe.yaml" in shown


@pytest.mark.parametrize("name", ["my photos", "-x", "it's", "a\x1bb'c\\", "x\udcff", "\x9b1", "a\nb", "\u202e$HOME"])
def test_a_shell_reads_a_quoted_path_as_it_was(name):
    printed = subprocess.run(["bash", "-c", f"printf %s {shell_quoted(name)}"], capture_output=True, check=True)
    assert os.fsdecode(printed.stdout).removeprefix("./") == name
    assert not CONTROLS & set(shell_quoted(name))


def test_lines_and_tabs_stay_where_a_message_has_lines():
    assert escaped("a\n\tb\r", lines=True) == "a\n\tb\\r"
    assert escaped("a\n\tb") == r"a\n\tb"


def test_the_console_escapes_control_characters(capsys):
    SafeConsole().print(HOSTILE, soft_wrap=True)
    assert capsys.readouterr().out.strip() == SHOWN.replace(r"\x07", "")


NAME, NAME_SHOWN = "x\x1b[2J[/]\x9b1\u202e", r"x\x1b[2J[/]\x9b1\u202e"
CALLS = {
    "init": [[NAME]],
    "check": [[f"{NAME}.yaml"]],
    "search": [[f"{NAME}.yaml"], ["spec.yaml", "--trials", NAME]],
    "worker": [[f"{NAME}.yaml"]],
    "leaderboard": [[STUDY, "--state", "all"], [NAME], [STUDY, "--sort", NAME]],
    "show": [[STUDY, "0"], [STUDY, "1"], [NAME, "0"]],
    "browse": [[NAME]],
    "report": [[STUDY, "--output", f"{NAME}.html"], [NAME]],
    "studies": [[], ["--storage", f"sqlite:///{NAME}.db"]],
    "predict": [[NAME, "a.png"], [STUDY, NAME], ["a.png", f"*{NAME}*"]],
    "explain": [[NAME, "a.png"], [STUDY, NAME]],
    "export": [[NAME], [STUDY]],
    "plugins": [["info", NAME], ["new", NAME], ["list", "--kind", NAME]],
    "doctor": [[STUDY], [NAME]],
    "schema": [["--output", f"no{NAME}/x.json"]],
    "serve": [[NAME], [STUDY]],
    "ensemble": [[NAME], [STUDY]],
    "compress": [[NAME], [f"{STUDY}:0"], [STUDY, "--format", NAME]],
    "train": [[NAME], [f"{STUDY}:0"], [f"{STUDY}:9"]],
}
"""For each command, arguments and records with control sequences and markup."""


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_lets_control_sequences_or_markup_through(command, database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOMAP_STORAGE", database)
    monkeypatch.setenv("COLUMNS", "250")
    Path("spec.yaml").write_text("dataset: {type: sklearn, name: digits}\n")
    shown = ""
    for arguments in CALLS[command]:
        done = call_automap(command, *arguments)
        assert done.returncode in {0, 1, 2}
        shown += assert_harmless(done, done.returncode)
    assert NAME_SHOWN.partition("[/]")[0] in shown or SHOWN.partition("[")[0] in shown


PACKAGE = REPOSITORY / "automap"
ONLY_HERE = {PACKAGE / "spec" / "display.py", PACKAGE / "cli" / "console.py"}
# Workers print for the process that started them, and the version is our own.
OTHERWISE = {
    PACKAGE / name
    for name in ("workers/process.py", "workers/preflight_process.py", "workers/ensemble_process.py", "cli/main.py")
}


@pytest.mark.parametrize("path", sorted(set(PACKAGE.rglob("*.py")) - ONLY_HERE - OTHERWISE), ids=str)
def test_everything_is_printed_through_the_safe_console(path):
    """`rich.Console`, `print`, `typer.echo` and markup would let foreign text reach the terminal as it is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"Console", "print", "typer.echo", "typer.secho", "rich.print"}, ast.unparse(node)
            assert not called.endswith("from_markup"), ast.unparse(node)
            # A column of a progress bar has markup on, whatever its console says.
            assert called != "TextColumn" or "markup=False" in ast.unparse(node), ast.unparse(node)


@pytest.mark.slow
def test_search_and_predict(images):
    Path("my spec.yaml").write_text(
        "name: mine\ndataset: {type: csv, path: flower photos/labels.csv, max_bad: 0.5, image_size: 16}\n"
        "architecture: {type: cnn, filters: [8]}\naugmentation: []\noptimizer: sgd\n"
        "training: {epochs: 1, batch_size: 4}\nbudget: {trials: 1}\nfinalists: {top: 0}\n",
        encoding="utf-8",
    )
    done = run_automap("search", "my spec.yaml")
    assert_harmless(done)
    winner = images / "automap.runs" / "mine" / "winner"
    assert f"winner:  {winner}\n" in done.stderr
    assert f"automap predict '{winner}' IMAGE" in done.stderr
    assert "automap show 'my spec.yaml' TRIAL" in done.stderr
    for format_ in ("table", "json", "csv"):
        arguments = ["predict", "mine", "flower photos", "--format", format_, "--top", "3", "--draw", "drawn [1]"]
        done = run_automap(*arguments, COLUMNS="250")
        assert "\x1b" not in done.stdout + done.stderr
        assert not CONTROLS & set(done.stdout + done.stderr)
        assert "a[/]b" in done.stdout
        assert "photo[final]1" in done.stdout
        assert "internal error" not in done.stderr
        if format_ == "json":
            labels = {answer["label"] for answer in json.loads(done.stdout)}
            assert labels <= {"a[/]b", "c\x1b]0;owned\x07", "d\u202ee"}
    assert_harmless(run_automap("doctor", "my spec.yaml"))
    assert_harmless(run_automap("show", "my spec.yaml", "0"))


@pytest.mark.parametrize("name", ["proj [old]", "100% sure?", "a#b", "%20", "größe"])
def test_a_database_next_to_a_spec_works_with_any_folder_name(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "digits.yaml").write_text("dataset: {type: sklearn, name: digits}\n")
    spec = load_spec(folder / "digits.yaml")
    assert spec.run_directory == folder / "automap.runs" / "digits"
    engine = open_database(spec.storage)
    add_trial(engine, make_study(engine), 0, complete(0.9))
    engine.dispose()
    assert (folder / "automap.db").exists()
    assert "0.9000" in run_automap("leaderboard", folder / "digits.yaml").stdout
    shown = run_automap("studies", "--storage", spec.storage, COLUMNS="250").stdout
    assert f"1 study in sqlite:///{folder}/automap.db" in shown
