"""Values as JSON can hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from OsteoScreenLib.quality.flag import QualityFlag
from OsteoScreenLib.segmentation.femur_masks import FemurFinding


def plain(value: Any) -> Any:
    """The value as JSON can hold it: numpy scalars and arrays as Python's own, a number that is not finite as None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def plain_flag(flag: QualityFlag) -> QualityFlag:
    """The flag, with evidence that JSON can hold."""
    return replace(flag, evidence=plain(flag.evidence))


def plain_finding(finding: FemurFinding) -> FemurFinding:
    """The finding, with numbers that JSON can hold."""
    return FemurFinding.from_dict(plain(finding.to_dict()))
