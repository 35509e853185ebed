"""Samples from label maps: sides, ends, determinism, and what is written of them."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.phantom.label_map_cohort import make_from_label_maps
from OsteoScreenLib.phantom.label_map_reading import read_label_map
from OsteoScreenLib.phantom.label_map_source import make_from_label_map
from OsteoScreenLib.phantom.label_map_warp import draw_warp, sampled, warped
from OsteoScreenLib.phantom.labels import LABEL
from OsteoScreenLib.phantom.protocol import PROTOCOLS
from OsteoScreenLib.phantom.shapes import minus, rod, sphere, union
from OsteoScreenLib.phantom.tissue_canvas import TissueCanvas

pytestmark = [pytest.mark.needs_module("SimpleITK"), pytest.mark.needs_module("scipy")]

SHAPE, SPACING = (40, 48, 64), 5.0
HU = {"air": -1000.0, "muscle": 50.0}


@pytest.fixture(scope="module")
def map_file(tmp_path_factory):
    """A pelvis of rods and balls with the source's numbers; the left thigh is the thicker one."""
    shape, spacing = (70, 90, 160), (2.5, 2.5, 3.0)
    origin = tuple(-(n - 1) / 2 * s for n, s in zip(shape[::-1], spacing, strict=True))
    geometry = Geometry(shape, spacing, origin, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    canvas = TissueCanvas(geometry, HU)
    for side, thigh in ((1.0, 44.0), (-1.0, 36.0)):
        head, crossing = (side * 90.0, 0.0, 30.0), (side * 130.0, 8.0, 0.0)
        canvas.paint(rod((side * 118.0, 5.0, -150.0), (side * 118.0, 5.0, 60.0), thigh), "muscle", label=22)
        canvas.paint(sphere((side * 78.0, 0.0, 36.0), 37.0), "muscle", label=1)
        canvas.paint(sphere(head, 27.0), "muscle", label=5)
        femur = union(
            [sphere(head, 23.0), rod(head, crossing, 15.0), rod(crossing, (side * 122.0, 6.0, -160.0), 15.0)], 4.0
        )
        canvas.paint(femur, "muscle", label=2)
    canvas.paint(minus(sphere((0.0, 45.0, 60.0), 30.0)), "muscle", label=3)
    canvas.paint(rod((0.0, 30.0, 80.0), (0.0, 30.0, 140.0), 24.0), "muscle", label=4)
    folder = tmp_path_factory.mktemp("maps")
    return write_image(CTVolume(canvas.label, geometry), folder / "pelvis.nii.gz")


def _sample(map_file, seed=3, **options):
    arguments = {"shape_zyx": SHAPE, "spacing_mm": SPACING, "centre": (0.0, 0.0, -60.0), **options}
    return make_from_label_map(map_file, seed, PROTOCOLS["hip"], **arguments)


def test_the_fitted_frame_is_that_of_the_femur(map_file):
    anatomy = read_label_map(map_file)
    for side, sign in (("L", 1.0), ("R", -1.0)):
        shape, frame = anatomy.femurs[side]
        assert np.asarray(frame.origin) == pytest.approx((sign * 90.0, 0.0, 0.0), abs=3.0)
        assert shape.head_radius_mm == pytest.approx(23.0, abs=1.5)
        assert frame.axes[2] == pytest.approx((sign * 0.05, 0.01, 0.998), abs=0.06)
        assert frame.axes[0][0] * sign > 0.9
        assert frame.axes[1][1] > 0.9
        assert 110.0 < shape.neck_shaft_angle_deg < 145.0


def test_left_and_right_femora_lie_on_their_sides(map_file):
    sample = _sample(map_file)
    for name, sign in (("femur_left", 1), ("femur_right", -1)):
        x = np.argwhere(sample.labels == LABEL[name])[:, 2]
        assert len(x) > 500
        assert np.all((x - SHAPE[2] / 2) * sign > 0)
    both = [(sample.labels == LABEL[f"thigh_anterior_{side}"]).sum() for side in ("left", "right")]
    assert both[0] > 1.2 * both[1] > 0


def test_a_femur_that_the_map_cuts_does_not_taper(map_file):
    sample = _sample(map_file, centre=(0.0, 0.0, -110.0), strength=0.0)
    for number in (LABEL["femur_left"], LABEL["femur_right"]):
        areas = (sample.labels == number).sum(axis=(1, 2))
        assert areas[:8].min() > 0.85 * areas[8:16].mean()


def test_a_cropped_canvas_shows_the_same_structure(map_file):
    anatomy = read_label_map(map_file)
    solid = warped(anatomy.bones["femur_left"], draw_warp(np.random.default_rng(1), 1))
    x, y, z = (np.arange(a, b, 1.7, dtype=np.float32) for a, b in ((60, 150), (-30, 40), (-90, 30)))
    whole = solid.distance(x.reshape(1, 1, -1), y.reshape(1, -1, 1), z.reshape(-1, 1, 1))
    part = solid.distance(x[7:30].reshape(1, 1, -1), y[5:21].reshape(1, -1, 1), z[11:40].reshape(-1, 1, 1))
    np.testing.assert_allclose(part, whole[11:40, 5:21, 7:30], atol=2e-3)


def test_without_strength_the_anatomy_stays_as_it_is(map_file):
    anatomy = read_label_map(map_file)
    bone = anatomy.bones["femur_left"]
    still = warped(bone, draw_warp(np.random.default_rng(1), 1, strength=0.0))
    x, y, z = (np.arange(a, b, 4.0, dtype=np.float32) for a, b in ((60, 150), (-30, 40), (-90, 30)))
    grid = (x.reshape(1, 1, -1), y.reshape(1, -1, 1), z.reshape(-1, 1, 1))
    places = tuple(np.broadcast_to(a, (len(z), len(y), len(x))) for a in grid)
    np.testing.assert_allclose(still.distance(*grid), sampled(bone, places), atol=1e-3)


def test_one_seed_gives_one_sample_whatever_the_threads(map_file):
    first, second, other = _sample(map_file), _sample(map_file, workers=1), _sample(map_file, seed=4)
    assert np.array_equal(first.ct.hu, second.ct.hu)
    assert np.array_equal(first.labels, second.labels)
    assert not np.array_equal(first.labels, other.labels)


def test_bone_is_bright_muscle_grey_and_air_black(map_file):
    sample = _sample(map_file)
    hu, labels = sample.ct.hu, sample.labels
    assert np.median(hu[labels == LABEL["thigh_anterior_left"]]) == pytest.approx(50, abs=35)
    assert np.median(hu[labels == LABEL["subcutaneous_fat"]]) == pytest.approx(-100, abs=40)
    assert hu[np.isin(labels, (1, 2))].max() > 600
    assert hu[:, 0, 0].max() < -900


def test_samples_of_a_folder_are_written_with_a_table_and_kept(map_file, tmp_path):
    arguments = (map_file.parent, tmp_path, 2, 0)
    options = {"protocol": PROTOCOLS["hip"], "spacing_mm": 8.0, "shape_zyx": (12, 16, 20)}
    table = make_from_label_maps(*arguments, **options)
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["case_id"] for row in rows] == ["sample-0001-pelvis", "sample-0002-pelvis"]
    assert {row["t_score"] for row in rows} == {""}
    image = tmp_path / rows[0]["path"]
    before = image.stat().st_mtime_ns
    make_from_label_maps(*arguments, **options)
    assert image.stat().st_mtime_ns == before


def test_a_folder_without_maps_says_so(tmp_path):
    with pytest.raises(InputError, match="no label maps"):
        make_from_label_maps(tmp_path, tmp_path / "out", 1, 0, protocol=PROTOCOLS["hip"])


def test_a_map_without_two_femora_is_refused(tmp_path):
    geometry = Geometry((8, 8, 8), (3.0,) * 3, (0.0,) * 3, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    path = write_image(CTVolume(np.ones((8, 8, 8), np.uint8), geometry), tmp_path / "m.nii.gz")
    with pytest.raises(InputError, match="two femora"):
        read_label_map(path)
