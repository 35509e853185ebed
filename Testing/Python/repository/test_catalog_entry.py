"""OsteoScreen.json is what the Extensions Index accepts."""

import json
from pathlib import PurePosixPath
from urllib.parse import urlparse

import jsonschema
import pytest
from repository.catalog_entry import SCHEMA


@pytest.fixture
def entry(repository):
    return json.loads((repository / "OsteoScreen.json").read_text(encoding="utf-8"))


def test_our_catalog_entry_is_accepted(entry):
    jsonschema.Draft7Validator(SCHEMA).validate(entry)


@pytest.mark.parametrize(
    "change",
    [
        {"tier": 0},
        {"tier": 6},
        {"tier": "1"},
        {"scm_url": "git@github.com:OsteoScreen/SlicerOsteoScreen.git"},
        {"scm_type": "svn"},
        {"build_dependencies": "PyTorch"},
        {"enabled": "yes"},
        {"homepage": "https://github.com/OsteoScreen/SlicerOsteoScreen"},
        {"$schema": "https://json-schema.org/draft-07/schema#"},
    ],
    ids=str,
)
def test_an_entry_with_one_wrong_value_is_refused(entry, change):
    assert not jsonschema.Draft7Validator(SCHEMA).is_valid({**entry, **change})


@pytest.mark.parametrize("key", ["$schema", "category", "scm_url"])
def test_an_entry_without_a_required_key_is_refused(entry, key):
    del entry[key]
    assert not jsonschema.Draft7Validator(SCHEMA).is_valid(entry)


def test_the_repository_is_named_as_the_index_asks(entry):
    name = PurePosixPath(urlparse(entry["scm_url"]).path).stem
    assert name.startswith(("Slicer", "SlicerExtension-"))


def test_the_extension_is_not_named_after_slicer(repository):
    names = [path.stem for path in repository.glob("*.json")]
    assert names == ["OsteoScreen"]
    assert not names[0].startswith("Slicer")
