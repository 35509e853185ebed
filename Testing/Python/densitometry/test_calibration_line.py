"""The line from HU to density: what the physics says, and what tissues tell of scanner and beam."""

from __future__ import annotations

import json

import numpy as np
import pytest

from OsteoScreenLib.densitometry.attenuation import effective_energy_kev, k2hpo4_hu, mass_attenuation, tissue_hu
from OsteoScreenLib.densitometry.beam_energy import expected_energy
from OsteoScreenLib.densitometry.calibrate_fixed import calibrate_fixed
from OsteoScreenLib.densitometry.calibrate_internal import calibrate_internal
from OsteoScreenLib.densitometry.calibration import Calibration, Refusal
from OsteoScreenLib.densitometry.settings import default_settings, with_overrides
from OsteoScreenLib.densitometry.tissue_line import fit_line, true_tissue_hu
from OsteoScreenLib.densitometry.tissue_search import FoundTissue, TissueFindings
from OsteoScreenLib.phantom.attenuation import Beam

SETTINGS = default_settings()
TISSUES = ("air", "fat", "muscle", "cortical_bone")


def shown(kvp: float, scale: float = 1.0, offset: float = 0.0, names: tuple[str, ...] = TISSUES) -> TissueFindings:
    """Tissues as a scanner of this scale and offset shows them."""
    kev = effective_energy_kev(kvp, 26.0)
    assert kev is not None
    hu = {name: scale * (true_tissue_hu(SETTINGS, name, kev) + 1000.0) - 1000.0 + offset for name in names}
    return TissueFindings({name: FoundTissue(value, 5.0, 500.0) for name, value in hu.items()})


def made(tissues: TissueFindings, kvp: float | None, **more: bool) -> Calibration:
    result = calibrate_internal(tissues, SETTINGS, kvp, **more)
    assert isinstance(result, Calibration), result
    return result


def test_mass_attenuation_of_water_is_that_of_nist() -> None:
    # NIST XCOM, total with coherent scatter: 0.2059 cm2/g at 60 keV, 0.1837 at 80, 0.1707 at 100.
    for kev, published in ((60.0, 0.2059), (80.0, 0.1837), (100.0, 0.1707)):
        assert mass_attenuation(SETTINGS, "water", kev) == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize("kvp", [80.0, 100.0, 120.0, 140.0])
def test_one_effective_energy_gives_the_hu_of_the_whole_spectrum(kvp) -> None:
    kev, beam = effective_energy_kev(kvp, 26.0), Beam.of(kvp)
    assert kev is not None
    assert k2hpo4_hu(SETTINGS, kev) == pytest.approx(beam.k2hpo4_hu, rel=0.001)
    assert tissue_hu(SETTINGS, "fat", kev) == pytest.approx(beam.hu["fat"], abs=0.5)
    assert tissue_hu(SETTINGS, "cortical_bone", kev) == pytest.approx(beam.bone_tissue_hu, abs=1.0)


def test_energies_beyond_the_table_are_refused() -> None:
    with pytest.raises(ValueError, match="keV"):
        tissue_hu(SETTINGS, "fat", 200.0)
    assert effective_energy_kev(70.0, 26.0) is None


@pytest.mark.parametrize("kvp", [80.0, 100.0, 120.0, 140.0])
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (0.985, 4.0), (1.012, -5.0)])
def test_a_scanners_scale_and_offset_are_found_in_its_tissues(kvp, scale, offset) -> None:
    calibration, fixed = made(shown(kvp, scale, offset), kvp), calibrate_fixed(SETTINGS, kvp)
    assert isinstance(fixed, Calibration)
    for density in (0.0, 100.0, 300.0):
        hu = scale * (density * Beam.of(kvp).k2hpo4_hu + 1000.0) - 1000.0 + offset
        off, uncalibrated = abs(calibration.density(hu) - density), abs(fixed.density(hu) - density)
        assert off < 2.0 + 0.02 * density
        assert off < 0.5 + 0.6 * uncalibrated


def test_without_the_tissues_the_same_scanner_would_be_misread() -> None:
    fixed = calibrate_fixed(SETTINGS, 120.0)
    assert isinstance(fixed, Calibration)
    hu = 0.985 * (100.0 * Beam.of(120.0).k2hpo4_hu + 1000.0) - 1000.0 + 4.0
    assert abs(fixed.density(hu) - 100.0) > 5.0


def test_the_tube_voltage_hardly_matters_to_a_calibrated_density() -> None:
    densities = [made(shown(kvp), kvp).density(150.0 * Beam.of(kvp).k2hpo4_hu) for kvp in (80.0, 100.0, 120.0, 140.0)]
    uncalibrated = [150.0 * Beam.of(kvp).k2hpo4_hu for kvp in (80.0, 140.0)]
    assert np.ptp(densities) < 2.0
    assert uncalibrated[0] - uncalibrated[1] > 80.0


