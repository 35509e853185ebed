"""Two stages find, name and outline the femora, however the scan lies and wherever it ends."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest
from factory.base import points_of, reordered
from segmentation.hips import COARSE, FINE, CoarseByIntensity, FineByIntensity, dice, grid, scan_of, segmenter, truth_of

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError, InputError
from OsteoScreenLib.segmentation.femur_masks import FemurMasks
from OsteoScreenLib.segmentation.fine_stage import FineSettings
from OsteoScreenLib.segmentation.grids import cropped
from OsteoScreenLib.segmentation.vbnet_segmenter import VBNetSegmenter, VBNetSettings

HIPS = grid((-160.0, -110.0, -110.0), (320.0, 220.0, 170.0), (2.5, 2.5, 2.5))


@lru_cache(maxsize=1)
def scan() -> CTVolume:
    return scan_of(HIPS)


@lru_cache(maxsize=1)
def answer() -> FemurMasks:
    return segmenter()[0].segment(scan())


def part_of_scan(z: slice = slice(None), y: slice = slice(None), x: slice = slice(None)) -> tuple[CTVolume, np.ndarray]:
    slices = tuple(slice(*entry.indices(n)[:2]) for entry, n in zip((z, y, x), HIPS.shape_zyx, strict=True))
    geometry = cropped(HIPS, slices)  # type: ignore[arg-type]
    return CTVolume(np.ascontiguousarray(scan().hu[slices]), geometry), truth_of(HIPS)[slices]


def plane(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> tuple[int, int, int]:
    """Nearest voxel (z, y, x) of a place in mm."""
    column, row, level = HIPS.to_index((x, y, z))
    return round(level), round(row), round(column)


def test_both_femora_are_outlined_to_within_a_voxel_and_named_by_side() -> None:
    found, truth = answer(), truth_of(HIPS)
    assert found.labels.dtype == np.uint8
    for number, side in ((1, "left"), (2, "right")):
        assert dice(found.labels == number, truth == number) > 0.985
        finding = found.femurs[side]
        assert finding.presence == "present"
        assert finding.reason == ""
        assert finding.cut_at == ("inferior",)
        assert not finding.implant
        assert finding.volume_ml == pytest.approx((truth == number).sum() * 2.5**3 / 1000, rel=0.02)
        assert finding.head_centre_lps_mm == pytest.approx((88.0 if side == "left" else -88.0, -5.0, 10.0), abs=1.5)
        assert finding.head_radius_mm == pytest.approx(24.0, abs=1.0)
    assert found.source == "vbnet"
    assert found.models[0]["id"] == "made-for-tests"
    assert {"find_femora", "outline_left", "outline_right", "describe_femora"} <= set(found.timings_s)


@pytest.mark.parametrize(
    ("axes", "flips"), [((2, 0, 1), (True, False, True)), ((1, 2, 0), (False, True, False)), ((0, 1, 2), (True,) * 3)]
)
def test_axes_in_another_order_and_direction_give_the_same_masks(axes, flips) -> None:
    stored = reordered(scan(), axes, flips)
    truth = reordered(CTVolume(answer().labels.astype(np.int16), HIPS), axes, flips)
    found = segmenter()[0].segment(stored)
    assert (found.labels != truth.hu).mean() < 1e-4
    assert found.femurs["left"].cut_at == ("inferior",)


def test_an_oblique_scan_with_thick_slices_gives_masks_in_the_right_place() -> None:
    a, b = np.deg2rad(14), np.deg2rad(-9)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1.0]])
    about_x = np.array([[1.0, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    geometry = grid((-160.0, -110.0, -120.0), (320.0, 220.0, 190.0), (1.5, 2.0, 5.0), about_z @ about_x)
    found, truth = segmenter()[0].segment(scan_of(geometry)), truth_of(geometry)
    for number, side in ((1, "left"), (2, "right")):
        assert dice(found.labels == number, truth == number) > 0.975
        assert found.femurs[side].presence == "present"


def test_a_scan_of_one_hip_has_one_femur_and_says_that_the_other_is_absent() -> None:
    ct, truth = part_of_scan(x=slice(plane(x=20)[2], None))
    found = segmenter()[0].segment(ct)
    assert dice(found.labels == 1, truth == 1) > 0.985
    assert not (found.labels == 2).any()
    assert found.femurs["left"].presence == "present"
    assert found.femurs["right"].presence == "absent"
    assert found.femurs["right"].reason == "No right femur is in the scan"
    assert found.femurs["right"].volume_ml == 0.0


def test_scans_without_femora_and_without_a_body_have_none() -> None:
    bare = CTVolume(np.where(scan().hu > -500, 0, -1000).astype(np.int16), HIPS)
    for ct, reason in ((bare, "femur is in the scan"), (CTVolume(np.full_like(bare.hu, -1000), HIPS), "no body")):
        found = segmenter()[0].segment(ct)
        assert not found.labels.any()
        assert {finding.presence for finding in found.femurs.values()} == {"absent"}
        assert all(reason in finding.reason for finding in found.femurs.values())


class CoarseThatSaysRight(CoarseByIntensity):
    """Calls every femur a right one."""

    def run(self, array: np.ndarray) -> np.ndarray:
        logits = super().run(array)
        logits[0, 2] = np.maximum(logits[0, 1], logits[0, 2])
        logits[0, 1] = -8.0
        return logits


class FineThatKnowsLeftFemora(FineByIntensity):
    """Unsure of a femur whose head points to the upper end of x, as a right one's does."""

    def run(self, array: np.ndarray) -> np.ndarray:
        logits = super().run(array)
        bone = logits[0, 0] > 0
        levels = np.flatnonzero(bone.any(axis=(1, 2)))
        top, bottom = (np.nonzero(bone[z])[1].mean() for z in (levels[-1] - 8, levels[0] + 8))
        return logits if top < bottom else np.where(logits > 0, 0.5, logits).astype(np.float32)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_femur_alone_is_named_by_its_form_whatever_the_coarse_network_calls_it(side) -> None:
    inner = slice(plane(x=20)[2], None) if side == "left" else slice(None, plane(x=-20)[2])
    ct, truth = part_of_scan(x=inner)
    models = ({"id": "made-for-tests", "version": "0.0.0", "sha256": "0" * 64},)
    found = VBNetSegmenter(CoarseThatSaysRight(), FineThatKnowsLeftFemora(), COARSE, FINE, models).segment(ct)
    number, other = (1, "right") if side == "left" else (2, "left")
    assert dice(found.labels == number, truth == number) > 0.97
    assert found.femurs[other].presence == "absent"
    assert found.femurs[other].reason == f"No {other} femur is in the scan"


