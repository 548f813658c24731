"""The built-in encoders and fusions keep their promises."""

import pytest

from automap.spec.plugins import find_plugins, load_plugin
from automap.testing import check_encoder, check_fusion


@pytest.mark.parametrize("name", find_plugins("automap.encoders"))
def test_encoders(name):
    check_encoder(load_plugin("automap.encoders", name)())


@pytest.mark.parametrize("name", find_plugins("automap.fusions"))
def test_fusions(name):
    check_fusion(load_plugin("automap.fusions", name)())
