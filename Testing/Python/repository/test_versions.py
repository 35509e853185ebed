"""One version, said in one place and told everywhere."""

import re

import OsteoScreenLib


def test_the_package_takes_its_version_from_the_library(repository):
    text = (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert 'version = { attr = "OsteoScreenLib.__version__" }' in text
    assert not re.search(r'^version = "', text, re.MULTILINE)


def test_the_newest_entry_of_the_changelog_is_this_version(repository):
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", text, re.MULTILINE)
    assert versions[0] == OsteoScreenLib.__version__


def test_every_pin_is_exact_and_names_no_host(repository):
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 20
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin)] == []