class FineThatSeesAnotherThing(FineByIntensity):
    """Outlines a block at the region's lower corner, whatever was found there."""

    def run(self, array: np.ndarray) -> np.ndarray:
        logits = np.full_like(super().run(array), -10.0)
        logits[0, 0, :40, :16, :16] = 10.0
        return logits


def test_what_the_fine_network_does_not_confirm_is_no_femur() -> None:
    models = ({"id": "made-for-tests", "version": "0.0.0", "sha256": "0" * 64},)
    doubting = VBNetSegmenter(CoarseByIntensity(), FineThatSeesAnotherThing(), COARSE, FINE, models)
    found = doubting.segment(scan())
    assert not found.labels.any()
    assert all("not outlined as one from near" in finding.reason for finding in found.femurs.values())


def test_a_femur_whose_head_the_scan_cuts_is_cut() -> None:
    ct, _ = part_of_scan(z=slice(None, plane(z=24)[0]))
    found = segmenter()[0].segment(ct)
    assert found.femurs["left"].presence == "cut"
    assert "head lie outside" in found.femurs["left"].reason
    assert "superior" in found.femurs["left"].cut_at


def test_a_femur_that_ends_above_the_lesser_trochanter_is_cut() -> None:
    ct, _ = part_of_scan(z=slice(plane(z=-30)[0], None))
    found = segmenter()[0].segment(ct)
    assert found.femurs["right"].presence == "cut"
    assert "lesser trochanter" in found.femurs["right"].reason
    assert found.femurs["right"].cut_at == ("inferior",)


def test_a_trochanter_at_the_edge_of_the_image_is_cut_there() -> None:
    ct, _ = part_of_scan(x=slice(None, plane(x=136)[2]))
    found = segmenter()[0].segment(ct)
    assert found.femurs["left"].presence == "cut"
    assert "left border" in found.femurs["left"].reason
    assert "left" in found.femurs["left"].cut_at
    assert found.femurs["right"].presence == "present"


