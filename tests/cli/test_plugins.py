"""``automap plugins``: listing, explaining and creating plugins, including third parties'."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from sklearn.datasets import load_digits
from support.distributions import ARCHITECTURE, install
from support.program import REPOSITORY, run_automap

from automap.interfaces.kinds import SPEC_KINDS
from automap.spec.plugins import kind_name

EXAMPLE = REPOSITORY / "examples" / "automap-example-plugin"


def pip_install(packages, target):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "--disable-pip-version-check",
            "--target",
            target,
            *packages,
        ],
        check=True,
    )
    return str(target)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Build and install the example package as a user would; return the folder it lies in."""
    return pip_install([EXAMPLE], tmp_path_factory.mktemp("site"))


def listing(**environment):
    done = run_automap("plugins", "list", "--format", "json", **environment)
    assert done.returncode == 0, done.stderr
    return {(plugin["kind"], plugin["name"]): plugin for plugin in json.loads(done.stdout)}


def test_every_kind_of_automaps_own_plugins_is_listed():
    found = listing()
    for kind, name in [
        ("architecture", "resnet"),
        ("augmentation", "none"),
        ("dataset", "folder"),
        ("explainer", "grad_cam"),
        ("exporter", "onnx"),
        ("loss", "cross_entropy"),
        ("optimizer", "sgd"),
        ("task", "classification"),
    ]:
        assert found[(kind, name)]["distribution"] == "automap"


def test_no_plugin_of_automaps_own_is_broken():
    broken = {name: plugin["problem"] for name, plugin in listing().items() if plugin["problem"]}
    assert broken == {}


def test_an_installed_third_partys_package_is_listed_explained_used_and_in_the_schema(example, tmp_path):
    found = listing(PYTHONPATH=example)
    mixer = found[("architecture", "conv_mixer")]
    assert mixer["distribution"] == "automap-example-plugin"
    assert mixer["problem"] is None
    assert found[("augmentation", "gaussian_noise")]["recommended"] is False

    done = run_automap("plugins", "info", "conv_mixer", PYTHONPATH=example)
    assert "arXiv:2201.09792" in done.stdout
    assert "patch_size" in done.stdout
    assert "32 to 256, log" in done.stdout

    spec = tmp_path / "mixer.yaml"
    spec.write_text("dataset: sklearn\narchitecture: {type: conv_mixer, depht: 3}\n")
    done = run_automap("check", spec, PYTHONPATH=example)
    assert done.returncode == 2
    assert f"{spec}:2:34: architecture.depht: unknown field; did you mean 'depth'?" in done.stderr

    schema = json.loads(run_automap("schema", PYTHONPATH=example).stdout)
    assert "depth" in schema["$defs"]["automap.architectures.conv_mixer"]["properties"]


def test_a_broken_plugin_is_listed_with_its_reason_and_harms_no_other(tmp_path):
    site = install(
        tmp_path,
        "broken-net",
        "automap.architectures",
        {"broken_net": "broken_net_module:Net"},
        broken_net_module="import a_library_that_is_not_there",
    )
    done = run_automap("plugins", "list", PYTHONPATH=str(site), COLUMNS="160")
    assert done.returncode == 0
    assert "ModuleNotFoundError: No module named 'a_library_that_is_not_there'" in done.stdout
    assert "cannot be used" in done.stderr
    done = run_automap("plugins", "info", "broken_net", PYTHONPATH=str(site))
    assert done.returncode == 2
    assert "plugin 'broken_net' of broken-net 1.0 is broken: ModuleNotFoundError" in done.stderr
    assert run_automap("plugins", "info", "resnet", PYTHONPATH=str(site)).returncode == 0
    assert "broken_net" not in run_automap("schema", PYTHONPATH=str(site)).stdout


def test_two_plugins_of_one_name_are_listed_with_both_owners(tmp_path):
    first = install(
        tmp_path / "1",
        "first-party",
        "automap.architectures",
        {"twin": "first_module:Net"},
        first_module=ARCHITECTURE,
    )
    second = install(
        tmp_path / "2",
        "second-party",
        "automap.architectures",
        {"twin": "second_module:Net"},
        second_module=ARCHITECTURE,
    )
    path = f"{first}:{second}"
    spec = tmp_path / "twin.yaml"
    spec.write_text("dataset: sklearn\narchitecture: twin\n")
    done = run_automap("check", spec, PYTHONPATH=path)
    assert done.returncode == 2
    assert "from first-party 1.0 and second-party 1.0; uninstall one of them" in done.stderr
    assert "uninstall one of them" in listing(PYTHONPATH=path)[("architecture", "twin")]["problem"]


