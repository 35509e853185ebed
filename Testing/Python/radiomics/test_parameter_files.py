from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from factory.radiomics_cases import CASES, formula_image, formula_mask, parameters

from OsteoScreenLib.errors import MissingPackageError, UsageError
from OsteoScreenLib.radiomics.extraction import extract
from OsteoScreenLib.radiomics.settings import Settings
from OsteoScreenLib.radiomics.settings_file import SHIPPED, load_settings

LIKE_PYRADIOMICS_EXAMPLE = """
# a comment
imageType:
  Original: {}
  LoG:
    sigma: [1.0, 2.0]
  Wavelet:
    binWidth: 10
featureClass:
  shape:
  firstorder: []
  glcm:
    - 'Autocorrelation'
    - 'SumSquares'
setting:
  binWidth: 25
  resampledPixelSpacing:
  weightingNorm:
  geometryTolerance: 0.0001
  label: 3
"""


def written(folder: Path, text: str, name: str = "params.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_in_pyradiomics_own_style_is_read(tmp_path):
    settings = load_settings(written(tmp_path, LIKE_PYRADIOMICS_EXAMPLE))

    assert list(settings.image_types) == ["Original", "LoG", "Wavelet"]
    assert settings.of_image_type("Wavelet")["binWidth"] == 10
    assert settings.of_image_type("LoG")["binWidth"] == 25
    assert settings.feature_classes["shape"] is None
    assert settings.features("glcm") == ("Autocorrelation", "SumSquares")
    assert settings.values["resampledPixelSpacing"] is None
    assert settings.named_label == 3


@pytest.mark.parametrize("name", CASES)
def test_yaml_json_and_dictionary_say_the_same(tmp_path, name):
    yaml = pytest.importorskip("yaml")
    data = parameters(name)

    from_json = load_settings(written(tmp_path, json.dumps(data), "a.json"))
    from_yaml = load_settings(written(tmp_path, yaml.safe_dump(data, sort_keys=False), "a.yml"))

    assert from_json == from_yaml == Settings.from_dict(data)


@pytest.mark.parametrize(
    ("data", "named", "advice"),
    [
        ({"settings": {}}, "settings", "Did you mean setting?"),
        ({"setting": {"binwidth": 25}}, "binwidth", "Did you mean binWidth?"),
        ({"setting": {"colour": "red"}}, "colour", "Known are"),
        ({"imageType": {"Orignal": {}}}, "Orignal", "Did you mean Original?"),
        ({"imageType": {"LoG": {"sigmas": [1]}}}, "sigmas", "Did you mean sigma?"),
        ({"imageType": {"LoG": {"correctMask": True}}}, "correctMask", "Known are"),
        ({"featureClass": {"glcmm": None}}, "glcmm", "Did you mean glcm?"),
        ({"featureClass": {"glcm": ["Contrst"]}}, "Contrst", "Did you mean Contrast?"),
        ({"voxelSetting": {"kernelradius": 1}}, "kernelradius", "Did you mean kernelRadius?"),
    ],
)
def test_an_unknown_key_is_refused_by_its_name(data, named, advice):
    with pytest.raises(UsageError) as caught:
        Settings.from_dict(data)

    assert caught.value.code == "unknown_setting"
    assert f"{named} is not a known" in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "setting",
    [
        {"binWidth": 0},
        {"binWidth": "25"},
        {"binWidth": float("nan")},
        {"binCount": 2.5},
        {"force2D": 1},
        {"force2Ddimension": 3},
        {"distances": []},
        {"distances": [0]},
        {"resampledPixelSpacing": [1, 1]},
        {"resampledPixelSpacing": [1, 1, -1]},
        {"resegmentRange": [1, 2, 3]},
        {"resegmentMode": "best"},
        {"weightingNorm": "maximum"},
        {"interpolator": "sitkCubic"},
        {"interpolator": True},
        {"wavelet": "coif99"},
        {"minimumROIDimensions": 4},
        {"label": 0},
        {"label": True},
    ],
)
def test_a_value_that_is_not_right_is_refused_with_what_it_must_be(setting):
    with pytest.raises(UsageError, match=r"it (must|is a list)") as caught:
        Settings.from_dict({"setting": setting})
    assert next(iter(setting)) in str(caught.value)


