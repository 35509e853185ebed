"""The femoral head is found as a sphere, wherever and however the femur lies on its grid."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from factory.base import points_of
from factory.geometric_bones import HEAD_CENTRE, HEAD_RADIUS, proximal_femur

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.shapes import mirrored
from OsteoScreenLib.segmentation.head_sphere import fit_head_sphere

UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
MIRRORED_CENTRE = (-HEAD_CENTRE[0], HEAD_CENTRE[1], HEAD_CENTRE[2])


def grid(spacing_xyz: tuple[float, float, float], low: tuple[float, float, float], size_mm: float = 185.0) -> Geometry:
    shape = tuple(int(size / s) for size, s in zip((size_mm, 95.0, 110.0), spacing_xyz[::-1], strict=True))
    return Geometry(shape, spacing_xyz, low, UPRIGHT)  # type: ignore[arg-type]


def femur_on(geometry: Geometry, side: str = "left") -> np.ndarray:
    solid = proximal_femur() if side == "left" else mirrored(proximal_femur())
    points = points_of(geometry).astype(np.float32)
    return solid.distance(points[..., 0], points[..., 1], points[..., 2]) < 0


def distance(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return float(np.linalg.norm(np.subtract(a, b)))


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.9, 0.9, 5.0), (2.0, 2.0, 2.0)])
@pytest.mark.parametrize(("side", "low_x"), [("left", 50.0), ("right", -160.0)])
def test_head_is_found_to_a_millimetre_at_every_resolution(spacing, side, low_x) -> None:
    geometry = grid(spacing, (low_x, -45.0, -140.0))
    found = fit_head_sphere(femur_on(geometry, side), geometry, side)
    assert found is not None
    assert distance(found.centre_lps_mm, HEAD_CENTRE if side == "left" else MIRRORED_CENTRE) < 1.0
    assert found.radius_mm == pytest.approx(HEAD_RADIUS, abs=0.6)
    assert found.residual_mm < 1.0
    assert 0.5 < found.share_of_surface <= 1.0


def test_axes_that_are_permuted_flipped_and_tilted_change_nothing() -> None:
    angle = np.deg2rad(20.0)
    tilt = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    matrix = tilt @ np.array([[0, 0, 1.0], [-1.0, 0, 0], [0, -1.0, 0]])
    shape, spacing = (85, 130, 85), (1.5, 1.5, 1.5)
    centre_index = (np.array(shape[::-1]) - 1) / 2 * spacing
    origin = np.array([110.0, 0.0, -60.0]) - matrix @ centre_index
    geometry = Geometry(shape, spacing, tuple(origin.tolist()), tuple(matrix.ravel().tolist()))  # type: ignore[arg-type]
    found = fit_head_sphere(femur_on(geometry), geometry, "left")
    assert found is not None
    assert distance(found.centre_lps_mm, HEAD_CENTRE) < 1.2


def test_head_whose_top_is_cut_is_still_found() -> None:
    geometry = grid((1.5, 1.5, 1.5), (50.0, -45.0, -140.0))
    mask = femur_on(geometry)
    last = round(geometry.to_index((0.0, 0.0, HEAD_CENTRE[2] + 12.0))[2])
    mask[last + 1 :] = False
    found = fit_head_sphere(mask, geometry, "left")
    assert found is not None
    assert distance(found.centre_lps_mm, HEAD_CENTRE) < 1.5


def test_shaft_without_a_head_and_an_empty_mask_have_none() -> None:
    geometry = grid((1.5, 1.5, 1.5), (50.0, -45.0, -140.0))
    mask = femur_on(geometry)
    below = int(geometry.to_index((0.0, 0.0, -70.0))[2])
    mask[below:] = False
    assert mask.any()
    assert fit_head_sphere(mask, geometry, "left") is None
    assert fit_head_sphere(np.zeros_like(mask), geometry, "left") is None


def test_impossible_arguments_are_refused() -> None:
    geometry = grid((10.0, 10.0, 10.0), (0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="left or right"):
        fit_head_sphere(np.zeros(geometry.shape_zyx, bool), geometry, "L")
    with pytest.raises(ValueError, match="differ in size"):
        fit_head_sphere(np.zeros((2, 2, 2), bool), geometry, "left")


@pytest.mark.parametrize("case", ["STS_021", "STS_029"])
def test_heads_of_real_masks_lie_where_a_reader_put_them(shared_data: Path, case: str) -> None:
    import SimpleITK as sitk

    image = sitk.ReadImage(str(shared_data / "hip_ct" / f"{case}_femur.nii.gz"))
    truth = json.loads((shared_data / "hip_ct" / f"{case}_landmarks.json").read_text())
    geometry = Geometry(image.GetSize()[::-1], image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    found = fit_head_sphere(sitk.GetArrayFromImage(image) == truth["label"], geometry, truth["side"])
    assert found is not None
    assert distance(found.centre_lps_mm, tuple(truth["head_centre_lps"])) < 2.0
    assert found.radius_mm == pytest.approx(truth["head_radius_mm"], abs=1.0)
