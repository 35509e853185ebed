"""The vectorised counts against plain loops over voxels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from OsteoScreenLib.radiomics.co_occurrence import _matrices
from OsteoScreenLib.radiomics.dependence import dependent_neighbours
from OsteoScreenLib.radiomics.discretisation import Levels, levels_of
from OsteoScreenLib.radiomics.neighbours import directions
from OsteoScreenLib.radiomics.region import Region
from OsteoScreenLib.radiomics.run_lengths import run_lengths
from OsteoScreenLib.radiomics.size_zones import connected, number_of_parts, zones
from OsteoScreenLib.radiomics.texture_options import TextureOptions
from OsteoScreenLib.radiomics.tone_difference import _differences


def region_and_levels(seed: int, shape: tuple[int, int, int], n_levels: int = 3) -> tuple[Region, Levels, dict]:
    """A random region with holes, its levels, and the same as a mapping from voxel to level."""
    draw = np.random.default_rng(seed)
    mask = draw.random(shape) < 0.7
    mask[0, 0, 0] = mask[-1, -1, -1] = True
    region = Region(mask, (1.0, 1.0, 1.0))
    grey = draw.integers(1, n_levels + 1, region.size) * 2
    where = zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True)
    return region, levels_of(grey), dict(zip(where, grey.tolist(), strict=True))


def moved(voxel: tuple[int, ...], offset: tuple[int, ...], times: int = 1) -> tuple[int, ...]:
    return tuple(a + times * b for a, b in zip(voxel, offset, strict=True))


shapes = st.tuples(st.integers(1, 5), st.integers(2, 6), st.integers(2, 6))
seeds = st.integers(0, 10_000)
axes = st.sampled_from([None, 0, 1, 2])


@settings(max_examples=25, deadline=None)
@given(seeds, shapes, axes, st.sampled_from([(1,), (2,), (1, 3)]))
def test_pairs_are_those_of_a_loop_over_voxels(seed, shape, flat_axis, distances):
    region, levels, voxels = region_and_levels(seed, shape)
    options = TextureOptions(distances=distances, flat_axis=flat_axis, symmetrical=False)
    offsets = region.directions(distances, flat_axis)

    for offset, matrix in zip(offsets, _matrices(region, levels, options), strict=True):
        counted = np.zeros_like(matrix)
        for voxel, grey in voxels.items():
            other = voxels.get(moved(voxel, offset))
            if other is not None:
                counted[np.searchsorted(levels.present, grey), np.searchsorted(levels.present, other)] += 1
        assert np.array_equal(matrix, counted)


@settings(max_examples=25, deadline=None)
@given(seeds, shapes, axes)
def test_runs_are_those_of_a_walk_along_every_line(seed, shape, flat_axis):
    region, levels, voxels = region_and_levels(seed, shape)

    offsets = region.directions((1,), flat_axis)

    for offset, counted in zip(offsets, run_lengths(region, levels, offsets), strict=True):
        walked = np.zeros((levels.count, max(shape)), dtype=int)
        for voxel, grey in voxels.items():
            if voxels.get(moved(voxel, offset, -1)) != grey:
                length = next(n for n in itertools.count(1) if voxels.get(moved(voxel, offset, n)) != grey)
                walked[np.searchsorted(levels.present, grey), length - 1] += 1
        assert np.array_equal(counted, walked)


@settings(max_examples=25, deadline=None)
@given(seeds, shapes, axes)
def test_zones_are_those_of_a_flood_fill(seed, shape, flat_axis):
    region, levels, voxels = region_and_levels(seed, shape)
    offsets = region.directions((1,), flat_axis, both_ways=True)
    left, filled = dict(voxels), []
    while left:
        voxel, grey = left.popitem()
        edge, size = [voxel], 0
        while edge:
            here = edge.pop()
            size += 1
            for offset in offsets:
                if left.get(moved(here, offset)) == grey:
                    del left[moved(here, offset)]
                    edge.append(moved(here, offset))
        filled.append((grey, size))

    index, size = zones(region, levels, flat_axis)

    assert sorted(zip(levels.present[index - 1].tolist(), size.tolist(), strict=True)) == sorted(filled)


@settings(max_examples=25, deadline=None)
@given(seeds, shapes, axes, st.sampled_from([(1,), (1, 2)]), st.sampled_from([0, 2]))
def test_dependents_and_tone_differences_are_those_of_a_loop(seed, shape, flat_axis, distances, dependence):
    region, levels, voxels = region_and_levels(seed, shape)
    options = TextureOptions(distances=distances, flat_axis=flat_axis, dependence=dependence)
    offsets = region.directions(distances, flat_axis, both_ways=True)
    dependents, off = [], dict.fromkeys(levels.present.tolist(), 0.0)
    for voxel, grey in voxels.items():
        around = [voxels[moved(voxel, offset)] for offset in offsets if moved(voxel, offset) in voxels]
        dependents.append(sum(abs(other - grey) <= dependence for other in around))
        off[grey] += abs(grey - sum(around) / len(around)) if around else 0.0

    assert dependent_neighbours(region, levels, options).tolist() == dependents
    assert _differences(region, levels, options) == pytest.approx(list(off.values()))


@pytest.mark.parametrize(
    ("shape", "distances", "flat_axis", "n"),
    [
        ((5, 5, 5), (1,), None, 13),
        ((5, 5, 5), (1,), 0, 4),
        ((1, 5, 5), (1,), None, 4),
        ((5, 5, 5), (2,), None, 49),
        ((5, 5, 5), (1, 2), None, 62),
        ((2, 5, 5), (2,), 0, 8),
        ((1, 1, 5), (1,), None, 1),
        ((5, 5, 5), (7,), None, 0),
    ],
)
def test_a_region_has_as_many_directions_as_its_box_allows(shape, distances, flat_axis, n):
    one_way = directions(shape, distances, flat_axis=flat_axis)
    both = directions(shape, distances, flat_axis=flat_axis, both_ways=True)

    assert len(one_way) == n
    assert len(set(both)) == 2 * n
    assert set(both) == {tuple(sign * step for step in offset) for offset in one_way for sign in (1, -1)}


def test_more_levels_than_a_byte_holds_are_counted_right():
    draw = np.random.default_rng(1)
    region = Region(np.ones((8, 9, 10), dtype=bool), (1.0, 1.0, 1.0))
    grey = draw.integers(1, 1000, region.size)
    levels = levels_of(grey)

    assert levels.count > 255
    assert np.array_equal(levels.grey, grey)
    matrix = next(_matrices(region, levels, TextureOptions(symmetrical=False)))
    assert matrix.sum() == 7 * 8 * 9


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 60), st.integers(0, 80))
def test_connected_nodes_are_those_of_scipy(seed, n, n_edges):
    draw = np.random.default_rng(seed)
    left, right = draw.integers(0, n, (2, n_edges)).astype(np.int32)

    half = n_edges // 2

    found = connected(np.arange(n, dtype=np.int32), left[:half], right[:half])
    found = connected(found, found.take(left[half:]), found.take(right[half:]))

    _, expected = connected_components(coo_array((np.ones(n_edges), (left, right)), shape=(n, n)), directed=False)
    assert np.array_equal(found[:, None] == found, expected[:, None] == expected)


@settings(max_examples=25, deadline=None)
@given(seeds, shapes, st.floats(0.05, 0.6))
def test_parts_of_a_mask_are_those_of_a_flood_fill(seed, shape, share):
    mask = np.random.default_rng(seed).random(shape) < share
    mask[0, 0, 0] = True

    assert number_of_parts(mask) == ndimage.label(mask, np.ones((3, 3, 3)))[1]
