"""Every word that the panel's code shows can be translated, and so can every word of its forms."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

TRANSLATORS = {"_": 0, "translate": 1}
"""Functions that look a text up, and which of their arguments it is."""

NO_WORDS = {
    *("connect", "addObserver", "AddNewNodeByClass", "getAttribute", "IsA", "getLogger", "strip", "join"),
    *("parameter", "setParameter", "setParameterDefault", "integerParameter", "doubleParameter"),
    *("debug", "info", "warning", "error", "exception"),
}
"""Functions whose texts no user reads: signals, classes, attributes, parameters of an effect, the log."""

WORDS = re.compile(r"[^\W\d_]{2,}[.,:;!?]? +\S|^[A-Z][a-z]+[.!?:]?$|[a-z]{2,}\.$")
"""A text with two words, one capitalised word, or the end of a sentence."""

NAMES = frozenset(
    {
        *("OsteoScreen", "The OsteoScreen developers", "ONNX Runtime", "Segmentations"),
        *("Paint", "Draw", "Erase", "Threshold", "Islands", "Smoothing", "Margin", "Scissors", "Logical operators"),
    }
)
"""Names stay as they are in every language; also those by which Slicer knows its modules and effects."""


def untranslated(source: str) -> list[str]:
    """Texts of a module that look like words and reach the user as they stand."""
    tree = ast.parse(source)
    fine = docstrings(tree) | texts_in_calls(tree) | paths_and_styles(tree)
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    shown = [node.value for node in texts if id(node) not in fine and node.value not in NAMES]
    return [text for text in shown if WORDS.search(text)]


def docstrings(tree: ast.Module) -> set[int]:
    """Texts that stand alone: of modules, classes, functions and attributes."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def texts_in_calls(tree: ast.Module) -> set[int]:
    """Texts that are looked up, and those that no user reads."""
    fine: set[int] = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name in TRANSLATORS and len(call.args) > TRANSLATORS[name]:
            fine |= {id(argument) for argument in call.args}
        elif name in NO_WORDS or name.endswith(("Error", "Exception")):
            fine |= {id(node) for argument in call.args for node in ast.walk(argument)}
    return fine


def paths_and_styles(tree: ast.Module) -> set[int]:
    """Parts of paths, put together by a slash, and style sheets."""
    fine: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            fine |= {id(side) for side in (node.left, node.right)}
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") == "styleSheet":
            fine |= {id(part) for part in ast.walk(node.value)}
    return fine


def not_plain(source: str) -> list[str]:
    """Arguments of a translator that are no plain text, so that no translator ever sees what is looked up."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", "")
        if name in TRANSLATORS:
            text = call.args[TRANSLATORS[name]]
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
                found.append(ast.unparse(call))
    return found


def texts_of_form(form: ElementTree.Element) -> tuple[list[str], list[str]]:
    """Words that Slicer translates, and words that it is told to leave alone."""
    strings = [entry for entry in form.iter("string") if entry.text and re.search(r"[^\W\d_]", entry.text)]
    left_alone = [entry.text for entry in strings if entry.get("notr") == "true"]
    left_alone += [
        entry.text for group in form.iter("stringlist") if group.get("notr") == "true" for entry in group.iter("string")
    ]
    return [entry.text for entry in strings if entry.text not in left_alone], left_alone


@pytest.fixture(scope="module")
def sources(repository: Path) -> dict[str, str]:
    folder = repository / "OsteoScreen"
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}


def test_every_word_in_the_panels_code_is_looked_up(sources):
    assert len(sources) > 10
    assert {name: found for name, source in sources.items() if (found := untranslated(source))} == {}


def test_what_is_looked_up_is_a_plain_text(sources):
    assert {name: found for name, source in sources.items() if (found := not_plain(source))} == {}


@pytest.mark.parametrize(
    "code",
    [
        'label.text = "Not yet checked."',
        'button.text = "Start"',
        'errorDisplay(f"The file {name} is gone")',
        'say("done here")',
        'texts = {"a": "two words"}',
        'label.setText("Ready:")',
    ],
)
def test_a_word_that_is_not_looked_up_is_found(code):
    assert len(untranslated(code)) >= 1


@pytest.mark.parametrize(
    "code",
    [
        '"""What this is."""',
        'label.text = _("Not yet checked.")',
        'label.text = _("{n} cases").format(n=3)',
        'categories = [translate("Core", "Quantification")]',
        'button.connect("clicked(bool)", f)',
        'ui.resourcePath("UI/Scan.ui")',
        'light = "green"',
        'raise ValueError("for a programmer")',
        'logger.warning("for a programmer")',
        'path = folder / "Resources" / "Icons"',
        'label.styleSheet = "font-weight: bold"',
    ],
)
def test_what_is_looked_up_or_no_word_is_not_found(code):
    assert untranslated(code) == []


def test_a_text_that_is_put_together_before_it_is_looked_up_is_found():
    assert len(not_plain('_(f"{n} cases")')) == 1
    assert len(not_plain('_("one " + name)')) == 1
    assert not_plain('_("one case").format(n=1)') == []


def test_the_words_of_the_forms_are_left_to_slicers_translation_and_names_are_not(repository):
    forms = sorted((repository / "OsteoScreen" / "Resources" / "UI").glob("*.ui"))
    assert len(forms) >= 8
    for path in forms:
        words, names = texts_of_form(ElementTree.parse(path).getroot())
        assert not [name for name in names if " " in name], path.name
        assert not [word for word in words if word.startswith("vtkMRML")], path.name
        assert words, path.name


def test_a_class_name_that_would_be_translated_is_seen():
    form = "<ui><stringlist><string>vtkMRMLTableNode</string></stringlist><string notr='true'>inputVolume</string></ui>"
    words, names = texts_of_form(ElementTree.fromstring(form))
    assert (words, names) == (["vtkMRMLTableNode"], ["inputVolume"])
