"""``automap plugins``: listing, explaining and starting plugins, third parties' included."""

import json
import os
import subprocess
import sys

import pytest
from support.distributions import ARCHITECTURE, install
from support.program import REPOSITORY, run_automap

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


def test_names_and_kinds_that_are_not_there_are_told_with_the_nearest():
    done = run_automap("plugins", "info", "resnett")
    assert done.returncode == 2
    assert "no plugin is named 'resnett'; did you mean 'resnet'?" in done.stderr
    done = run_automap("plugins", "list", "--kind", "architectures")
    assert done.returncode == 2
    assert "unknown kind 'architectures'; did you mean 'architecture'?" in done.stderr


@pytest.mark.slow
def test_new_packages_of_every_kind_and_the_example_install_and_pass_their_own_tests(example, tmp_path):
    kinds = ("architecture", "augmentation", "dataset", "loss", "optimizer")
    site, packages = tmp_path / "site", [EXAMPLE]
    for kind in kinds:
        done = run_automap("plugins", "new", f"my_{kind}", "--kind", kind, "--folder", tmp_path)
        assert done.returncode == 0, done.stderr
        packages.append(tmp_path / f"automap-my-{kind}")
    pip_install(packages[1:], site)
    path = f"{site}:{example}"
    found = listing(PYTHONPATH=path)
    assert [found[(kind, f"my_{kind}")]["problem"] for kind in kinds] == [None] * len(kinds)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--import-mode=importlib",
            "-p",
            "no:cacheprovider",
            *packages,
        ],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_new_package_never_overwrites_and_needs_a_proper_name(tmp_path):
    assert run_automap("plugins", "new", "my_net", cwd=tmp_path).returncode == 0
    again = run_automap("plugins", "new", "my_net", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    for name, reason in (
        ("My-Net", "lower case words"),
        ("class", "lower case words"),
        ("resnet", "of automap"),
    ):
        done = run_automap("plugins", "new", name, cwd=tmp_path)
        assert done.returncode == 2
        assert reason in done.stderr
    done = run_automap("plugins", "new", "my_task", "--kind", "task", cwd=tmp_path)
    assert "received 'task'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["automap-my-net"]