def test_unknown_names_and_kinds_suggest_the_nearest():
    done = run_automap("plugins", "info", "resnett")
    assert done.returncode == 2
    assert "no plugin is named 'resnett'; did you mean 'resnet'?" in done.stderr
    done = run_automap("plugins", "list", "--kind", "architectures")
    assert done.returncode == 2
    assert "unknown kind 'architectures'; did you mean 'architecture'?" in done.stderr


KINDS = [kind_name(group) for group in SPEC_KINDS]


@pytest.fixture(scope="module")
def new_packages(tmp_path_factory):
    """Generate a package of every kind and install all of them, and the example, into an environment of their own."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in KINDS:
        done = run_automap("plugins", "new", f"my_{kind}", "--kind", kind, "--folder", folder)
        assert done.returncode == 0, done.stderr
    packages = [EXAMPLE, *(folder / f"automap-my-{kind}" for kind in KINDS)]
    return folder, packages, environment_with(folder / "venv", packages)


def environment_with(folder, packages):
    """Create a virtual environment on top of this one and install packages; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    site = Path(subprocess.run([python, "-c", "import site; print(site.getsitepackages()[0])"], **TEXT).stdout.strip())
    parents = [path for path in sys.path if "site-packages" in path or path.startswith(str(REPOSITORY))]
    (site / "parent.pth").write_text("\n".join(parents))
    install = ["install", "-q", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install, *packages], check=True)
    return python


TEXT = {"capture_output": True, "text": True, "check": False}


@pytest.mark.slow
def test_new_packages_of_every_kind_and_the_example_pass_their_own_tests(new_packages):
    folder, packages, python = new_packages
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider"]
    done = subprocess.run([python, "-m", "pytest", *options, *packages], cwd=folder, **TEXT)
    assert done.returncode == 0, done.stdout


SPECS = {
    "new_task": """\
dataset: {type: my_dataset, path: images}
task: my_task
architecture: my_architecture
augmentation: my_augmentation
optimizer: my_optimizer
training: {epochs: 1, batch_size: 32}
budget: {trials: 1}
finalists: {top: 1, seeds: 1}
""",
    "new_loss": """\
dataset: {type: my_dataset, path: images}
architecture: {type: conv_mixer, width: 32, depth: 1}
augmentation: gaussian_noise
optimizer: my_optimizer
loss: my_loss
training: {epochs: 1, batch_size: 32}
search: {sampler: my_sampler, scheduler: my_scheduler}
budget: {trials: 1}
finalists: {top: 0}
""",
    "new_fusion": """\
dataset: {type: csv, path: images/table.csv, features: [{column: age, type: number}, {column: pen, type: category}]}
architecture: {type: conv_mixer, width: 32, depth: 1}
encoders: {table: my_encoder}
fusion: my_fusion
augmentation: none
training: {epochs: 1, batch_size: 32}
budget: {trials: 1}
finalists: {top: 0}
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_new_packages_of_every_kind_are_used_in_a_search(new_packages, name, tmp_path):
    _, _, python = new_packages
    (tmp_path / "images").mkdir()
    for index, image in enumerate(load_digits().images[:120]):
        Image.fromarray((image * 15).astype("uint8")).save(tmp_path / "images" / f"{index % 2}_{index}.png")
    lines = [f"{index % 2}_{index}.png,{index % 2},{index % 7},{'ab'[index % 2]}" for index in range(120)]
    (tmp_path / "images" / "table.csv").write_text("\n".join(["image,label,age,pen", *lines]))
    (tmp_path / f"{name}.yaml").write_text(SPECS[name])
    run = [python, "-c", "from automap.cli.main import main; main()"]
    done = subprocess.run([*run, "search", f"{name}.yaml", "--workers", "1"], cwd=tmp_path, **TEXT)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([*run, "leaderboard", f"{name}.yaml", "--format", "json"], cwd=tmp_path, **TEXT)
    (row, *_) = json.loads(done.stdout)["rows"]
    assert 0 <= row["validation"]["accuracy"]["mean"] <= 1
    done = subprocess.run([*run, "predict", f"{name}.yaml", "images/0_0.png"], cwd=tmp_path, **TEXT)
    assert done.returncode == 0, done.stderr


def test_a_new_package_never_overwrites_and_needs_a_proper_name(tmp_path):
    assert run_automap("plugins", "new", "my_net", cwd=tmp_path).returncode == 0
    again = run_automap("plugins", "new", "my_net", cwd=tmp_path)
    assert again.returncode == 2
    assert "already exists" in again.stderr
    for name, reason in (
        ("My-Net", "lower-case words"),
        ("class", "lower-case words"),
        ("resnet", "automap already has a plugin named 'resnet'"),
    ):
        done = run_automap("plugins", "new", name, cwd=tmp_path)
        assert done.returncode == 2
        assert reason in done.stderr
    done = run_automap("plugins", "new", "my_task", "--kind", "tsk", cwd=tmp_path)
    assert "unknown kind 'tsk'; did you mean 'task'?" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["automap-my-net"]
