"""Write down what R's pROC, dcurves, statsmodels, pingouin and scikit-learn say of sets made by a formula.

    python Testing/tools/record_statistics.py

Wants all of those programs. Writes Testing/Python/evaluation/other_programs.json, which the tests compare with where
they are not installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "Testing" / "Python"))

TARGET = ROOT / "Testing" / "Python" / "evaluation" / "other_programs.json"


def main() -> None:
    """Compute and write; the versions are written too."""
    from factory.statistics_references import everything  # type: ignore[import-not-found]

    r = ["Rscript", "-e", 'cat(as.character(packageVersion("pROC")))']
    versions = {name: version(name) for name in ("dcurves", "statsmodels", "pingouin", "scikit-learn")}
    versions["pROC"] = subprocess.run(r, check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        found = {"versions": versions, **everything(Path(folder))}
    TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
