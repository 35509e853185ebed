"""The extension configures, builds and installs under CMake, with stand-ins for what Slicer brings.

Only Slicer itself can prove its own macros. What is proved here: the syntax, the lists, and that the library ends up
beside the module, importable.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from factory.bundles import make_bundle

from OsteoScreenLib.models.bundle import load_bundle

SLICER_CONFIG = """
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR lib/qt-scripted-modules)
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR lib/qt-scripted-modules)
foreach(name USE_FILE EXTENSION_GENERATE_CONFIG EXTENSION_CPACK)
  set(Slicer_${name} ${CMAKE_CURRENT_LIST_DIR}/empty.cmake)
endforeach()

macro(ctkMacroCompilePythonScript)
  cmake_parse_arguments(_ctk "NO_INSTALL_SUBDIR" "TARGET_NAME;DESTINATION_DIR;INSTALL_DIR" "SCRIPTS;RESOURCES" ${ARGN})
  set(_target ${_ctk_INSTALL_DIR})
  if(NOT _ctk_NO_INSTALL_SUBDIR)
    get_filename_component(_name ${_ctk_DESTINATION_DIR} NAME)
    set(_target ${_ctk_INSTALL_DIR}/${_name})
  endif()
  foreach(_file IN LISTS _ctk_SCRIPTS _ctk_RESOURCES)
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${_file})
      message(FATAL_ERROR "nonexistent file ${_file}")
    endif()
    get_filename_component(_folder ${_file} DIRECTORY)
    install(FILES ${_file} DESTINATION ${_target}/${_folder})
  endforeach()
endmacro()

macro(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(_module "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(_module_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "unknown arguments ${_module_UNPARSED_ARGUMENTS}")
  endif()
  ctkMacroCompilePythonScript(
    TARGET_NAME ${_module_NAME}
    SCRIPTS "${_module_SCRIPTS}"
    RESOURCES "${_module_RESOURCES}"
    DESTINATION_DIR ${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}
    INSTALL_DIR ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}
    NO_INSTALL_SUBDIR
    )
endmacro()

function(slicer_add_python_unittest)
  cmake_parse_arguments(_test "" "SCRIPT" "" ${ARGN})
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${_test_SCRIPT})
    message(FATAL_ERROR "nonexistent test ${_test_SCRIPT}")
  endif()
endfunction()
"""


def cmake(*arguments):
    """Run the CMake of this environment."""
    beside_python = Path(sys.executable).parent / "cmake"
    program = shutil.which("cmake", path=str(beside_python.parent)) or "cmake"
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture
def source(repository, tmp_path):
    """A copy of the extension's sources that asks for no compiler: there is nothing to compile."""
    copy = tmp_path / "source"
    copy.mkdir()
    for folder in ("OsteoScreen", "OsteoScreenLib"):
        shutil.copytree(repository / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (repository / "CMakeLists.txt").read_text()
    changed = re.sub(r"^project\(OsteoScreen\)$", "project(OsteoScreen NONE)", text, flags=re.MULTILINE)
    assert changed != text
    (copy / "CMakeLists.txt").write_text(changed)
    stand_in = tmp_path / "slicer"
    stand_in.mkdir()
    (stand_in / "SlicerConfig.cmake").write_text(SLICER_CONFIG)
    (stand_in / "empty.cmake").touch()
    return copy


def configure(source):
    return cmake(
        "-S", source, "-B", source.parent / "build", f"-DSlicer_DIR={source.parent / 'slicer'}", "-DBUILD_TESTING=ON"
    )


@pytest.mark.needs_module("cmake")
def test_the_library_is_installed_beside_the_module_and_can_be_imported(source, repository):
    done = configure(source)
    assert done.returncode == 0, done.stderr
    target = source.parent / "installed"
    done = cmake("--install", source.parent / "build", "--prefix", target)
    assert done.returncode == 0, done.stderr
    modules = target / "lib" / "qt-scripted-modules"
    assert (modules / "OsteoScreen.py").is_file()
    code = "import OsteoScreenLib.result.case_result, OsteoScreenLib as lib; print(lib.__file__)"
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = sys.argv[1:]; {code}", modules,
                           *[p for p in sys.path if "site-packages" in p]], capture_output=True, text=True, check=False,
                          cwd=target)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == modules / "OsteoScreenLib" / "__init__.py"


@pytest.mark.needs_module("cmake")
def test_shipped_models_are_installed_where_the_library_looks_for_them(source):
    bundle = make_bundle(source / "Resources" / "Models" / "small-net-0.1.0")
    done = configure(source)
    assert done.returncode == 0, done.stderr
    build, target = source.parent / "build", source.parent / "installed"
    done = cmake("--install", build, "--prefix", target)
    assert done.returncode == 0, done.stderr
    for place in (build, target):
        models = place / "lib" / "qt-scripted-modules" / "OsteoScreenLib" / "Resources" / "Models"
        assert load_bundle(models / "small-net-0.1.0").sha256 == bundle.sha256
    library = target / "lib" / "qt-scripted-modules" / "OsteoScreenLib"
    code = "import sys; sys.path.insert(0, sys.argv[1]); from OsteoScreenLib.models.places import shipped_folder as f"
    command = [sys.executable, "-c", f"{code}; print(f())", library.parent]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=target)
    assert Path(done.stdout.strip()) == library / "Resources" / "Models"


@pytest.mark.needs_module("cmake")
def test_cmake_stops_where_a_listed_file_is_absent(source):
    (source / "OsteoScreenLib" / "errors.py").unlink()
    done = configure(source)
    assert done.returncode != 0
    assert "nonexistent file errors.py" in done.stderr