@pytest.mark.parametrize("name", ["LBP2D", "LBP3D"])
def test_local_binary_patterns_are_refused_by_name(name):
    with pytest.raises(UsageError, match=name) as caught:
        Settings.from_dict({"imageType": {"Original": {}, name: {}}})
    assert caught.value.code == "unsupported_image_type"


def test_a_mask_channel_is_refused_and_channel_0_is_what_every_mask_has():
    assert Settings.from_dict({"setting": {"label_channel": 0}}).values["label_channel"] == 0
    with pytest.raises(UsageError, match="label_channel"):
        Settings.from_dict({"setting": {"label_channel": 1}})


def test_what_has_no_effect_is_said():
    data = {"voxelSetting": {"kernelRadius": 2}, "featureClass": {"glcm": ["Dissimilarity", "Contrast"]}}

    settings = Settings.from_dict(data)

    assert len(settings.notes) == 2
    assert settings.features("glcm") == ("Contrast",)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("setting: [unclosed", "a.yaml", "not YAML"),
        ("{", "a.json", "not JSON"),
        ("- a\n- b", "a.yaml", "not a mapping"),
        ("", "a.yaml", "not a mapping"),
        ("setting: 7", "a.yaml", "not a mapping"),
        ("setting:\n  binWidth: 5\n  binWidth: 6", "a.yaml", "given twice"),
        ("a: &a [1, 1]\nb: *a", "a.yaml", "aliases"),
        ("setting: !!python/object/apply:os.system ['echo']", "a.yaml", "not YAML"),
        ("setting: " + "[" * 5000, "a.yaml", "not YAML"),
        ("[" * 100000, "a.json", "not JSON"),
    ],
)
def test_a_file_that_holds_no_parameters_is_refused_and_nothing_in_it_runs(tmp_path, text, name, said):
    with pytest.raises(UsageError, match=said) as caught:
        load_settings(written(tmp_path, text, name))
    assert caught.value.path is not None


def test_a_file_that_is_absent_too_large_or_not_text_is_refused(tmp_path):
    (tmp_path / "large.yaml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    for name in ("large.yaml", "binary.yaml", "absent.yaml"):
        with pytest.raises(UsageError):
            load_settings(tmp_path / name)


@pytest.mark.parametrize(("name", "features"), [("femur", 107 + 2 * 93), ("paper", 1130)])
def test_the_shipped_parameters_are_known_by_name_and_give_as_many_features_as_they_say(name, features):
    settings = load_settings(name)
    voxels = {"resampledPixelSpacing": [3, 3, 3], "minimumROISize": None}
    coarse = Settings({**settings.values, **voxels}, settings.image_types, settings.feature_classes)

    row = extract(formula_image(), formula_mask(), coarse, labels=[2]).rows[0]

    assert settings.named_label is None
    assert len(row.features) == features


@pytest.mark.parametrize(
    ("module", "text"), [("yaml", "setting: {}"), ("pywt", '{"imageType": {"Wavelet": {"wavelet": "haar"}}}')]
)
def test_a_missing_package_is_named_with_how_to_install_it(tmp_path, monkeypatch, module, text):
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingPackageError, match="pip install Py"):
        load_settings(written(tmp_path, text, "a.json" if module == "pywt" else "a.yaml"))


def test_without_yaml_and_wavelets_the_defaults_still_give_their_features(monkeypatch):
    for module in ("yaml", "pywt", "threadpoolctl"):
        monkeypatch.setitem(sys.modules, module, None)

    assert len(extract(formula_image(), formula_mask(), labels=[2]).rows[0].features) == 107


def test_every_shipped_file_has_a_test():
    assert {file.stem for file in SHIPPED.iterdir()} == {"femur", "paper"}


def test_settings_survive_the_way_through_their_own_dictionary():
    settings = Settings.from_dict(parameters("filters_at_1_mm"))

    assert Settings.from_dict(settings.to_dict()) == settings


@pytest.mark.beside("radiomics.featureextractor", "PyRadiomics")
@pytest.mark.parametrize("name", ["femur", "paper"])
def test_pyradiomics_accepts_the_shipped_parameters_as_they_are(name):
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    assert RadiomicsFeatureExtractor(str(SHIPPED / f"{name}.yaml")).settings["binWidth"] == 25
