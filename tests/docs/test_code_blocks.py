"""The code blocks, commands and links of README.md and docs/ are valid."""

import ast
import inspect
import re
import shlex
import tomllib

import pytest
import typer
from support.markdown import PAGES, ROOT, anchors, code_blocks, prose

import automap
from automap.api.study import Study
from automap.cli.main import program
from automap.leaderboard.board import Leaderboard, Row
from automap.models.model import LoadedModel

DATASET = "dataset: {type: folder, path: data/flowers}\n"
OWNERS = {"learning_rate": ("optimizer", "sgd"), "activation": ("architecture", "cnn")}
"""Fields of components that a block shows alone, with a component that has them."""

VARIABLES = {
    **{"study": Study, "model": LoadedModel, "leaderboard": Leaderboard, "row": Row},
    **{"proposal": automap.Proposal, "check": automap.SpecCheck, "plugin": automap.Plugin},
}
"""What variables of Python blocks are."""

PROMISES = re.compile(r"\b(study|model|session|proposal|new_plugin)\b")
"""Names in blocks that need a finished search or write files."""


def name_of(page):
    """Return the name of a page for test ids."""
    return str(page.relative_to(ROOT))


def specs_of(text):
    """Return the specs of a block; it shows several if a field occurs more than once."""
    specs = [""]
    for line in text.splitlines(keepends=True):
        field = re.match(r"(\w+):", line)
        if field and re.search(rf"^(  )?{field[1]}:", specs[-1], flags=re.MULTILINE):
            specs.append("")
        if field and field[1] in OWNERS:
            kind, component = OWNERS[field[1]]
            line = f"{kind}:\n  type: {component}\n  {line}"
        specs[-1] += line
    return [spec if re.search(r"^dataset:", spec, flags=re.MULTILINE) else DATASET + spec for spec in specs]


@pytest.mark.parametrize("block", code_blocks("yaml"), ids=str)
def test_every_spec_is_valid(block, tmp_path):
    for number, text in enumerate(specs_of(block.text)):
        path = tmp_path / f"spec{number}.yaml"
        path.write_text(text, encoding="utf-8")
        assert automap.load_spec(path).architecture


def commands_of(text):
    """Return the words of each command of a shell block, without comments, pipes and variables."""
    for line in text.splitlines():
        words = [*shlex.split(line, comments=True), "&&"]
        while words:
            end = next(place for place, word in enumerate(words) if word in ("&&", "|", ";"))
            command, words = words[:end], words[end + 1 :]
            while command and re.fullmatch(r"[A-Z_]+=.*", command[0]):
                command.pop(0)
            if command:
                yield command


def parse_command(words):
    """Parse the words after ``automap`` as the program does, without running the command."""
    name, command, context = "automap", typer.main.get_command(program()), None
    while hasattr(command, "resolve_command"):
        context = command.make_context(name, list(words), parent=context)
        name, command, words = command.resolve_command(context, list(words))
    command.make_context(name, list(words), parent=context)


def check_command(words):
    match words:
        case ["automap", *arguments]:
            parse_command(arguments)
        case ["pip", "install", *packages]:
            extras = re.findall(r"\[(\w+)\]", " ".join(packages))
            assert set(extras) <= set(PROJECT["optional-dependencies"])
        case ["python" | "python3", script, *_] if not script.startswith("-"):
            assert (ROOT / script).is_file(), script


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("block", code_blocks("sh", "bash"), ids=str)
def test_every_command_can_be_parsed(block):
    for words in commands_of(block.text):
        check_command(words)


def options_of(words):
    """Return the names of all options of the command that words begin with."""
    command = typer.main.get_command(program())
    while hasattr(command, "resolve_command"):
        _, command, words = command.resolve_command(typer.Context(command), words)
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--debug"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_option_in_the_text_exists(page):
    for span in re.findall(r"`(automap [a-z][^`]*)`", prose(page)):
        words = span.replace("\\|", " ").split()[1:]
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= options_of(words), span
    for script in re.findall(r"`(?:python )?((?:benchmarks|examples)/\w+\.py)", prose(page)):
        assert (ROOT / script).is_file(), script


@pytest.mark.parametrize("block", code_blocks("python"), ids=str)
def test_every_python_block_is_valid(block, monkeypatch):
    tree = ast.parse(block.text, str(block))
    code = compile(tree, str(block), "exec")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            check_attribute(node.value.id, node.attr)
        if isinstance(node, ast.Call):
            check_arguments(node)
    if not PROMISES.search(block.text):
        monkeypatch.chdir(ROOT)
        exec(code, {"__name__": "docs"})


def check_attribute(variable, name):
    if variable == "automap":
        assert hasattr(automap, name), name
    elif variable in VARIABLES:
        owner = VARIABLES[variable]
        assert hasattr(owner, name) or name in owner.__dataclass_fields__, f"{variable}.{name}"


def check_arguments(call):
    """Check keyword arguments of calls of the public interface and of the methods of its results."""
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return
    owner = {"automap": automap, **VARIABLES}.get(call.func.value.id)
    function = getattr(owner, call.func.attr, None)
    if not inspect.isroutine(function):
        return
    receiver = [] if owner is automap else [None]
    arguments = {keyword.arg: None for keyword in call.keywords if keyword.arg}
    inspect.signature(function).bind(*receiver, *([None] * len(call.args)), **arguments)


@pytest.mark.parametrize("block", code_blocks("toml"), ids=str)
def test_every_toml_block_is_valid(block):
    groups = tomllib.loads(block.text)["project"]["entry-points"]
    assert set(groups) <= set(PROJECT["entry-points"])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == ROOT / "docs"], ids=name_of)
def test_the_index_lists_every_page(page):
    index = ROOT / "docs" / "README.md"
    assert page == index or f"({page.relative_to(index.parent)})" in index.read_text(encoding="utf-8")


def test_pages_have_all_kinds_of_blocks():
    for language in ("yaml", "sh", "python", "toml"):
        assert len(code_blocks(language)) >= 2
