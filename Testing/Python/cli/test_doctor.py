from __future__ import annotations

import json
from dataclasses import replace
from importlib import metadata

import pytest

import OsteoScreenLib
from OsteoScreenLib.screening import environment


def test_doctor_names_every_package_with_its_version_and_purpose(osteoscreen) -> None:
    ended = osteoscreen("doctor")
    assert ended.code == 0
    for package in ("numpy", "SimpleITK", "pydicom", "Jinja2"):
        assert package in ended.out
        assert metadata.version(package) in ended.out
    assert "Ready" in ended.out
    assert "Memory" in ended.out


def test_doctor_tells_a_program_the_same(osteoscreen) -> None:
    facts = json.loads(osteoscreen("doctor", "--json").out)
    assert facts["osteoscreen"] == OsteoScreenLib.__version__
    assert facts["ready"] is True
    assert facts["temporary_free_gb"] >= 0
    assert facts["memory_gb"] is None or facts["memory_gb"] > 0
    assert {package["name"] for package in facts["packages"]} >= {"numpy", "typer"}


@pytest.mark.parametrize(("required", "code", "says"), [(True, 1, "pip install Nothing"), (False, 0, "optional")])
def test_a_missing_package_matters_only_where_it_is_required(osteoscreen, monkeypatch, required, code, says) -> None:
    absent = replace(environment.packages()[0], name="Nothing", required=required, version=None)
    monkeypatch.setattr(environment, "packages", lambda: (absent,))
    ended = osteoscreen("doctor")
    assert ended.code == code
    assert says in ended.out


def test_a_system_that_does_not_tell_its_memory_is_no_trouble(osteoscreen, monkeypatch) -> None:
    monkeypatch.setattr(environment, "_memory_bytes", lambda: None)
    ended = osteoscreen("doctor")
    assert ended.code == 0
    assert "unknown" in ended.out
