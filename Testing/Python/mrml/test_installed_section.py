"""The section What is installed: the facts of the command line's doctor, in words, collected when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from factory.host_marks import IN_THE_HOST

import OsteoScreenLib
from OsteoScreenLib.mrml import installed
from OsteoScreenLib.screening.environment_words import READY, without_home

pytestmark = IN_THE_HOST


@pytest.fixture
def facts() -> dict[str, Any]:
    """A computer where all is well."""
    package = {"name": "numpy", "purpose": "arrays", "required": True, "version": "2.0"}
    home = Path.home()
    return {
        "slicer": "5.99",
        "osteoscreen": "0.1",
        "python": "3.12",
        "platform": "Test",
        "processors": 4,
        "memory_gb": None,
        "temporary_folder": str(home / "tmp"),
        "temporary_free_gb": 3.0,
        "packages": [package, {**package, "name": "openvino", "required": False, "version": None}],
        "models": [{"id": "femur-vbnet", "version": "0.1.0", "origin": "shipped", "problem": None}],
        "models_folder": str(home / "models"),
        "engines": ["onnxruntime"],
        "engine_used": "onnxruntime",
    }


def test_opening_the_module_collects_nothing_and_opening_the_section_does(host, panel):
    with mock.patch.object(installed, "environment", wraps=installed.environment) as collect:
        assert panel.ui.installedBrowser.plainText == ""
        assert not panel.ui.copyInstalledButton.enabled
        host.pump()
        assert collect.call_count == 0
        panel.ui.installedCollapsibleButton.collapsed = False
        host.wait_until(lambda: panel.ui.copyInstalledButton.enabled)
        assert collect.call_count == 1
        panel.ui.installedCollapsibleButton.collapsed = True
        panel.ui.installedCollapsibleButton.collapsed = False
        host.pump()
        assert collect.call_count == 1
        host.click(panel.ui.refreshInstalledButton)
        host.wait_until(lambda: panel.ui.copyInstalledButton.enabled)
        assert collect.call_count == 2
    text = panel.ui.installedBrowser.plainText
    for word in ("test host", OsteoScreenLib.__version__, "SimpleITK", "reading DICOM headers"):
        assert word in text


def test_the_copied_text_says_the_same_without_the_home_folder(host, panel):
    import slicer

    panel.ui.installedCollapsibleButton.collapsed = False
    host.wait_until(lambda: panel.ui.copyInstalledButton.enabled)
    host.click(panel.ui.copyInstalledButton)
    copied = slicer.app.clipboard().text()
    assert "Slicer          test host" in copied
    assert "numpy" in copied
    assert str(Path.home()) + "/" not in copied


def test_where_all_is_well_there_is_nothing_to_do(facts):
    assert installed.advice(facts) == []
    assert READY in installed.installed_text(facts)
    assert READY in installed.installed_html(facts)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"packages": [{"name": "numpy", "purpose": "", "required": True, "version": None}]}, "pip_install('numpy')"),
        ({"packages": [{"name": "rich", "purpose": "", "required": True, "version": None}]}, "asks to install"),
        ({"engine_used": None, "engines": []}, "No engine"),
        ({"models": []}, "no model"),
        ({"models": [{"id": "x", "version": None, "origin": "user", "problem": "a file is gone"}]}, "a file is gone"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(facts, change, says):
    text = installed.installed_text({**facts, **change})
    assert says in text
    assert READY not in text


def test_no_value_is_taken_for_markup_and_the_home_folder_is_shortened(facts):
    facts["models"].append({"id": "x", "version": None, "origin": "user", "problem": "<img src=x>\x1b"})
    html = installed.installed_html(facts)
    assert "<img" not in html
    assert "\x1b" not in html
    assert str(Path.home()) not in html
    assert "~/models" in html.replace("\\", "/")


def test_only_the_home_folder_itself_is_shortened():
    home = str(Path.home())
    assert without_home(f"a {home}/x and {home}/y") == "a ~/x and ~/y"
    assert without_home(home) == "~"
    assert without_home(f"{home}2/x") == f"{home}2/x"


def test_the_packages_that_the_panel_asks_for_are_those_of_its_requirements(repository):
    from OsteoScreenLib.mrml.requirements import package_name, read_requirements

    requirements = read_requirements(repository / "OsteoScreen" / "Resources" / "requirements.txt")
    named = {package_name(requirement).lower() for requirement in requirements}
    assert {name.lower() for name in installed._PANEL_ASKS_FOR} == named
