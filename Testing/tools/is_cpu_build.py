"""Whether the torch that pip would install needs no CUDA: exit code 0 if so, 1 if not.

python Testing/tools/is_cpu_build.py REPORT      the file of: pip install --dry-run --no-deps --report REPORT torch
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OF_CUDA = ("nvidia-", "cuda-", "triton")


def needs_cuda(report: Mapping[str, Any]) -> bool:
    """Whether a package in pip's report asks for parts of CUDA on this machine; False where nothing is to be done."""
    from pip._vendor.packaging.requirements import Requirement

    for package in report["install"]:
        for line in package["metadata"].get("requires_dist", ()):
            requirement = Requirement(line)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and requirement.name.lower().startswith(OF_CUDA):
                return True
    return False


if __name__ == "__main__":
    sys.exit(needs_cuda(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
