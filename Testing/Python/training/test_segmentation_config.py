"""The configuration: what it may say, and that nothing is misread in silence."""

from __future__ import annotations

import json

import pytest

from OsteoScreenLib.errors import UsageError

pytestmark = pytest.mark.needs_module("torch")


def written(tmp_path, change=lambda data: None):
    from OsteoScreenLib.training.segmentation_config import DEFAULT_CONFIG

    data = json.loads(DEFAULT_CONFIG.read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_the_shipped_configuration_is_read_and_holds_out_the_test_hips():
    from OsteoScreenLib.training.segmentation_config import read_config

    config = read_config()
    assert set(config.stages) == {"coarse", "fine"}
    assert {"STS_036", "STS_040"} <= set(config.held_out)


def test_a_stage_comes_back_from_its_plain_form_as_it_was():
    from OsteoScreenLib.training.segmentation_config import StageConfig, read_config

    for stage in read_config().stages.values():
        assert StageConfig.from_dict(json.loads(json.dumps(stage.to_dict()))) == stage


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rat", 1.0),
        ("patch_zyx", [40, 64, 64]),
        ("patch_zyx", [64, 64]),
        ("patch_zyx", "64"),
        ("spacing_mm", 0),
        ("hu_window", [100, -100]),
        ("hu_window", [100]),
        ("iterations", 0),
        ("base_channels", 2),
        ("real_share", 1.5),
        ("label_map_share", -0.1),
        ("ema", 1.0),
        ("learning_rate", "fast"),
        ("warm_up", 0),
        ("patches_per_step", 0),
        ("simulation_mm", -1),
        ("seed", -1),
    ],
)
def test_what_cannot_be_trained_is_refused(name, value):
    from OsteoScreenLib.training.segmentation_config import StageConfig

    good = {"spacing_mm": 4.0, "patch_zyx": [64, 64, 64]}
    StageConfig.from_dict(good)
    with pytest.raises(UsageError):
        StageConfig.from_dict({**good, name: value})


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["stages"].update(middle=data["stages"]["fine"]),
        lambda data: data.pop("stages"),
        lambda data: data.pop("held_out"),
        lambda data: data.pop("card"),
        lambda data: data["stages"]["fine"].update(learning_rat=1),
    ],
)
def test_a_file_with_slips_is_refused(tmp_path, change):
    from OsteoScreenLib.training.segmentation_config import read_config

    read_config(written(tmp_path))
    with pytest.raises(UsageError):
        read_config(written(tmp_path, change))


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text):
    from OsteoScreenLib.training.segmentation_config import read_config

    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        read_config(tmp_path / "config.json")
