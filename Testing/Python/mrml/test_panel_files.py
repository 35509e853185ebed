"""What can be said of the panel without opening it: its files fit together, and opening it imports nothing heavy."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from OsteoScreenLib.mrml.flags_table import LIGHTS
from OsteoScreenLib.mrml.requirements import package_name, read_requirements
from OsteoScreenLib.training.packages import NEEDED

OF_SLICER = {
    "slicer",
    "SampleData",
    "qt",
    "ctk",
    "vtk",
    "SegmentEditorEffects",
    "qSlicerSegmentationsEditorEffectsPythonQt",
}
SLICERS_OWN = {"numpy", "simpleitk", "vtk", "torch"}


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "OsteoScreen"


@pytest.fixture(scope="module")
def code(folder: Path) -> ast.Module:
    return parsed(folder / "OsteoScreen.py")


@pytest.fixture(scope="module")
def all_code(folder: Path) -> dict[str, ast.Module]:
    """Every Python file of the module by its name."""
    return {path.name: parsed(path) for path in sorted(folder.rglob("*.py"))}


@pytest.fixture(scope="module")
def forms(folder: Path) -> dict[str, ElementTree.Element]:
    """Every form by its file name."""
    return {path.name: ElementTree.parse(path).getroot() for path in sorted(folder.glob("Resources/UI/*.ui"))}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def class_named(code: ast.Module, name: str) -> ast.ClassDef:
    return next(node for node in code.body if isinstance(node, ast.ClassDef) and node.name == name)


def widgets_in(form: ElementTree.Element) -> dict[str, str]:
    """Class of each widget by its name."""
    return {widget.attrib["name"]: widget.attrib["class"] for widget in form.iter("widget")}


def widgets_used_in(code: ast.Module) -> set[str]:
    """Every name in an expression ``self.ui.name``."""
    return {
        node.attr
        for node in ast.walk(code)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "ui"
    }


def form_of(code: ast.Module) -> str:
    """The form that a section's file names."""
    (form,) = (
        statement.value.value
        for entry in code.body
        if isinstance(entry, ast.ClassDef)
        for statement in entry.body
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "FORM"
    )
    return form


def sections_in(all_code: dict[str, ast.Module]) -> dict[str, ast.Module]:
    return {name: code for name, code in all_code.items() if name.endswith("_section.py")}


def test_every_section_uses_only_widgets_of_its_own_form(all_code, forms):
    sections = sections_in(all_code)
    assert len(sections) >= 5
    for name, code in sections.items():
        used = widgets_used_in(code)
        assert used <= widgets_in(forms[form_of(code)]).keys(), name


def test_every_form_belongs_to_one_section_and_every_section_is_in_the_panel(all_code, forms):
    sections = sections_in(all_code)
    named = [form_of(code) for code in sections.values()]
    assert sorted([*named, "OsteoScreen.ui"]) == sorted(forms)
    shown = {
        alias.name for node in all_code["sections.py"].body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    made = {entry.name for code in sections.values() for entry in code.body if isinstance(entry, ast.ClassDef)}
    assert {name for name in made if name.endswith("Section")} == shown


def test_the_names_in_the_forms_are_unique(forms):
    names = [widget.attrib["name"] for form in forms.values() for widget in form.iter("widget")]
    assert len(names) == len(set(names))


def bound_widgets(forms: dict[str, ElementTree.Element]) -> list[tuple[ElementTree.Element, str]]:
    """(widget, parameter) of each widget that is tied to the parameter node."""
    return [
        (widget, element.findtext("string"))
        for form in forms.values()
        for widget in form.iter("widget")
        for element in widget.findall("property")
        if element.attrib["name"] == "SlicerParameterName"
    ]


def test_every_parameter_of_the_forms_is_a_field_of_the_parameter_node_and_every_node_can_be_chosen(code, forms):
    bound = [name for _, name in bound_widgets(forms)]
    node = class_named(code, "OsteoScreenParameterNode")
    types = {entry.target.id: ast.unparse(entry.annotation) for entry in node.body if isinstance(entry, ast.AnnAssign)}
    assert set(bound) <= types.keys()
    assert {name for name, kind in types.items() if kind.startswith("vtkMRML")} <= set(bound)
    assert len(bound) == len(set(bound))
    assert [ast.unparse(decorator) for decorator in node.decorator_list] == ["parameterNodeWrapper"]


def test_a_selector_offers_the_node_class_that_its_parameter_holds(code, forms):
    node = class_named(code, "OsteoScreenParameterNode")
    types = {entry.target.id: ast.unparse(entry.annotation) for entry in node.body if isinstance(entry, ast.AnnAssign)}
    for widget, name in bound_widgets(forms):
        properties = {element.attrib["name"]: element for element in widget.findall("property")}
        if "nodeTypes" in properties:
            assert [entry.text for entry in properties["nodeTypes"].iter("string")] == [types[name]]


def test_every_widget_that_needs_the_scene_gets_it_from_the_root_of_its_form(forms):
    for form in forms.values():
        root = form.find("widget").attrib
        assert root["class"] == "qMRMLWidget"
        connected = {
            connection.findtext("receiver")
            for connection in form.iter("connection")
            if connection.findtext("sender") == root["name"]
            and connection.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)"
            and connection.findtext("slot") == "setMRMLScene(vtkMRMLScene*)"
        }
        of_mrml = {name for name, kind in widgets_in(form).items() if kind.startswith("qMRML")} - {root["name"]}
        assert connected == of_mrml


