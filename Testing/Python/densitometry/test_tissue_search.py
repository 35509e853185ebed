"""Air, fat, muscle and compact bone are found where they lie, and not found where they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from densitometry.bodies import body

from OsteoScreenLib.ct.volume import CTVolume
from OsteoScreenLib.densitometry.settings import default_settings
from OsteoScreenLib.densitometry.tissue_search import find_tissues, peak_of
from OsteoScreenLib.phantom.attenuation import Beam

SETTINGS = default_settings()


def with_hu(ct: CTVolume, hu: np.ndarray) -> CTVolume:
    return replace(ct, hu=hu)


@pytest.mark.parametrize(("kvp", "noise"), [(120.0, 12.0), (80.0, 30.0)])
def test_the_tissues_have_the_hu_that_they_were_painted_with(kvp, noise) -> None:
    scan, beam = body(kvp, noise=noise), Beam.of(kvp)
    found = find_tissues(scan.ct, scan.labels, SETTINGS).found
    assert found["air"].hu == pytest.approx(beam.hu["air"], abs=2.0)
    assert found["fat"].hu == pytest.approx(beam.hu["fat"], abs=3.0)
    assert found["muscle"].hu == pytest.approx(beam.hu["muscle"] - 10.0, abs=3.0)


def test_air_whose_noise_is_cut_off_is_still_read_rightly_and_given_up_where_too_much_is_cut() -> None:
    scan = body()
    level = find_tissues(scan.ct, scan.labels, SETTINGS).found["air"].hu
    cut = with_hu(scan.ct, np.maximum(scan.ct.hu, round(level - 8.0)).astype(np.int16))
    assert find_tissues(cut, scan.labels, SETTINGS).found["air"].hu == pytest.approx(level, abs=1.0)
    lost = with_hu(scan.ct, np.maximum(scan.ct.hu, round(level + 1.0)).astype(np.int16))
    assert "values end at" in find_tissues(lost, scan.labels, SETTINGS).missing["air"]


def test_padding_around_the_body_is_not_air() -> None:
    scan = body()
    padded = np.where(scan.ct.hu < -600, -1000, scan.ct.hu).astype(np.int16)
    assert "air" not in find_tissues(with_hu(scan.ct, padded), scan.labels, SETTINGS).found


def test_without_femora_no_compact_bone_is_looked_for_and_muscle_is_that_of_the_back() -> None:
    scan = body()
    found = find_tissues(scan.ct, None, SETTINGS)
    assert "no femur mask" in found.missing["cortical_bone"]
    assert found.found["muscle"].hu == pytest.approx(Beam.of(120.0).hu["muscle"] - 10.0, abs=4.0)


def test_a_vessel_that_is_given_is_read_in_its_core() -> None:
    scan = body()
    vessel = np.zeros(scan.labels.shape, bool)
    vessel[:, 60:72, 60:72] = True
    hu = scan.ct.hu.copy()
    hu[vessel] = 45
    found = find_tissues(with_hu(scan.ct, hu), scan.labels, SETTINGS, vessel).found
    assert found["blood"].hu == pytest.approx(45.0, abs=0.1)
    assert "blood" in find_tissues(scan.ct, scan.labels, SETTINGS).missing


def test_the_peak_stays_where_a_second_tissue_is_mixed_in() -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(50.0, 8.0, 8000), rng.normal(-20.0, 20.0, 4000)])
    assert peak_of(values).hu == pytest.approx(50.0, abs=1.5)
    assert abs(values.mean() - 50.0) > 15.0


def test_compact_bone_is_read_clear_of_its_surfaces() -> None:
    scan = body(noise=5.0)
    thick = np.where(scan.labels > 0, 1300, scan.ct.hu).astype(np.int16)
    found = find_tissues(with_hu(scan.ct, thick), scan.labels, SETTINGS).found
    assert found["cortical_bone"].hu == pytest.approx(1300.0, abs=1.0)


def test_air_with_hardly_any_noise_is_not_taken_for_padding() -> None:
    quiet = body(noise=0.7)
    assert find_tissues(quiet.ct, quiet.labels, SETTINGS).found["air"].hu == pytest.approx(
        Beam.of(120.0).hu["air"], abs=2
    )
