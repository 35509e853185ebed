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
from OsteoScreenLib.mrml.requirements import read_requirements

OF_SLICER = {"slicer", "qt", "ctk", "vtk"}
SLICERS_OWN = {"numpy", "simpleitk", "vtk", "torch"}


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "OsteoScreen"


@pytest.fixture(scope="module")
def code(folder: Path) -> ast.Module:
    return ast.parse((folder / "OsteoScreen.py").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def form(folder: Path) -> ElementTree.Element:
    return ElementTree.parse(folder / "Resources" / "UI" / "OsteoScreen.ui").getroot()


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


def test_every_widget_that_the_code_uses_is_in_the_form(code, form):
    used = widgets_used_in(code)
    assert {"screenButton", "cancelButton", "flagsLabel", "measuresTableView"} <= used
    assert used <= widgets_in(form).keys()


def test_the_names_in_the_form_are_unique(form):
    names = [widget.attrib["name"] for widget in form.iter("widget")]
    assert len(names) == len(set(names))


def test_every_parameter_of_the_form_is_a_field_of_the_parameter_node_and_the_other_way_round(code, form):
    bound = {
        widget.attrib["name"]: element.findtext("string")
        for widget in form.iter("widget")
        for element in widget.findall("property")
        if element.attrib["name"] == "SlicerParameterName"
    }
    node = class_named(code, "OsteoScreenParameterNode")
    fields = {entry.target.id for entry in node.body if isinstance(entry, ast.AnnAssign)}
    assert set(bound.values()) == fields
    assert len(bound) == len(fields)
    assert [ast.unparse(decorator) for decorator in node.decorator_list] == ["parameterNodeWrapper"]


def test_a_selector_offers_the_node_class_that_its_parameter_holds(code, form):
    node = class_named(code, "OsteoScreenParameterNode")
    types = {entry.target.id: ast.unparse(entry.annotation) for entry in node.body if isinstance(entry, ast.AnnAssign)}
    for widget in form.iter("widget"):
        properties = {element.attrib["name"]: element for element in widget.findall("property")}
        if "SlicerParameterName" in properties:
            offered = [entry.text for entry in properties["nodeTypes"].iter("string")]
            assert offered == [types[properties["SlicerParameterName"].findtext("string")]]


def test_every_widget_that_needs_the_scene_gets_it(form):
    connected = {
        connection.findtext("receiver")
        for connection in form.iter("connection")
        if connection.findtext("sender") == "OsteoScreen"
        and connection.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)"
        and connection.findtext("slot") == "setMRMLScene(vtkMRMLScene*)"
    }
    of_mrml = {name for name, kind in widgets_in(form).items() if kind.startswith("qMRML") and name != "OsteoScreen"}
    assert connected == of_mrml
    assert form.find("widget").attrib == {"class": "qMRMLWidget", "name": "OsteoScreen"}


def test_every_class_that_is_not_qts_own_is_declared_in_the_form(form):
    declared = {entry.findtext("class") for entry in form.iter("customwidget")}
    assert {kind for kind in widgets_in(form).values() if not kind.startswith("Q")} == declared


def test_the_panel_says_that_it_is_for_research_only(form):
    notice = next(widget for widget in form.iter("widget") if widget.attrib["name"] == "noticeLabel")
    assert "research use only" in notice.findtext("property/string")


def test_every_handler_that_is_connected_exists(code):
    widget = class_named(code, "OsteoScreenWidget")
    methods = {entry.name for entry in widget.body if isinstance(entry, ast.FunctionDef)}
    handlers = {
        argument.attr
        for call in ast.walk(widget)
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("connect", "addObserver", "removeObserver")
        for argument in call.args
        if isinstance(argument, ast.Attribute) and getattr(argument.value, "id", "") == "self" and argument.attr != "ui"
    }
    handlers.discard("_parameterNode")
    buttons = {f"on{name}Button" for name in ("Screen", "Check", "Rescore", "Export", "Cancel")}
    assert buttons | {"onTimer", "updatePanel", "onSceneStartClose", "onSceneEndClose"} == handlers
    assert handlers <= methods


def test_there_are_words_for_every_light_and_for_none(code):
    function = next(node for node in code.body if isinstance(node, ast.FunctionDef) and node.name == "lightText")
    texts = next(node for node in ast.walk(function) if isinstance(node, ast.Dict))
    assert {key.value for key in texts.keys} == {"", *LIGHTS.values()}


def test_the_classes_that_slicer_looks_for_are_there(code):
    names = {node.name for node in code.body if isinstance(node, ast.ClassDef)}
    assert {"OsteoScreen", "OsteoScreenWidget", "OsteoScreenLogic", "OsteoScreenTest"} <= names


def test_the_module_is_thin(folder, code):
    assert len((folder / "OsteoScreen.py").read_text(encoding="utf-8").splitlines()) < 400
    arithmetic = (ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod)
    sums = [node for node in ast.walk(code) if isinstance(node, ast.BinOp) and isinstance(node.op, arithmetic)]
    assert sums == []


def test_the_file_imports_only_slicer_the_library_and_the_standard_library(code):
    imported = set()
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported - OF_SLICER - sys.stdlib_module_names == {"OsteoScreenLib"}


def test_every_resource_that_the_code_names_exists(folder, code):
    named = {
        call.args[0].value
        for call in ast.walk(code)
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "resourcePath"
    }
    assert named == {"UI/OsteoScreen.ui", "requirements.txt"}
    assert all((folder / "Resources" / name).is_file() for name in named)


def test_every_requirement_has_a_lower_bound_only_and_none_is_slicers_own(folder):
    requirements = read_requirements(folder / "Resources" / "requirements.txt")
    assert requirements
    for requirement in requirements:
        match = re.fullmatch(r"(?P<name>[A-Za-z0-9._-]+)>=\d+(\.\d+)*", requirement)
        assert match, f"{requirement} is not a name with a lower bound"
        assert match["name"].lower() not in SLICERS_OWN


def test_the_requirements_agree_with_those_of_the_library(folder, repository):
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    for requirement in read_requirements(folder / "Resources" / "requirements.txt"):
        assert f'"{requirement},' in project


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
heavy -= set(sys.stdlib_module_names) | {"numpy", "OsteoScreen", "OsteoScreenLib"}
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