def test_every_class_that_is_not_qts_own_is_declared_in_its_form(forms):
    for form in forms.values():
        declared = {entry.findtext("class") for entry in form.iter("customwidget")}
        assert {kind for kind in widgets_in(form).values() if not kind.startswith("Q")} == declared


def test_the_panel_says_that_it_is_for_research_only(forms):
    notice = next(widget for widget in forms["OsteoScreen.ui"].iter("widget") if widget.attrib["name"] == "noticeLabel")
    assert "research use only" in notice.findtext("property/string")


def test_every_handler_that_is_connected_exists(all_code):
    seen = set()
    for name, code in all_code.items():
        for entry in (entry for entry in code.body if isinstance(entry, ast.ClassDef)):
            methods = {member.name for member in entry.body if isinstance(member, ast.FunctionDef)}
            handlers = {
                argument.attr
                for call in ast.walk(entry)
                if isinstance(call, ast.Call)
                and getattr(call.func, "attr", "") in ("connect", "addObserver", "removeObserver")
                for argument in call.args
                if isinstance(argument, ast.Attribute) and getattr(argument.value, "id", "") == "self"
            } - {"_parameterNode"}
            assert handlers <= methods, name
            seen |= handlers
    assert {"onScreenButton", "onCheckButton", "onRescoreButton", "onExportButton", "onCancelButton"} <= seen
    assert {"onTimer", "updatePanel", "onSceneStartClose", "onSceneEndClose"} <= seen


def test_there_are_words_for_every_light_and_for_none(all_code):
    function = next(
        node
        for node in all_code["scan_section.py"].body
        if isinstance(node, ast.FunctionDef) and node.name == "lightText"
    )
    texts = next(node for node in ast.walk(function) if isinstance(node, ast.Dict))
    assert {key.value for key in texts.keys} == {"", *LIGHTS.values()}


def test_the_classes_that_slicer_looks_for_are_there(code):
    names = {node.name for node in code.body if isinstance(node, ast.ClassDef)}
    assert {"OsteoScreen", "OsteoScreenWidget", "OsteoScreenLogic", "OsteoScreenTest"} <= names


def test_the_module_is_thin(folder, all_code):
    arithmetic = (ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)
    for path in folder.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path.name
    for name, code in all_code.items():
        assert [n for n in ast.walk(code) if isinstance(n, ast.BinOp) and isinstance(n.op, arithmetic)] == [], name


def test_the_files_import_only_slicer_the_library_and_the_standard_library(all_code):
    imported = set()
    for code in all_code.values():
        for node in ast.walk(code):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert imported - OF_SLICER - sys.stdlib_module_names == {"OsteoScreenLib", "OsteoScreenPanel"}


def test_every_resource_that_the_code_names_exists(folder, all_code):
    named = {
        call.args[0].value
        for code in all_code.values()
        for call in ast.walk(code)
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", "") == "resourcePath"
        and isinstance(call.args[0], ast.Constant)
    }
    assert {"UI/OsteoScreen.ui", "requirements.txt"} <= named
    assert all((folder / "Resources" / name).is_file() for name in named)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-training.txt"])
