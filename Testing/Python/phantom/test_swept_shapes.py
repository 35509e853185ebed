import numpy as np
import pytest

from OsteoScreenLib.phantom.shapes import Solid, mirrored, sphere, union
from OsteoScreenLib.phantom.swept_shapes import carved, patched_union, remembered, sheet, spline_points, tube


def grid(low: float = -20.0, high: float = 20.0, step: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    line = np.arange(low, high + step / 2, step, dtype=np.float32)
    return line.reshape(1, 1, -1), line.reshape(1, -1, 1), line.reshape(-1, 1, 1)


def test_a_closed_spline_returns_to_its_start_and_does_not_repeat_it() -> None:
    ring = spline_points([(1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)], 40, closed=True)
    steps = np.linalg.norm(np.diff(np.vstack((ring, ring[:1])), axis=0), axis=1)
    assert ring.shape == (40, 3)
    assert steps.max() < 1.3 * steps.min()


def test_the_surface_of_a_tube_lies_at_its_two_radii() -> None:
    path = np.array([(0, 0, -15, 6, 3), (0, 0, 15, 6, 3)], dtype=float)
    solid = tube(path, (1, 0, 0))
    at = [np.array(values, dtype=float) for values in ((6.0, 0.0, 5.0), (0.0, 3.0, 0.0), (0.0, 0.0, 0.0))]
    assert np.allclose(solid.distance(*at)[:2], 0.0, atol=0.02)
    assert solid.distance(*(np.array([v]) for v in (2.0, 0.0, 0.0)))[0] < -1.0


def test_a_patched_union_is_the_plain_union_near_its_surface() -> None:
    balls = [sphere((-6, 0, 0), 7), sphere((7, 2, 1), 6)]
    plain, patched = union(balls, 4.0).distance(*grid()), patched_union(balls, 4.0).distance(*grid())
    near = np.abs(plain) < 3.0
    assert near.sum() > 1000
    assert np.allclose(plain[near], patched[near], atol=1e-4)


def test_a_patched_union_keeps_all_its_members_when_it_is_mirrored() -> None:
    balls = [sphere((4, 0, 0), 3), sphere((14, 0, 0), 3)]
    x, y, z = grid()
    straight = patched_union(balls, 2.0).distance(-x, y, z) < 0
    assert np.array_equal(mirrored(patched_union(balls, 2.0)).distance(x, y, z) < 0, straight)
    assert straight[:, :, x.ravel() < 0].sum() == (patched_union(balls, 2.0).distance(x, y, z) < 0).sum()


def test_a_patched_union_answers_at_points_that_form_no_grid() -> None:
    solid = patched_union([sphere((-6, 0, 0), 7), sphere((7, 2, 1), 6)], 0.0)
    points = np.array([[-6.0, 7.0, 30.0], [0.0, 2.0, 0.0], [0.0, 1.0, 0.0]])
    assert np.array_equal(solid.distance(*points) < 0, [True, True, False])


def test_carving_removes_the_other_solid_and_nothing_else() -> None:
    whole, hole = sphere((0.1, 0.2, 0.3), 12.1), sphere((10.1, 0.2, 0.1), 5.2)
    left = carved(whole, [hole]).distance(*grid()) < 0
    assert np.array_equal(left, (whole.distance(*grid()) < 0) & (hole.distance(*grid()) >= 0))


def test_a_sheet_has_the_thickness_and_the_outline_it_was_given() -> None:
    points = np.array([(x, y, 0.1 * x, 4.0) for x in (-14, 0, 14) for y in (-14, 0, 14)], dtype=float)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    outline = 15.0 * np.column_stack((np.cos(angles), np.sin(angles), 0 * angles))
    solid = sheet(points, outline, (0.0, 0.0, 0.0), np.eye(3))
    inside = solid.distance(*grid(step=0.5)) < 0
    z, y, x = (np.arange(-20, 20.25, 0.5)[i] for i in np.nonzero(inside))
    assert inside[:, 40, 40].sum() * 0.5 == pytest.approx(4.0, abs=0.6)
    assert inside[:, 40, 60].sum() * 0.5 == pytest.approx(4.0, abs=0.6)
    assert z[np.abs(x - 10) < 0.3].mean() == pytest.approx(1.0, abs=0.3)
    assert x.max() == pytest.approx(15.0, abs=0.6)
    assert np.all(np.array(solid.low) <= (x.min(), y.min(), z.min()))


def test_a_remembered_solid_is_asked_once_for_the_same_coordinates_and_again_for_others() -> None:
    calls = []

    def distance(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        calls.append(1)
        return x + y + z

    solid = remembered(Solid(distance, (0, 0, 0), (1, 1, 1)))
    x, y, z = grid()
    first = solid.distance(x, y, z)
    assert solid.distance(x, y, z) is first
    solid.distance(x, y, z + 1)
    assert len(calls) == 2