def test_what_the_tissues_leave_open_stays_uncertain() -> None:
    energy = expected_energy(SETTINGS, None)
    nothing = fit_line({}, SETTINGS, energy)
    kev = energy.kev
    some = fit_line({name: true_tissue_hu(SETTINGS, name, kev) for name in TISSUES}, SETTINGS, energy)
    assert some.covariance[0] < nothing.covariance[0]
    assert some.parameters_covariance[0, 0] < 0.5 * nothing.parameters_covariance[0, 0]
    known, unknown = made(shown(120.0), 120.0), made(shown(120.0), None)
    assert unknown.uncertainty_mg_cm3 > 1.15 * known.uncertainty_mg_cm3


def test_the_stated_uncertainty_holds_for_tissues_that_vary_as_stated() -> None:
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(120):
        kev = rng.normal(69.86, SETTINGS.number("energy.sd_kev"))
        scale, offset = rng.normal(1.0, 0.01), rng.normal(0.0, 5.0)
        hu = {}
        for name in TISSUES:
            true = true_tissue_hu(SETTINGS, name, kev) + rng.normal(0.0, SETTINGS.number(f"internal.{name}.sd_hu"))
            hu[name] = scale * (true + 1000.0) - 1000.0 + offset
        line = fit_line(hu, SETTINGS, expected_energy(SETTINGS, 120.0))
        seen = scale * (100.0 * k2hpo4_hu(SETTINGS, kev) + 1000.0) - 1000.0 + offset
        slope, both, intercept = line.covariance
        sd = np.sqrt(slope * seen**2 + 2 * both * seen + intercept)
        inside += abs(line.slope * seen + line.intercept - 100.0) < 1.96 * sd
    assert 0.88 < inside / 120 < 1.0


def test_a_tissue_that_is_not_plausible_is_left_out_and_named() -> None:
    tissues = shown(120.0)
    odd = TissueFindings({**tissues.found, "muscle": FoundTissue(110.0, 5.0, 500.0)})
    calibration = made(odd, 120.0)
    assert "not plausible" in calibration.not_used["muscle"]
    assert "muscle" not in {sample.name for sample in calibration.samples}
    assert not made(tissues, 120.0).not_used


def test_too_few_tissues_are_refused() -> None:
    refusal = calibrate_internal(shown(120.0, names=("air", "fat")), SETTINGS, 120.0)
    assert isinstance(refusal, Refusal)
    assert "2 tissues" in refusal.reason
    assert isinstance(calibrate_internal(shown(120.0, names=("air", "fat", "muscle")), SETTINGS, 120.0), Calibration)


def test_tissues_that_fit_no_line_are_refused() -> None:
    strict = with_overrides(
        {
            "schema_version": 1,
            "site": "A",
            "settings": {"internal.fat.plausible_hu": {"value": [-300, 0], "source": "test"}},
        }
    )
    tissues = shown(120.0)
    odd = TissueFindings({**tissues.found, "fat": FoundTissue(-20.0, 5.0, 500.0)})
    refusal = calibrate_internal(odd, strict, 120.0)
    assert isinstance(refusal, Refusal)
    assert "do not fit one line" in refusal.reason
    assert isinstance(calibrate_internal(tissues, strict, 120.0), Calibration)


def test_after_contrast_blood_and_muscle_are_not_used() -> None:
    tissues = shown(120.0, names=("air", "fat", "muscle", "blood", "cortical_bone"))
    assert {sample.name for sample in made(tissues, 120.0).samples} >= {"muscle", "blood"}
    enhanced = made(tissues, 120.0, contrast=True)
    assert {sample.name for sample in enhanced.samples} == {"air", "fat", "cortical_bone"}
    assert "contrast" in enhanced.not_used["blood"]


def test_the_fixed_line_says_that_it_is_weak_and_needs_a_voltage() -> None:
    fixed = calibrate_fixed(SETTINGS, 120.0)
    assert isinstance(fixed, Calibration)
    assert fixed.weak
    assert "weak" in fixed.explanation
    assert fixed.uncertainty_mg_cm3 > 1.5 * made(shown(120.0), 120.0).uncertainty_mg_cm3
    assert not made(shown(120.0), 120.0).weak
    for kvp in (None, 60.0):
        assert isinstance(calibrate_fixed(SETTINGS, kvp), Refusal)
    change = {"fixed.allowed": {"value": False, "source": "policy"}}
    never = with_overrides({"schema_version": 1, "site": "A", "settings": change})
    assert isinstance(calibrate_fixed(never, 120.0), Refusal)


def test_a_calibration_round_trips_as_json() -> None:
    calibration = made(shown(100.0, 0.99, 3.0), 100.0)
    assert Calibration.from_dict(json.loads(json.dumps(calibration.to_dict()))) == calibration
    with pytest.raises(ValueError, match="calibration is one of"):
        Calibration.from_dict({**calibration.to_dict(), "method": "guess"})
