"""ClassifierSpec: a classifier of a bundle, which takes measured features where a network takes an image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassifierSpec:
    """One classifier of a bundle.

    Attributes:
        file: its ONNX file in the bundle's folder: float32 (cases, features) in, scores of the classes out.
        settings: JSON file in the bundle's folder: which features, and what is done with the scores.
        sha256, settings_sha256: hexadecimal digests of the two; what does not have its digest is not used.
    """

    file: str
    settings: str
    sha256: str
    settings_sha256: str
