"""The tables of the study of densitometry, from its rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from densitometry_study_scans import SITES
from study_tables import markdown

Row = dict[str, Any]
COVERAGE = 1.96
LIMIT_T = -2.5
REGIONS = ("head", "neck", "trochanteric", "intertrochanteric", "total_hip")
MASKS = ("network", "truth")


def report(rows: Sequence[Row]) -> str:
    """All tables in Markdown."""
    if not rows:
        return "No row yet."
    patients, scans = len({row["seed"] for row in rows}), {row["seed"]: row for row in rows}.values()
    refused = [row for row in scans if row["refused"]]
    plain = [row for row in rows if row["phase"] == "none"]
    parts = [f"{patients} patients; densities refused or withheld in {len(refused)} scans: {_counted(refused)}"]
    parts.append("## Trabecular density against a perfect phantom in the true mask, mg/cm3\n\n" + _density(plain))
    parts.append("## The same for the total hip, by protocol and tube voltage\n\n" + _by_protocol(plain))
    parts.append("## By region and protocol, network's masks\n\n" + _by_region_and_protocol(plain))
    parts.append("## What tube voltage and scanner shift, total hip\n\n" + _shift(plain))
    parts.append("## Areal BMD and T-score against the truth\n\n" + _areal(plain))
    parts.append("## Status\n\n" + _status(plain))
    parts.append("## Landmarks\n\n" + _landmarks(rows))
    parts.append("## Withheld\n\n" + _withheld(rows))
    return "\n\n".join(parts)


def _counted(rows: Sequence[Row]) -> str:
    phases = sorted({row["phase"] for row in rows})
    return ", ".join(f"{sum(row['phase'] == phase for row in rows)} of phase {phase}" for phase in phases) or "none"


def words(values: Sequence[float] | np.ndarray) -> str:
    """Mean, standard deviation and largest."""
    found = np.asarray(values, float)
    if len(found) < 2:
        return "-"
    return f"{found.mean():+.2f} +- {found.std(ddof=1):.2f} ({np.abs(found).max():.2f})"


def _of(rows: Sequence[Row], masks: str, region: str) -> list[Row]:
    return [row["regions"][region] for row in rows if row["masks"] == masks and region in row["regions"]]


def _density(rows: Sequence[Row]) -> str:
    head = (
        "region",
        *(f"{m} masks, internal" for m in MASKS),
        "n",
        "inside the stated 95 %",
        "fixed, own voltage",
        "fixed, 120 kVp",
    )
    lines = []
    for region in REGIONS:
        cells = [words([e["vbmd"] - e["perfect"] for e in _of(rows, masks, region)]) for masks in MASKS]
        found, true = _of(rows, "network", region), _of(rows, "truth", region)
        inside = np.mean([abs(e["vbmd"] - e["perfect"]) < COVERAGE * e["sd"] for e in found]) if found else np.nan
        fixed = [words([e[line] - e["perfect"] for e in true]) for line in ("own", "at_120")]
        lines.append((region, *cells, len(found), f"{100 * inside:.0f} %", *fixed))
    return markdown(head, lines)


def _by_protocol(rows: Sequence[Row]) -> str:
    lines = []
    groups = [("kind", kind) for kind in sorted({row["kind"] for row in rows})]
    groups += [("kvp", kvp) for kvp in sorted({row["kvp"] for row in rows})]
    for name, value in groups:
        some = [row for row in rows if row[name] == value]
        cells = [words([e["vbmd"] - e["perfect"] for e in _of(some, masks, "total_hip")]) for masks in MASKS]
        lines.append((f"{value:g} kVp" if name == "kvp" else value, len(_of(some, "network", "total_hip")), *cells))
    return markdown(("scans", "femora", *(f"{m} masks" for m in MASKS)), lines)


def _by_region_and_protocol(rows: Sequence[Row]) -> str:
    kinds = sorted({row["kind"] for row in rows})
    lines = []
    for region in REGIONS:
        some = (
            [e["vbmd"] - e["perfect"] for e in _of([r for r in rows if r["kind"] == k], "network", region)]
            for k in kinds
        )
        lines.append((region, *(words(errors) for errors in some)))
    return markdown(("region", *kinds), lines)


def _withheld(rows: Sequence[Row]) -> str:
    """Femora whose density is withheld, by phase, masks and reason."""
    counts: dict[tuple[str, str, str], int] = {}
    for row in rows:
        why = row["withheld"] or row.get("no_density", "")
        if why:
            key = (row["phase"], row["masks"], why[:110])
            counts[key] = counts.get(key, 0) + 1
    return markdown(("phase", "masks", "why", "femora"), [(*key, count) for key, count in sorted(counts.items())])


def _shift(rows: Sequence[Row]) -> str:
    """Spread of the error over voltages and scanners, with HU read by one line and after internal calibration."""
    true = _of(rows, "truth", "total_hip")
    if not true:
        return "-"
    spread = {
        name: float(np.sqrt(np.mean([(e[name] - e["perfect"]) ** 2 for e in true])))
        for name in ("at_120", "own", "vbmd")
    }
    removed = 1.0 - spread["vbmd"] / spread["at_120"]
    return (
        f"Root mean square error {spread['at_120']:.1f} mg/cm3 when HU are read as if at 120 kVp, {spread['own']:.1f} "
        f"by the own voltage's fixed line, {spread['vbmd']:.1f} after internal calibration: {100 * removed:.0f} % gone."
    )


def _areal(rows: Sequence[Row]) -> str:
    head = (
        "masks",
        "site",
        "n",
        "mean +- SD (largest), g/cm2",
        "limits of agreement",
        "r",
        "T-score RMSE",
        "inside 95 %",
    )
    lines = []
    for masks in MASKS:
        for site in SITES:
            pairs = [
                (row["areal"][site], row["truth"]) for row in rows if row["masks"] == masks and site in row["areal"]
            ]
            if len(pairs) < 2:
                continue
            off = np.array([found["abmd"] - true["abmd"][site] for found, true in pairs])
            sd = off.std(ddof=1)
            r = np.corrcoef([f["abmd"] for f, _ in pairs], [t["abmd"][site] for _, t in pairs])[0, 1]
            scores = np.array([f["t_score"] - t["t_score"][site] for f, t in pairs if f["t_score"] is not None])
            inside = np.mean([abs(o) < COVERAGE * f["sd"] for o, (f, _) in zip(off, pairs, strict=True)])
            limits = f"{off.mean() - COVERAGE * sd:+.3f} to {off.mean() + COVERAGE * sd:+.3f}"
            cells = (f"{off.mean():+.3f} +- {sd:.3f} ({np.abs(off).max():.3f})", limits, f"{r:.3f}")
            lines.append(
                (masks, site, len(pairs), *cells, f"{np.sqrt(np.mean(scores**2)):.2f}", f"{100 * inside:.0f} %")
            )
    return markdown(head, lines)


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve; ties count half."""
    from scipy.stats import rankdata

    n, m = int(positive.sum()), int((~positive).sum())
    return float((rankdata(scores)[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def _status(rows: Sequence[Row]) -> str:
    lines = []
    for masks in MASKS:
        own = [row for row in rows if row["masks"] == masks and "femoral_neck" in row["areal"]]
        scores = np.array([row["areal"]["femoral_neck"]["abmd"] for row in own])
        sick = np.array([row["truth"]["t_score"]["femoral_neck"] <= LIMIT_T for row in own], bool)
        given = [row for row in own if row["status"] is not None]
        right = sum(row["status"] == _class(row["truth"]["t_score"]["femoral_neck"]) for row in given)
        lines.append(
            (masks, len(own), int(sick.sum()), f"{auc(-scores, sick):.3f}", len(given), right, len(own) - len(given))
        )
    return markdown(("masks", "femora", "osteoporosis", "AUC", "status given", "of these right", "withheld"), lines)


def _class(t_score: float) -> str:
    return "normal" if t_score >= -1.0 else "osteopenia" if t_score > LIMIT_T else "osteoporosis"


def _landmarks(rows: Sequence[Row]) -> str:
    lines = []
    for masks in MASKS:
        errors: dict[str, list[float]] = {
            "head centre, mm": [],
            "neck axis, degrees": [],
            "neck-shaft angle, degrees": [],
        }
        for row in (row for row in rows if row["masks"] == masks):
            found, true = row["landmarks"], row["truth"]
            if "head_centre" in found:
                errors["head centre, mm"].append(
                    float(np.linalg.norm(np.subtract(found["head_centre"], true["head_centre"])))
                )
            if "neck_axis" in found:
                axis = np.subtract(true["neck_centre"], true["head_centre"])
                cosine = float(np.dot(axis, found["neck_axis"]) / np.linalg.norm(axis))
                errors["neck axis, degrees"].append(float(np.degrees(np.arccos(min(1.0, abs(cosine))))))
            if "neck_shaft_angle_deg" in found:
                off = abs(found["neck_shaft_angle_deg"] - true["neck_shaft_angle_deg"])
                errors["neck-shaft angle, degrees"].append(float(off))
        for (name, values), limit in zip(errors.items(), (1.5, 4.0, 3.0), strict=True):
            if values:
                share = 100 * np.mean(np.array(values) <= limit)
                lines.append(
                    (
                        masks,
                        name,
                        len(values),
                        f"{np.mean(values):.2f}",
                        f"{np.percentile(values, 95):.2f}",
                        f"{share:.1f} % within {limit:g}",
                    )
                )
    return markdown(("masks", "landmark", "n", "mean error", "95th percentile", "bar"), lines)
