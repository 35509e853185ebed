"""Plans a cohort of digital patients: who, at which site, scanned how, labelled with what error, in which split.

Nothing is painted here. A case follows from the cohort's seed and its number alone, so that cases can be made in any
order, in parallel, and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from OsteoScreenLib.phantom.bone_density import expected_neck_abmd
from OsteoScreenLib.phantom.draw_traits import draw_patient
from OsteoScreenLib.phantom.protocol import Protocol
from OsteoScreenLib.phantom.reference_population import STATUSES, t_score, who_status
from OsteoScreenLib.phantom.traits import PatientTraits

FEMUR_PAPER_BALANCE = (0.52, 0.30, 0.19)
"""Normal, osteopenia, osteoporosis: 52, 30 and 19 of the 101 test cases of the femur paper."""

LABEL_ERROR_T = {"DXA": 0.40, "QCT": 0.32}
"""Standard deviation of a measured femoral neck T-score around the truth. A repeated DXA scan of the neck differs by 2
to 2.5 % (Bonnick 2001, J Clin Densitom 4:105), 0.15 to 0.2; positioning, soft tissue and scanners add as much again."""

SPLIT_SHARES = (("train", 355 * 0.7 / 456), ("validation", 355 * 0.3 / 456), ("test", 101 / 456))
"""Of the sites that are not external: 355 cases for development, parted 7:3, and 101 for the test, as in the femur
paper."""
MOST_TRIES = 4000


@dataclass(frozen=True)
class Site:
    """A hospital with its scanner.

    Attributes:
        name: of the site. share: of the cohort.
        manufacturer, model: invented. kvps, kernels, thicknesses_mm: what is used there, each equally often.
        noise: factor on the protocol's noise.
        hu_scale, hu_offset: of this scanner, see ``Protocol``.
        t_score_source: ``DXA`` or ``QCT``. label_bias_t: of its T-scores.
        external: whether its cases are kept out of training.
    """

    name: str
    share: float
    manufacturer: str
    model: str
    kvps: tuple[float, ...]
    kernels: tuple[str, ...]
    thicknesses_mm: tuple[float, ...]
    noise: float
    hu_scale: float
    hu_offset: float
    t_score_source: str
    label_bias_t: float
    external: bool = False


_MAKER = "OsteoScreen Sim"
SITES: tuple[Site, ...] = (
    Site("A", 0.34, _MAKER, "Sim A", (120, 120, 120, 100), ("STANDARD",), (1.5,), 1.0, 1.0, 0.0, "QCT", 0.0),
    Site("B", 0.22, _MAKER, "Sim B", (120, 140), ("SOFT", "STANDARD"), (1.5, 3.0), 0.8, 1.006, 3.0, "DXA", 0.05),
    Site("C", 0.16, _MAKER, "Sim C", (120, 110), ("STANDARD",), (1.5, 2.0), 1.2, 0.992, -4.0, "DXA", -0.08),
    Site("D", 0.10, _MAKER, "Sim D", (120, 100, 80), ("SOFT",), (3.0,), 1.1, 1.003, -2.0, "QCT", 0.03),
    Site("E", 0.18, _MAKER, "Sim E", (120, 130), ("STANDARD", "SOFT"), (2.0, 5.0), 1.3, 1.012, 6.0, "DXA", 0.1, True),
)


@dataclass(frozen=True)
class Case:
    """One planned case.

    Attributes:
        case_id: such as ``case-0001``. traits, protocol: of the digital patient and its scan.
        site: None outside of a cohort. split: ``train``, ``validation``, ``test``, ``external`` or empty.
        label_error_t: what its measured T-score differs from the truth by.
    """

    case_id: str
    traits: PatientTraits
    protocol: Protocol
    site: Site | None = None
    split: str = ""
    label_error_t: float = 0.0


def plain_cases(count: int, seed: int, protocol: Protocol) -> tuple[Case, ...]:
    """``count`` patients with the seeds from ``seed`` upwards, all scanned with one protocol, without labels."""
    return tuple(Case(f"patient-{number + 1:04d}", draw_patient(seed + number), protocol) for number in range(count))


def design_cohort(
    count: int,
    seed: int,
    protocol: Protocol,
    *,
    balance: Sequence[float] | None = FEMUR_PAPER_BALANCE,
    sites: Sequence[Site] = SITES,
) -> tuple[Case, ...]:
    """Plan a cohort.

    Args:
        count: cases. seed: of everything.
        protocol: what every site's protocol is derived from; its phase and field of view stay.
        balance: shares of normal, osteopenia and osteoporosis that are aimed at, by the expected density of the neck
            and the label's error; None leaves them to the population. The painted femur has its own neck, so the
            shares come out near these, not exactly so.
        sites: shares need not sum to 1.

    Raises:
        ValueError: no site, or a balance that is not three shares.
    """
    if not sites:
        raise ValueError("a cohort needs at least one site")
    if balance is not None and (len(balance) != len(STATUSES) or min(balance) < 0 or sum(balance) <= 0):
        raise ValueError(f"a balance is three shares (normal, osteopenia, osteoporosis), not {balance}")
    rng = np.random.default_rng([seed, *b"cohort"])
    site_order, status_order = rng.permutation(count).tolist(), rng.permutation(count).tolist()
    wanted = None if balance is None else [STATUSES[k] for k in _allotted(balance, count)]
    places = [sites[k] for k in _allotted([site.share for site in sites], count)]
    cases = []
    for number in range(count):
        status = None if wanted is None else wanted[status_order[number]]
        cases.append(_draw_case(number, seed, protocol, places[site_order[number]], status))
    return _with_splits(cases, rng, {case.case_id: _expected_status(case) for case in cases})


def _allotted(shares: Sequence[float], count: int) -> list[int]:
    """``count`` indices in proportion to the shares, largest remainders first, spread evenly."""
    exact = np.asarray(shares, dtype=float) / sum(shares) * count
    whole = np.floor(exact).astype(int)
    for k in np.argsort(whole - exact, kind="stable")[: count - int(whole.sum())]:
        whole[k] += 1
    keys = [((j + 0.5) / n, k) for k, n in enumerate(whole.tolist()) for j in range(n)]
    return [k for _, k in sorted(keys)]


def _draw_case(number: int, seed: int, protocol: Protocol, site: Site, status: str | None) -> Case:
    rng = np.random.default_rng([seed, number, *b"case"])
    error = site.label_bias_t + LABEL_ERROR_T[site.t_score_source] * float(np.clip(rng.normal(), -3.0, 3.0))
    scan = _site_protocol(protocol, site, rng)
    case = Case(f"case-{number + 1:04d}", draw_patient(0), scan, site, label_error_t=error)
    for _ in range(MOST_TRIES):
        case = replace(case, traits=draw_patient(int(rng.integers(1, 2**31))))
        if status is None or _expected_status(case) == status:
            return case
    raise ValueError(f"no patient of the population is {status} at site {site.name}")


def _expected_status(case: Case) -> str:
    return who_status(t_score("femoral_neck", expected_neck_abmd(case.traits)) + case.label_error_t)


def _site_protocol(base: Protocol, site: Site, rng: np.random.Generator) -> Protocol:
    """The protocol as a site uses it, with what differs from patient to patient."""
    thickness = float(rng.choice(site.thicknesses_mm))
    x_mm, y_mm, _ = base.spacing_xyz_mm
    return replace(
        base,
        kvp=float(rng.choice(site.kvps)),
        kernel=str(rng.choice(site.kernels)),
        noise_hu=round(float(base.noise_hu * site.noise * np.exp(rng.normal(0.0, 0.12))), 2),
        slice_thickness_mm=thickness,
        spacing_xyz_mm=(x_mm, y_mm, thickness),
        tilt_deg=(float(rng.normal(0, 2.0)), float(rng.normal(0, 1.0)), float(rng.normal(0, 1.0))),
        cupping_hu=float(rng.normal(3.0, 1.5)),
        hu_scale=site.hu_scale,
        hu_offset=site.hu_offset + float(rng.normal(0.0, 1.0)),
        manufacturer=site.manufacturer,
        model=site.model,
        site=ord(site.name[0]) - ord("A") + 1,
    )


def _with_splits(cases: Sequence[Case], rng: np.random.Generator, status: dict[str, str]) -> tuple[Case, ...]:
    """Cases with their split: whole sites are external, the rest is divided within each status."""
    split = {case.case_id: "external" for case in cases if case.site is not None and case.site.external}
    for name in STATUSES:
        group = [case.case_id for case in cases if case.case_id not in split and status[case.case_id] == name]
        parts = _allotted([share for _, share in SPLIT_SHARES], len(group))
        for place, part in zip(rng.permutation(len(group)).tolist(), parts, strict=True):
            split[group[place]] = SPLIT_SHARES[part][0]
    return tuple(replace(case, split=split[case.case_id]) for case in cases)
