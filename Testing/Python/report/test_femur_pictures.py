"""Slices and surfaces of femora: true to scale, on the right side, where the mask is and nowhere else."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume, Source
from OsteoScreenLib.report.bone_surface import VIEWS, letters_of, seen_from, solid_of
from OsteoScreenLib.report.contour import outline, svg_path
from OsteoScreenLib.report.femur_levels import axial_levels
from OsteoScreenLib.report.femur_pictures import SHOWN, TILE, femur_tiles
from OsteoScreenLib.report.surface_picture import BACKGROUND, surface_picture
from OsteoScreenLib.segmentation.femur_masks import FemurFinding

LPS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
FEET_FIRST = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def ball(shape, centre, radius, spacing=(1.0, 1.0, 1.0)) -> np.ndarray:
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    return sum(((g - c) * s) ** 2 for g, c, s in zip(grid, centre, spacing, strict=False)) < radius**2


def pixels_of(png: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


@pytest.fixture(scope="module")
def hips() -> tuple[CTVolume, np.ndarray]:
    """Two upright rods with a ball on top of each, medially: left at high x, right at low x; bright in the CT."""
    labels = np.zeros((60, 40, 80), np.uint8)
    for label, x, medial in ((1, 60, -8), (2, 20, 8)):
        labels[ball(labels.shape, (45, 20, x + medial), 9)] = label
        labels[5:45, 16:24, x - 4 : x + 4] = label
    hu = np.where(labels > 0, 800, 0).astype(np.int16)
    geometry = Geometry(labels.shape, (2.0, 2.0, 2.0), (-80.0, -40.0, 0.0), LPS)
    return CTVolume(hu, geometry, source=Source("hips", "nifti")), labels


def finding(ct: CTVolume, x: int) -> FemurFinding:
    return FemurFinding("present", head_centre_lps_mm=ct.geometry.to_physical((x, 20, 45)), head_radius_mm=18.0)


def test_the_outline_of_a_disc_runs_at_its_radius_and_is_closed() -> None:
    segments = outline(ball((41, 41), (20, 20), 12.5))
    radii = np.hypot(*(segments.reshape(-1, 2) - 20).T)
    assert radii.min() > 11.5
    assert radii.max() < 13.2
    ends, counts = np.unique(segments.reshape(-1, 2).round(6), axis=0, return_counts=True)
    assert len(ends) > 60
    assert (counts == 2).all()


def test_an_empty_slice_has_no_outline_and_a_full_one_is_framed() -> None:
    assert len(outline(np.zeros((5, 6), bool))) == 0
    frame = outline(np.ones((5, 6), bool))
    assert frame.min() == pytest.approx(-0.5, abs=0.01)
    assert frame[..., 1].max() == pytest.approx(5.5, abs=0.01)


def test_pixels_that_touch_by_a_corner_have_an_outline_of_pairs() -> None:
    mask = np.zeros((8, 8), bool)
    mask[1:4, 1:4] = mask[4:7, 4:7] = True
    _, counts = np.unique(outline(mask).reshape(-1, 2).round(6), axis=0, return_counts=True)
    assert (counts % 2 == 0).all()


def test_a_path_is_drawn_in_the_units_of_the_tile() -> None:
    assert svg_path(np.array([[[0.0, 0.0], [1.0, 2.0]]]), (10.0, 20.0), (100.0, 200.0)) == "M210.0 105.0L250.0 115.0"


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (5.0, 0.9, 0.9)])
def test_a_solid_keeps_the_size_of_its_mask(spacing) -> None:
    radius = 20.0
    shape = tuple(int(44 / s) for s in spacing)
    solid = solid_of(ball(shape, [(n - 1) / 2 for n in shape], radius, spacing), spacing)
    found = (3 * (solid.distance_mm < 0).sum() * solid.step_mm**3 / (4 * np.pi)) ** (1 / 3)
    assert found == pytest.approx(radius, abs=1.0)


def test_the_surface_of_a_huge_mask_is_drawn_in_bounded_memory(monkeypatch) -> None:
    monkeypatch.setattr("OsteoScreenLib.report.bone_surface._MOST_VOXELS", 20_000)
    solid = solid_of(ball((80, 80, 80), (40, 40, 40), 35), (1.0, 1.0, 1.0))
    assert solid.distance_mm.size < 40_000
    with pytest.raises(ValueError, match="empty"):
        solid_of(np.zeros((3, 3, 3), bool), (1.0, 1.0, 1.0))


def test_a_ball_is_drawn_round_lit_from_above_left_and_on_the_background() -> None:
    solid = solid_of(ball((41, 41, 41), (20, 20, 20), 18), (1.0, 1.0, 1.0))
    picture = surface_picture(seen_from(solid, "anterior", "left"), solid.step_mm, 100, 50.0)
    assert picture.shape == (100, 100, 3)
    np.testing.assert_array_equal(picture[0, 0], BACKGROUND)
    lit = picture.max(axis=2) > 60
    assert lit.sum() == pytest.approx(np.pi * 36**2, rel=0.1)
    assert picture[35, 35].astype(int).sum() > 1.4 * picture[68, 68].astype(int).sum()


def test_each_view_has_its_sides_where_the_viewer_sees_them() -> None:
    assert [letters_of(view, "left") for view in VIEWS] == [("R", "L"), ("L", "R"), ("P", "A"), ("A", "P")]
    assert letters_of("medial", "right") == ("A", "P")
    # A femur that reaches towards the patient's left and to anterior, in axes (S, P, L).
    mask = np.zeros((30, 30, 30), bool)
    mask[10:20, 10:20, 10:20] = mask[13:17, 10:20, 18:28] = mask[13:17, 2:12, 13:17] = True
    solid = solid_of(mask, (1.0, 1.0, 1.0))

    def centre(view: str, side: str) -> float:
        """Where the middle of the bone lies across the picture, from -1 (viewer's left) to 1."""
        there = (seen_from(solid, view, side) < 0).any(axis=1).sum(axis=0)
        across = np.arange(there.size)
        extent = across[there > 0]
        return float((there * across).sum() / there.sum() - (extent[0] + extent[-1]) / 2)

    assert centre("anterior", "left") < 0 < centre("posterior", "left")
    assert centre("medial", "left") < 0 < centre("lateral", "left")
    assert centre("lateral", "right") < 0 < centre("medial", "right")
    with pytest.raises(ValueError, match="no view"):
        seen_from(solid, "oblique", "left")


def test_levels_go_through_head_neck_and_trochanter_and_only_where_the_mask_is() -> None:
    mask = np.zeros((120, 40, 40), bool)
    mask[:110, 12:28, 12:28] = True
    mask[40:52, 22:36, 4:14] = True  # a bulge to posterior and to the patient's right
    levels = axial_levels(mask, (1.0, 1.0, 1.0), (98.0, 20.0, 20.0), 22.0, medial=-1)
    assert [level.words.split(",")[0] for level in levels] == [
        "through the centre of the head",
        "through the neck",
        "near the lesser trochanter",
    ]
    assert levels[0].index == 98
    assert 40 <= levels[2].index < 52
    cut = axial_levels(mask[70:], (1.0, 1.0, 1.0), (28.0, 20.0, 20.0), 22.0, medial=-1)
    assert [level.words.split(",")[0] for level in cut] == ["through the centre of the head", "through the neck"]
    without = axial_levels(mask, (1.0, 1.0, 1.0), None, None, medial=-1)
    assert [level.index for level in without] == [82, 54, 27]


@pytest.mark.parametrize(("side", "x"), [("left", 52), ("right", 28)])
@pytest.mark.parametrize("direction", [LPS, FEET_FIRST])
def test_the_outline_lies_on_the_bright_bone_however_the_grid_runs(hips, side, x, direction) -> None:
    ct, labels = hips
    if direction == FEET_FIRST:
        origin = ct.geometry.to_physical((labels.shape[2] - 1, 0, labels.shape[0] - 1))
        geometry = replace(ct.geometry, direction=direction, origin_lps_mm=origin)
        flipped = replace(ct, hu=np.ascontiguousarray(ct.hu[::-1, :, ::-1]), geometry=geometry)
        tiles = femur_tiles(flipped, np.ascontiguousarray(labels[::-1, :, ::-1]), side, finding(ct, x))
    else:
        tiles = femur_tiles(ct, labels, side, finding(ct, x))
    slices = [tile for tile in tiles if not tile.surface]
    assert [tile.title for tile in slices] == ["Coronal", "Axial", "Axial", "Axial"]
    assert [tile.caption for tile in tiles if tile.surface] == [f"{view} side" for view in SHOWN]
    for tile in slices:
        pixels = pixels_of(tile.png)
        ends = np.array([[float(v) for v in part.replace("L", " ").split()] for part in tile.path.split("M")[1:]])
        columns = (ends[:, 0] - tile.x) / tile.width * pixels.shape[1]
        rows = (ends[:, 1] - tile.y) / tile.height * pixels.shape[0]
        top, bottom, left, right = (round(v) for v in (rows.min(), rows.max(), columns.min(), columns.max()))
        around = pixels[max(0, top - 8) : bottom + 8, max(0, left - 8) : right + 8] > 144
        inside = np.zeros_like(pixels, bool)
        inside[top:bottom, left:right] = True
        bright = np.argwhere((pixels > 144) & inside)
        np.testing.assert_allclose(bright.min(axis=0), (top, left), atol=6)
        np.testing.assert_allclose(bright.max(axis=0), (bottom, right), atol=6)
        assert around.sum() <= len(bright) * 1.12  # the bone ends where the outline does
        assert (tile.left, tile.right) == ("R", "L")
    # The head is medial of the shaft: to the viewer's left in a left femur, to the right in a right one.
    coronal = pixels_of(slices[0].png)
    bright = coronal > 180
    top = np.flatnonzero(bright.any(axis=1))[:60]
    head, shaft = (np.nonzero(bright[rows])[1].mean() for rows in (top, slice(-80, -60)))
    assert (head < shaft) == (side == "left")


def test_a_scale_bar_measures_what_it_says(hips) -> None:
    ct, labels = hips
    coronal = femur_tiles(ct, labels, "left", finding(ct, 52))[0]
    height_mm = coronal.height / (coronal.bar / coronal.bar_mm)
    assert height_mm == pytest.approx(ct.geometry.extent_xyz_mm[2])  # the whole height of this short scan is shown
    for tile in femur_tiles(ct, labels, "left", finding(ct, 52)):
        assert 0 < tile.bar <= 0.34 * TILE


def test_sides_are_not_claimed_where_the_input_does_not_state_them(hips) -> None:
    ct, labels = hips
    lost = replace(ct, source=replace(ct.source, oriented=False))
    assert {tile.left for tile in femur_tiles(lost, labels, "left", finding(ct, 52))} == {"?"}


def test_a_side_without_a_mask_has_no_pictures(hips) -> None:
    ct, labels = hips
    assert femur_tiles(ct, np.where(labels == 2, 2, 0).astype(np.uint8), "left", finding(ct, 52)) == []


def test_a_mask_at_the_border_and_a_single_voxel_are_drawn_too(hips) -> None:
    ct, _ = hips
    labels = np.zeros(ct.hu.shape, np.uint8)
    labels[:, :, :10] = 2
    labels[30, 20, 70] = 1
    for side in ("left", "right"):
        assert len(femur_tiles(ct, labels, side, FemurFinding("cut"))) >= 5
