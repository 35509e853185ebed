"""Write what PyRadiomics gives for the formula images: the values that tests compare with where it is not installed.

    python Testing/tools/radiomics_reference.py

Wants PyRadiomics (the extra ``reference``). Writes Testing/Python/radiomics/pyradiomics_values.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]
sys.path.append(str(ROOT / "Testing" / "Python"))

TARGET = ROOT / "Testing" / "Python" / "radiomics" / "pyradiomics_values.json"


def main() -> int:
    """Compute and write; returns the exit status."""
    from factory.radiomics_cases import (  # type: ignore[import-not-found]
        CASES,
        formula_image,
        formula_mask,
        parameters,
    )

    from OsteoScreenLib.radiomics.pyradiomics_engine import extract_with_pyradiomics
    from OsteoScreenLib.radiomics.settings import Settings

    found: dict[str, dict[str, float]] = {}
    for name in CASES:
        settings = Settings.from_dict(parameters(name))
        row = extract_with_pyradiomics(formula_image(), formula_mask(), settings, labels=[2]).rows[0]
        if row.error is not None:
            raise row.error
        found[name] = dict(row.features)
        print(f"{name}: {len(row.features)} features")
    TARGET.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8", newline="\n")
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
