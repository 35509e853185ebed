"""The figures of the study of densitometry, from its rows.

python Testing/tools/densitometry_study_figure.py ROWS.jsonl --out Docs/Pictures
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from densitometry_study_scans import SITES, VOLTAGES

Row = dict[str, Any]
COVERAGE = 1.96
SPREAD_KVP = 7.0
LINES = {
    "at_120": ("HU read as if at 120 kVp", "tab:red"),
    "own": ("HU read by the voltage's fixed line", "tab:orange"),
    "vbmd": ("internal calibration", "tab:blue"),
}


def shifts(rows: Sequence[Row], path: Path) -> None:
    """Error of the total hip's trabecular density by tube voltage, with three ways from HU to density."""
    from matplotlib import pyplot

    plain = [r for r in rows if r["phase"] == "none" and r["masks"] == "network" and "total_hip" in r["regions"]]
    figure, axes = pyplot.subplots(1, 3, figsize=(11, 4.2), sharey=True, facecolor="white")
    rng = np.random.default_rng(1)
    for axis, (name, (title, colour)) in zip(axes, LINES.items(), strict=True):
        off = np.array([r["regions"]["total_hip"][name] - r["regions"]["total_hip"]["perfect"] for r in plain])
        kvp = np.array([r["kvp"] for r in plain])
        axis.axhline(0.0, color="grey", lw=0.8)
        axis.scatter(kvp + rng.uniform(-SPREAD_KVP, SPREAD_KVP, len(kvp)), off, s=8, alpha=0.5, color=colour)
        for voltage in sorted(VOLTAGES):
            here = off[kvp == voltage]
            if len(here):
                axis.plot([voltage - 8, voltage + 8], [here.mean()] * 2, color="black", lw=2)
        axis.set_title(f"{title}\nRMS error {np.sqrt(np.mean(off**2)):.1f} mg/cm3", fontsize=10)
        axis.set_xlabel("tube voltage, kVp")
        axis.set_xticks(sorted(VOLTAGES))
    axes[0].set_ylabel("trabecular density of the total hip,\nerror against a perfect phantom, mg/cm3")
    scans = len({r["seed"] for r in plain})
    figure.suptitle(
        f"Simulated: {scans} unenhanced scans, {len(plain)} femora, network's masks; bars: means", fontsize=10
    )
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def agreement(rows: Sequence[Row], path: Path) -> None:
    """Bland and Altman: areal BMD against the truth."""
    from matplotlib import pyplot

    plain = [r for r in rows if r["phase"] == "none" and r["masks"] == "network"]
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.2), sharey=True, facecolor="white")
    for axis, site in zip(axes, SITES, strict=True):
        pairs = np.array([(r["areal"][site]["abmd"], r["truth"]["abmd"][site]) for r in plain if site in r["areal"]])
        middle, off = pairs.mean(axis=1), pairs[:, 0] - pairs[:, 1]
        axis.scatter(middle, off, s=8, alpha=0.6)
        for value, style in ((0.0, "-"), (-COVERAGE, "--"), (COVERAGE, "--")):
            level = off.mean() + value * off.std(ddof=1)
            axis.axhline(level, color="black", ls=style, lw=1)
            axis.text(middle.max(), level, f"{level:+.3f}", ha="right", va="bottom", fontsize=8)
        axis.axhline(0.0, color="grey", lw=0.6)
        r = np.corrcoef(pairs.T)[0, 1]
        axis.set_title(f"{site.replace('_', ' ')}: {len(off)} femora, r = {r:.3f}", fontsize=10)
        axis.set_xlabel("mean of measured and true areal BMD, g/cm2")
    axes[0].set_ylabel("measured less true, g/cm2")
    figure.suptitle("Simulated, network's masks, internal calibration; dashed: limits of agreement", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw both."""
    import matplotlib

    matplotlib.use("Agg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    rows = [json.loads(line) for line in options.rows.read_text().splitlines()]
    shifts(rows, options.out / "densitometry-voltage.png")
    agreement(rows, options.out / "densitometry-agreement.png")


if __name__ == "__main__":
    main()
