"""Finding and loading plugins: installed, broken and duplicate ones."""

import sys

import pytest
from support.distributions import ARCHITECTURE, install

from automap import Architecture, PluginError, Spec
from automap.interfaces.kinds import KINDS
from automap.spec import plugins as discovery
from automap.spec.plugins import (
    BrokenPlugin,
    find_plugins,
    kind_name,
    load_plugin,
    plugin_name,
    recommended_plugins,
    try_load,
)

GROUP = "automap.architectures"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs a distribution for the duration of a test."""
    caches = (discovery.find_plugins, discovery.try_load, discovery.plugin_name)

    def add(distribution, plugins, **modules):
        folder = install(tmp_path / distribution, distribution, GROUP, plugins, **modules)
        monkeypatch.syspath_prepend(folder)
        for module in modules:
            monkeypatch.delitem(sys.modules, module, raising=False)
        for cached in caches:
            cached.cache_clear()

    yield add
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_a_third_partys_plugin_is_like_a_built_in_one(installed):
    installed("third-party", {"their_net": "their_module:Net"}, their_module=ARCHITECTURE)
    (found,) = find_plugins(GROUP)["their_net"]
    assert (found.distribution, found.version) == ("third-party", "1.0")
    net = load_plugin(GROUP, "their_net")
    assert issubclass(net, Architecture)
    assert plugin_name(net) == "their_net"
    assert "their_net" in recommended_plugins(GROUP)


def test_finding_imports_nothing(installed):
    installed("explosive", {"bomb": "bomb_module:Net"}, bomb_module="raise SystemError('imported')")
    assert "bomb" in find_plugins(GROUP)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import a_library_that_is_not_there",
            "ModuleNotFoundError: No module named 'a_library_that_is_not_there'",
        ),
        ("def broken(:", "SyntaxError"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import sys; sys.exit('go away')", "SystemExit: go away"),
        ("Other = 1", "AttributeError"),
        ("Net = 5", "is not a subclass of automap.Architecture"),
        ("from automap import Augmentation as Net", "is not a subclass of automap.Architecture"),
    ],
)
def test_a_broken_plugin_is_a_value_with_its_reason(installed, source, reason):
    installed("broken", {"broken_net": "broken_module:Net"}, broken_module=source)
    broken = try_load(GROUP, "broken_net")
    assert isinstance(broken, BrokenPlugin)
    assert reason in broken.reason
    with pytest.raises(PluginError, match=r"plugin 'broken_net' of broken 1\.0 is broken"):
        load_plugin(GROUP, "broken_net")
    assert "broken_net" not in recommended_plugins(GROUP)
    assert Spec(dataset="sklearn", architecture="cnn").architecture


def test_two_plugins_of_one_name_are_an_error_that_names_both(installed):
    installed("first-party", {"twin": "first_module:Net"}, first_module=ARCHITECTURE)
    installed("second-party", {"twin": "second_module:Net"}, second_module=ARCHITECTURE)
    with pytest.raises(PluginError, match=r"two plugins .* 'twin'") as caught:
        load_plugin(GROUP, "twin")
    assert "first-party 1.0" in str(caught.value)
    assert "second-party 1.0" in str(caught.value)
    assert "twin" not in recommended_plugins(GROUP)
    assert Spec(dataset="sklearn", architecture="cnn").architecture


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(PluginError, match=r"unknown architecture .resnett.; did you mean .resnet."):
        load_plugin(GROUP, "resnett")
    with pytest.raises(PluginError, match=r"unknown loss 'xyzzy'; installed: .*cross_entropy, "):
        load_plugin("automap.losses", "xyzzy")


def test_a_class_that_is_not_installed_has_no_name():
    class Mine(Architecture):
        def build(self, inputs):
            return {1: inputs}

    with pytest.raises(PluginError, match=r"declare it as an entry point of the group automap\.architectures"):
        plugin_name(Mine)


def test_kinds_are_named_in_the_singular():
    names = {kind_name(group) for group in KINDS}
    assert names == {"architecture", "augmentation", "dataset", "encoder", "explainer", "exporter", "fusion"} | {
        *("loss", "optimizer", "sampler", "scheduler", "task", "tracker")
    }


def test_a_renamed_plugin_is_named():
    for name in ("mse", "mean_squared_error"):
        with pytest.raises(PluginError, match=f"unknown loss '{name}': it is now called 'squared_error'"):
            load_plugin("automap.losses", name)
