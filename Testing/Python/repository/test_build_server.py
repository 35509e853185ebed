"""A test that says what it needs is skipped at home and fails on a build server; absent shared data only skip."""

import os
import re
import runpy

import pytest

TESTS = """
    import pytest

    @pytest.mark.needs_module("a_package_nobody_has")
    def test_needs_a_package(): pass

    @pytest.mark.needs_program("a-program-nobody-has", "nobody-has")
    def test_needs_a_program(): pass

    @pytest.mark.needs_library("a_library_nobody_has", "nobody-has")
    def test_needs_a_library(): pass

    @pytest.mark.needs_module("json")
    def test_has_what_it_needs(): pass

    @pytest.mark.beside("a_package.nobody_has", "Nobody's program")
    def test_compares_with_another_program(): pass

    @pytest.mark.beside("json.decoder", "Python")
    def test_compares_with_a_program_that_is_here(): pass

    def test_wants_the_shared_data(shared_data): pass

    @pytest.mark.xfail(strict=True)
    def test_is_expected_to_fail(): assert False
"""
MARKERS = (
    "[pytest]\nmarkers =\n    needs_module(name)\n    needs_program(name, package)\n    needs_library(name, package)\n"
    "    beside(module, program)\n"
)


@pytest.fixture
def outcomes(pytester, repository, monkeypatch):
    """Run the tests above, or others, under our conftest.py; returns the counts and the output."""
    pytester.makeconftest((repository / "Testing/Python/conftest.py").read_text(encoding="utf-8"))
    pytester.makefile(".ini", pytest=MARKERS)
    monkeypatch.setenv("OSTEOSCREEN_SHARED_DATA", os.fspath(pytester.path / "absent"))
    monkeypatch.setenv("PYTHONPATH", os.fspath(repository))  # our conftest.py imports the library

    def run(server, text=TESTS):
        monkeypatch.setenv("CI", server)
        pytester.makepyfile(text)
        result = pytester.runpytest_subprocess("-p", "no:xdist", "-rs")
        return result.parseoutcomes(), result.stdout.str()

    return run


def test_at_home_each_unmet_need_skips_with_its_reason(outcomes):
    counts, output = outcomes(server="")
    assert counts == {"passed": 2, "skipped": 5, "xfailed": 1}
    for words in (
        "a_package_nobody_has is not installed",
        "(package nobody-has)",
        "the shared data are absent",
        "Nobody's program",
    ):
        assert words in output


def test_on_a_build_server_each_unmet_need_fails_but_absent_shared_data_and_references_skip(outcomes):
    counts, output = outcomes(server="true")
    assert counts == {"passed": 2, "errors": 3, "skipped": 2, "xfailed": 1}
    assert "skipped on a build server: the Python package a_package_nobody_has is not installed" in output


def test_a_file_that_skips_itself_whole_is_refused_on_a_build_server(outcomes):
    text = "import pytest\npytest.importorskip('a_package_nobody_has')\ndef test_nothing(): pass\n"
    assert outcomes(server="false", text=text)[0] == {"skipped": 1}
    assert outcomes(server="true", text=text)[0] == {"errors": 1}


def test_make_test_installs_every_system_package_that_a_test_names(repository):
    marked = re.compile(r'needs_(?:program|library)\("([^"]+)", "([^"]+)"\)')
    folder = repository / "Testing/Python"
    files = (file for file in folder.rglob("test_*.py") if file.name != "test_build_server.py")
    named = {pair for file in files for pair in marked.findall(file.read_text(encoding="utf-8"))}
    listed = runpy.run_path(os.fspath(repository / "Testing/tools/system_packages.py"))["NEEDS"]
    assert ("dciodvfy", "dicom3tools") in named
    assert named - {("make", "make")} <= {(need.name, need.package) for need in listed}
