"""What the Extensions Index reads from CMakeLists.txt with regular expressions, and what lies beside it."""

import re
from urllib.parse import urlparse

import pytest

ONE_QUOTED_STRING = r'^set\({name} "(?P<value>[^"\n]*)"\)$'
VARIABLES = ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS")
OUR_FILES = "https://raw.githubusercontent.com/OsteoScreen/SlicerOsteoScreen/main/"


def value_of(text, variable):
    """Value of a variable that is set once, on one line, to one quoted string; None otherwise."""
    name = f"EXTENSION_{variable}"
    if text.count(f"set({name}") != 1:
        return None
    match = re.search(ONE_QUOTED_STRING.format(name=name), text, re.MULTILINE)
    return match and match["value"]


@pytest.fixture
def cmake_text(repository):
    return (repository / "CMakeLists.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_extension_variable_is_one_quoted_string(cmake_text, variable):
    assert value_of(cmake_text, variable)


@pytest.mark.parametrize(
    "text",
    [
        "set(EXTENSION_ICONURL https://example.org/icon.png)",
        'set(EXTENSION_ICONURL "https://example.org/a.png" "https://example.org/b.png")',
        'set(EXTENSION_ICONURL "https://example.org/\nicon.png")',
        'set(EXTENSION_ICONURL "a")\nset(EXTENSION_ICONURL "b")',
    ],
)
def test_a_variable_that_is_not_one_quoted_string_is_found(text):
    assert value_of(text, "ICONURL") is None


def test_the_project_has_the_name_of_the_catalog_entry(cmake_text, repository):
    name = re.search(r"^project\((\w+)\)$", cmake_text, re.MULTILINE)[1]
    assert (repository / f"{name}.json").is_file()


@pytest.mark.parametrize("variable", ["ICONURL", "SCREENSHOTURLS"])
def test_pictures_are_bitmaps_that_lie_in_this_repository(cmake_text, repository, variable):
    for url in value_of(cmake_text, variable).split():
        assert url.startswith(OUR_FILES)
        path = repository / url.removeprefix(OUR_FILES)
        assert path.suffix in {".png", ".jpeg", ".jpg", ".gif"}
        start = path.read_bytes()[:8]
        assert start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")), path


def test_the_homepage_is_the_repository_of_the_catalog_entry(cmake_text, repository):
    homepage = urlparse(value_of(cmake_text, "HOMEPAGE"))
    assert homepage.scheme == "https"
    assert homepage.geturl() in (repository / "OsteoScreen.json").read_text()


def test_the_licence_is_the_whole_apache_licence(repository):
    text = (repository / "LICENSE.txt").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "9. Accepting Warranty or Additional Liability." in text
    assert "END OF TERMS AND CONDITIONS" in text