def test_every_requirement_has_a_lower_bound_only_and_none_is_slicers_own(folder, name):
    requirements = read_requirements(folder / "Resources" / name)
    assert requirements
    for requirement in requirements:
        match = re.fullmatch(r"(?P<name>[A-Za-z0-9._-]+)>=\d+(\.\d+)*", requirement)
        assert match, f"{requirement} is not a name with a lower bound"
        assert match["name"].lower() not in SLICERS_OWN


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-training.txt"])
def test_the_requirements_agree_with_those_of_the_library(folder, repository, name):
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    for requirement in read_requirements(folder / "Resources" / name):
        assert f'"{requirement},' in project


def test_the_packages_of_a_training_that_are_looked_for_are_those_that_are_installed(folder):
    asked = {package_name(text) for text in read_requirements(folder / "Resources" / "requirements-training.txt")}
    assert set(NEEDED.values()) <= asked


def test_every_package_that_the_library_needs_is_slicers_own_or_a_requirement(folder, repository):
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.search(r"^dependencies = \[\n(.*?)^\]", project, re.M | re.S)
    names = {re.match(r"\s*\"([A-Za-z0-9_-]+)", line)[1].lower() for line in needed[1].splitlines()}
    asked = {package_name(text).lower() for text in read_requirements(folder / "Resources" / "requirements.txt")}
    assert {"typer", "onnxruntime"} <= names
    assert names == asked | {"numpy", "simpleitk"}


def test_the_icon_is_a_png_of_128_by_128_pixels(folder):
    header = (folder / "Resources" / "Icons" / "OsteoScreen.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(header[start : start + 4], "big") for start in (16, 20)] == [128, 128]


STAND_INS = """
import sys, types
names = ("slicer", "slicer.i18n", "slicer.parameterNodeWrapper", "slicer.ScriptedLoadableModule", "slicer.util")
names += ("qt", "vtk")
for name in names:
    sys.modules[name] = types.ModuleType(name)
slicer = sys.modules["slicer"]
slicer.vtkMRMLScalarVolumeNode = slicer.vtkMRMLSegmentationNode = slicer.vtkMRMLTableNode = object
sys.modules["slicer.i18n"].tr = str
sys.modules["slicer.i18n"].translate = lambda context, text: text
sys.modules["slicer.parameterNodeWrapper"].parameterNodeWrapper = lambda cls: cls
sys.modules["slicer.util"].VTKObservationMixin = type("VTKObservationMixin", (), {})
for suffix in ("", "Logic", "Test", "Widget"):
    name = "ScriptedLoadableModule" + suffix
    setattr(sys.modules["slicer.ScriptedLoadableModule"], name, type(name, (), {}))
sys.path[:0] = [FOLDER]
before = set(sys.modules)
import OsteoScreen, OsteoScreenLib
heavy = {name.split(".")[0] for name in set(sys.modules) - before}
heavy -= set(sys.stdlib_module_names) | {"numpy", "OsteoScreen", "OsteoScreenLib", "OsteoScreenPanel"}
assert not heavy, heavy
print(OsteoScreenLib.__path__[0])
"""


def library_found_from(folder: Path) -> Path:
    """Where a fresh interpreter finds the library when the module in a folder is imported, Slicer being empty names."""
    program = STAND_INS.replace("FOLDER", repr(str(folder)))
    ran = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, cwd=folder.anchor)
    assert ran.returncode == 0, ran.stderr
    return Path(ran.stdout.strip())


def test_in_a_checkout_the_module_finds_the_library_one_folder_higher(folder, repository, tmp_path):
    shutil.copytree(folder, tmp_path / "OsteoScreen", ignore=shutil.ignore_patterns("__pycache__"))
    copy_library(repository, tmp_path)
    assert library_found_from(tmp_path / "OsteoScreen") == tmp_path / "OsteoScreenLib"


def test_installed_the_module_takes_the_library_beside_it(folder, repository, tmp_path):
    installed = tmp_path / "qt-scripted-modules"
    shutil.copytree(folder, installed, ignore=shutil.ignore_patterns("__pycache__"))
    copy_library(repository, installed)
    decoy = tmp_path / "OsteoScreenLib"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("raise RuntimeError('the wrong library')", encoding="utf-8")
    assert library_found_from(installed) == installed / "OsteoScreenLib"


def copy_library(repository: Path, target: Path) -> None:
    shutil.copytree(
        repository / "OsteoScreenLib", target / "OsteoScreenLib", ignore=shutil.ignore_patterns("__pycache__")
    )