@pytest.mark.parametrize("padding", [-1024, -2048, -3024])
def test_padding_around_a_round_field_of_view_cuts_like_the_image_border(padding) -> None:
    points = points_of(HIPS)
    hu = np.where(np.hypot(points[..., 0] + 20, points[..., 1]) > 155.0, padding, scan().hu).astype(np.int16)
    found = segmenter()[0].segment(CTVolume(hu, HIPS))
    assert found.femurs["left"].presence == "cut"
    assert "left" in found.femurs["left"].cut_at
    assert found.femurs["right"].presence == "present"
    assert found.femurs["right"].cut_at == ("inferior",)


def test_metal_in_one_femur_is_an_implant_of_that_femur_only() -> None:
    hu = scan().hu.copy()
    z, y, x = plane(x=118, y=8, z=-70)
    hu[: z + 12, y - 2 : y + 2, x - 2 : x + 2] = 3071
    found = segmenter()[0].segment(CTVolume(hu, HIPS))
    assert found.femurs["left"].implant
    assert not found.femurs["right"].implant
    away = scan().hu.copy()
    away[10:20, 30:36, 60:66] = 3071
    assert not any(f.implant for f in segmenter()[0].segment(CTVolume(away, HIPS)).femurs.values())


def test_the_fine_network_sees_right_hips_as_left_ones() -> None:
    tool, _, fine = segmenter()
    tool.segment(scan())
    assert len(fine.seen) == 2
    for hu in fine.seen:
        bone = hu > 300.0
        levels = np.flatnonzero(bone.any(axis=(1, 2)))
        middle = [np.nonzero(bone[z])[1].mean() for z in (levels[-1] - 8, levels[0] + 8)]
        assert middle[0] < middle[1] - 10  # the head lies to the patient's right of the shaft


def test_shifted_regions_are_averaged_and_give_the_same_masks() -> None:
    tool, _, fine = segmenter(FineSettings(n_shifts=3))
    found = tool.segment(scan())
    assert len(fine.seen) == 6
    assert len({hu.shape for hu in fine.seen}) <= 2
    assert (found.labels != answer().labels).mean() < 1e-4


def test_both_sides_never_claim_the_same_voxel_and_the_more_probable_one_wins() -> None:
    class ClaimsItsMiddle(FineByIntensity):
        def run(self, array: np.ndarray) -> np.ndarray:
            away = np.abs(np.arange(array.shape[4]) - (array.shape[4] - 1) / 2)
            return np.broadcast_to((6.0 - 0.07 * away).astype(np.float32), array.shape).copy()

    settings = VBNetSettings(fine=FineSettings(margin_mm=80.0, max_growths=0), min_agreement=0.0)
    found = VBNetSegmenter(CoarseByIntensity(), ClaimsItsMiddle(), COARSE, FINE, settings=settings).segment(scan())
    x = points_of(HIPS)[..., 0]
    assert (found.labels == 1).any()
    assert x[found.labels == 1].min() > x[found.labels == 2].max()
    assert abs(x[found.labels == 1].min() + x[found.labels == 2].max()) < 8.0


def test_progress_runs_to_the_end_and_a_request_to_stop_is_heeded() -> None:
    told: list[float] = []
    segmenter()[0].segment(scan(), progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    for stop_at in (1, 5, 9):
        asked: list[int] = []

        def cancelled(asked: list[int] = asked, stop_at: int = stop_at) -> bool:
            asked.append(1)
            return len(asked) >= stop_at

        with pytest.raises(CancelledError):
            segmenter()[0].segment(scan(), cancelled=cancelled)


def test_a_grid_that_lies_nowhere_is_refused() -> None:
    geometry = grid((0.0, 0.0, 0.0), (10.0, 10.0, 10.0))
    broken = CTVolume(
        np.zeros(geometry.shape_zyx, np.int16), type(geometry)(**{**vars(geometry), "direction": (0.0,) * 9})
    )
    with pytest.raises(InputError) as caught:
        segmenter()[0].segment(broken)
    assert caught.value.code == "impossible_geometry"


def test_the_networks_never_see_more_than_their_limit() -> None:
    tool, coarse, fine = segmenter(FineSettings(window_zyx=(64, 64, 64)))
    found = tool.segment(scan())
    assert all(hu.shape == (64, 64, 64) for hu in fine.seen)
    assert len(fine.seen) > 4
    assert all(math.prod(shape) <= 1_500_000 for shape in coarse.seen)
    assert (found.labels != answer().labels).mean() < 0.005
