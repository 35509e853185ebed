"""A tilted patient: landmarks and voxels turn alike, and nothing in view is cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from OsteoScreenLib.ct.geometry import Geometry
from OsteoScreenLib.phantom.digital_patient import make_digital_patient
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.femur_regions import REGIONS
from OsteoScreenLib.phantom.labels import sided
from OsteoScreenLib.phantom.patient_pose import Pose
from OsteoScreenLib.phantom.protocol import PROTOCOLS
from OsteoScreenLib.phantom.write_patient import patient_record

GRID = Geometry((40, 50, 60), (2.0, 2.0, 3.0), (-59.0, -49.0, -58.5), (1, 0, 0, 0, 1, 0, 0, 0, 1))


def ball(grid: Geometry, centre: tuple[float, float, float], radius_mm: float) -> np.ndarray:
    z, y, x = np.meshgrid(*(np.arange(n) for n in grid.shape_zyx), indexing="ij")
    points = np.stack([x, y, z], axis=-1) * grid.spacing_xyz_mm + grid.origin_lps_mm
    return np.linalg.norm(points - centre, axis=-1) < radius_mm


@pytest.mark.parametrize("tilt_deg", [(0, 0, 0), (12, 0, 0), (0, 9, 0), (0, 0, -15), (8, -6, 10)])
@pytest.mark.parametrize("centre", [(25.0, 10.0, 20.0), (-20.0, -15.0, -25.0)])
def test_a_landmark_turns_as_the_voxels_around_it_do(tilt_deg, centre):
    pose = Pose.of(tilt_deg, GRID)
    image = pose.into_image(ball(pose.painting_grid(GRID), centre, 9.0).astype(np.uint8), GRID)
    index = np.argwhere(image).mean(axis=0)[::-1]
    assert GRID.to_physical(index) == pytest.approx(pose.to_scanner(centre), abs=0.4)
    assert image.shape == GRID.shape_zyx


def test_a_turned_image_shows_no_border_of_what_was_painted():
    pose = Pose.of((10, 8, -12), GRID)
    painted = np.full(pose.painting_grid(GRID).shape_zyx, 50.0, np.float32)
    painted[0, 0, 0] = -1000.0  # what would be filled in outside
    assert pose.into_image(painted, GRID).min() > 40.0


def test_the_record_of_a_tilted_patient_places_the_femoral_heads_where_the_image_shows_them():
    protocol = replace(PROTOCOLS["hip"], tilt_deg=(7.0, -4.0, 5.0))
    patient = make_digital_patient(
        draw_patient(3), protocol, spacing_xyz_mm=(4.0, 4.0, 4.0), shape_zyx=(50, 60, 100), with_truth=False
    )
    places = patient_record(patient)["landmarks_in_image_lps_mm"]
    grid, regions = patient.ct.geometry, patient.femur_regions
    head = next(number for number, name in REGIONS.items() if name == "head")
    for side in "LR":
        seen = np.argwhere((regions == head) & (patient.labels == sided("femur", side))).mean(axis=0)[::-1]
        # The head is a ball cut by the neck, so its voxels' middle lies a little off its centre.
        assert np.linalg.norm(np.subtract(grid.to_physical(seen), places[side]["head_centre"])) < 6.0
    straight = patient.landmarks["L"].head_centre
    assert np.linalg.norm(np.subtract(straight, places["L"]["head_centre"])) > 6.0
