"""Regions grow where a femur goes on, and a scan of the whole body is done in bounded memory."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from segmentation.hips import FINE, FineByIntensity, dice, grid, scan_of, segmenter, truth_of

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.segmentation.fine_stage import FineSettings, outline_femur
from OsteoScreenLib.segmentation.grids import Box
from OsteoScreenLib.segmentation.resample import to_input_region

LEFT_HIP = grid((50.0, -60.0, -150.0), (110.0, 120.0, 200.0), (2.5, 2.5, 2.5))
TOP_ONLY = Box((64.0, -30.0, -28.0), (150.0, 30.0, 34.0))


def outlined(settings: FineSettings) -> tuple[np.ndarray, int, bool, FineByIntensity]:
    ct, network = scan_of(LEFT_HIP, ("left",)), FineByIntensity()
    found = outline_femur(ct.hu, ct.geometry, TOP_ONLY, False, network, FINE, settings)
    whole = tuple(slice(0, n) for n in ct.geometry.shape_zyx)
    mask = to_input_region(found.probability, found.grid, ct.geometry, whole) > 127  # type: ignore[arg-type]
    return mask, found.growths, found.ends_below, network


def test_a_region_that_cuts_the_femur_grows_down_the_shaft() -> None:
    truth = truth_of(LEFT_HIP, ("left",)) == 1
    mask, growths, _, network = outlined(FineSettings())
    assert growths == 2
    assert len(network.seen) == 3
    assert dice(mask, truth) > 0.98
    short, growths, _, network = outlined(FineSettings(max_growths=0))
    assert growths == 0
    assert len(network.seen) == 1
    assert short.sum() < 0.9 * truth.sum()


def test_a_region_does_not_grow_where_the_image_ends_or_the_femur_is_within() -> None:
    around = Box((64.0, -30.0, -150.0), (150.0, 30.0, 34.0))
    ct, network = scan_of(LEFT_HIP, ("left",)), FineByIntensity()
    found = outline_femur(ct.hu, ct.geometry, around, False, network, FINE)
    assert found.growths == 0
    assert len(network.seen) == 1


def test_the_distal_femur_is_left_out_and_that_is_said() -> None:
    _, _, ends_below, network = outlined(FineSettings(max_length_mm=90.0))
    assert ends_below
    assert all(hu.shape[0] * FINE.spacing_mm < 90 + 30 + 16 * FINE.spacing_mm for hu in network.seen)
    assert not outlined(FineSettings())[2]


def test_a_box_outside_of_the_volume_is_refused() -> None:
    ct = scan_of(LEFT_HIP, ("left",))
    with pytest.raises(ValueError, match="outside"):
        outline_femur(ct.hu, ct.geometry, Box((900.0,) * 3, (950.0,) * 3), False, FineByIntensity(), FINE)


def test_a_scan_of_the_whole_body_is_done_by_parts() -> None:
    shape = (1500, 512, 512)
    geometry = Geometry(shape, (1.0, 1.0, 1.0), (-255.5, -255.5, -700.0), (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    y, x = (line - 255.5 for line in np.ogrid[:512, :512])
    slice_hu = np.where((x / 170) ** 2 + (y / 100) ** 2 < 1, 0, -1000).astype(np.int16)
    for middle, hu in ((90.0, 600), (-90.0, 700)):
        slice_hu[np.hypot(x - middle, y) < 15.0] = hu
    # 1500 times the same plane in memory: two endless shafts.
    body = CTVolume(np.broadcast_to(slice_hu, shape), geometry)
    tool, coarse, fine = segmenter()
    tracemalloc.start()
    found = tool.segment(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for number, middle in ((1, 90.0), (2, -90.0)):
        mask = found.labels[1300] == number
        assert dice(mask, np.hypot(x - middle, y) < 15.0) > 0.98
    assert not found.labels[:1100].any()
    assert len(coarse.seen) > 4
    assert all(math.prod(shape) <= 1_500_000 for shape in coarse.seen)
    assert all(hu.size <= 2_000_000 for hu in fine.seen)
    assert peak - found.labels.nbytes < 500e6
