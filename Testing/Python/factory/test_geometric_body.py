"""The geometric body: the same bytes for one seed, tissue values where they belong, nothing that looks like a fault."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from factory.geometric_body import make_geometric_body
from factory.geometric_scanner import ScannerModel, field_of_view
from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.errors import CancelledError

SMALL = {"shape_zyx": (40, 64, 64), "spacing_xyz_mm": (6.0, 6.0, 6.0)}


@pytest.fixture(scope="module")
def body() -> CTVolume:
    return make_geometric_body(seed=0)


def around(ct: CTVolume, point_lps_mm: tuple[float, float, float], half_width: int = 2) -> np.ndarray:
    x, y, z = (round(v) for v in ct.geometry.to_index(point_lps_mm))
    w = half_width
    return ct.hu[z - w : z + w + 1, y - w : y + w + 1, x - w : x + w + 1]


def test_one_seed_gives_the_same_bytes():
    first, second = make_geometric_body(seed=3, **SMALL), make_geometric_body(seed=3, **SMALL)
    assert hashlib.sha256(first.hu.tobytes()).digest() == hashlib.sha256(second.hu.tobytes()).digest()
    assert first.geometry == second.geometry
    assert first.acquisition == second.acquisition


def test_another_seed_gives_other_noise_and_the_same_bones():
    first, second = make_geometric_body(seed=0, **SMALL), make_geometric_body(seed=1, **SMALL)
    assert not np.array_equal(first.hu, second.hu)
    bone = first.hu > 500
    assert bone.any()
    assert np.abs(first.hu[bone].astype(float) - second.hu[bone]).max() < 120


def test_it_says_that_it_is_no_anatomy_and_names_no_patient(body: CTVolume):
    assert "not anatomy" in " ".join(body.source.notes)
    assert body.source.kind == "simulation"
    facts = body.acquisition
    assert (facts.sex, facts.age_years, facts.height_m, facts.weight_kg) == (None, None, None, None)
    assert facts.kvp == 120.0


def test_the_volume_is_read_only_whole_hounsfield_units(body: CTVolume):
    assert body.hu.dtype == np.int16
    assert body.hu.shape == (160, 256, 256)
    assert not body.hu.flags.writeable
    assert body.geometry.axis_codes == "LPS"


@pytest.mark.parametrize(
    ("tissue", "point", "expected"),
    [
        ("air above the body", (0.0, -150.0, 0.0), -1000.0),
        ("bladder", (0.0, -28.0, 4.0), 6.0),
        ("thigh muscle", (88.0, -35.0, -90.0), 56.0),
        ("thigh muscle of the other side", (-88.0, -35.0, -90.0), 56.0),
        ("subcutaneous fat behind", (0.0, 93.0, 40.0), -105.0),
        ("left femoral head", (88.0, -5.0, 10.0), 290.0),
        ("right femoral head", (-88.0, -5.0, 10.0), 290.0),
    ],
)
def test_each_tissue_has_its_hounsfield_units(body: CTVolume, tissue: str, point: tuple, expected: float):
    assert around(body, point).mean() == pytest.approx(expected, abs=8.0), tissue


def test_the_shaft_has_a_dense_cortex_around_fatty_marrow(body: CTVolume):
    x, y, z = (round(v) for v in body.geometry.to_index((116.0, 9.5, -110.0)))
    row = body.hu[z, y, x - 20 : x + 21]
    assert row[14:27].min() < 0, "the marrow of the shaft is fat"
    assert row.max() > 1100, "its cortex is dense"
    assert row.max() < 1600, "and is no metal"


def test_the_hip_joint_has_a_space_between_head_and_socket(body: CTVolume):
    """From the head upwards: bone, a gap below 300 HU, bone again."""
    cx, cy, cz = 88.0, -5.0, 10.0
    values = [float(around(body, (cx, cy, cz + r), 0).item()) for r in np.arange(18.0, 36.0, 0.75)]
    head_edge = int(np.argmax(values[:12]))
    gap = head_edge + int(np.argmin(values[head_edge : head_edge + 7]))
    assert values[head_edge] > 500
    assert values[gap] < 400
    assert max(values[gap:]) > 500


def test_noise_is_even_in_the_middle_and_correlated_between_neighbours():
    """Both thighs, where nothing depends on the seed but the noise: that of a soft kernel, smoother than white."""
    body = make_geometric_body(seed=5)
    other = make_geometric_body(seed=6)
    difference = (body.hu.astype(float) - other.hu) / np.sqrt(2)
    patch = difference[5:35, 110:150, 50:90]
    assert 6.0 < patch.std() < 14.0
    neighbours = np.corrcoef(patch[:, :, :-1].ravel(), patch[:, :, 1:].ravel())[0, 1]
    assert neighbours > 0.3
    assert abs(patch.mean()) < 1.0


def test_outside_the_round_field_of_view_everything_is_padding_and_inside_air_is_noisy(body: CTVolume):
    inside = field_of_view((256, 256), (1.5, 1.5, 1.5))
    assert (body.hu[:, ~inside] == -1024).all()
    assert body.acquisition.pixel_padding_hu == -1024.0
    air = body.hu[:, 20:40, 120:136].astype(float)
    assert air.mean() == pytest.approx(-1000.0, abs=1.0)
    assert 3.0 < air.std() < 8.0


def test_the_field_of_view_holds_the_whole_cross_section(body: CTVolume):
    """The outermost 3 mm of the reconstructed circle hold no tissue."""
    along = (np.arange(256) - 127.5) * 1.5
    radius = np.hypot(along[:, None], along[None, :])
    rim = (radius > 187.0) & (radius <= 191.0)
    assert (body.hu[:, rim] < -700).all()


def test_a_smaller_grid_cuts_the_body_as_a_small_field_of_view_does():
    cut = make_geometric_body(shape_zyx=(10, 40, 40), spacing_xyz_mm=(5.0, 5.0, 5.0))
    assert (cut.hu[:, 20, 1] > -300).any()


@pytest.mark.parametrize("bad", [{"seed": -1}, {"shape_zyx": (0, 5, 5)}, {"spacing_xyz_mm": (1.0, 0.0, 1.0)}])
def test_an_impossible_request_is_refused(bad: dict):
    with pytest.raises(ValueError, match=r"seed|grid"):
        make_geometric_body(**{**SMALL, **bad})


def test_it_stops_on_request_and_tells_its_progress():
    fractions: list[float] = []
    make_geometric_body(**SMALL, progress=lambda fraction, _: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    with pytest.raises(CancelledError):
        make_geometric_body(**SMALL, cancelled=lambda: True)


def test_noise_of_the_scanner_model_has_the_strength_it_names():
    flat = np.zeros((6, 128, 128), dtype=np.float32)
    model = replace(ScannerModel(), noise_hu=20.0)
    image = model.scan(flat, (1.0, 1.0, 1.0), np.ones((6, 1, 1)), np.random.default_rng(0))
    assert image[:, field_of_view((128, 128), (1.0, 1.0, 1.0))].std() == pytest.approx(20.0, rel=0.05)
