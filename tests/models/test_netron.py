"""Netron draws an exported network."""

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait
from support.candidates import TINY, candidate
from support.infos import data_info

from automap.training.build import build_network


@pytest.mark.slow
def test_netron_draws_an_onnx_file(tmp_path):
    import netron

    from automap.models.export.onnx_file import OnnxExporter

    network = build_network(candidate(TINY), data_info("label", classes=("a", "b"), class_counts=(1, 1)))
    artifact = OnnxExporter().export(network, "{}", tmp_path)
    address = netron.start(str(artifact), address=("127.0.0.1", 0), browse=False)
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        browser.get(f"http://{address[0]}:{address[1]}")
        # Without a network, Netron cannot tell the country, and asks before it shows anything.
        accept = WebDriverWait(browser, 60).until(lambda page: _shown(page, "button", "Accept"))
        accept[0].click()
        assert WebDriverWait(browser, 60).until(lambda page: _shown(page, "svg text", "Conv"))
        assert _shown(browser, "svg text", "image")
    finally:
        browser.quit()
        netron.stop(address)


def _shown(page, selector, text):
    return [each for each in page.find_elements("css selector", selector) if text in each.text and each.is_displayed()]
