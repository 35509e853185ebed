"""What to compute and how: PyRadiomics' parameters, checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from OsteoScreenLib.errors import UsageError, printable
from OsteoScreenLib.radiomics.feature_names import DEFAULT_CLASSES, FEATURES, NOT_COMPUTED, known_features
from OsteoScreenLib.radiomics.settings_rules import DEFAULTS, OF_IMAGE_TYPE, SETTING, VOXEL_SETTING, Rule
from OsteoScreenLib.radiomics.texture_options import TextureOptions

IMAGE_TYPES = (
    *("Original", "LoG", "Wavelet", "Square", "SquareRoot", "Logarithm", "Exponential", "Gradient"),
    *("LBP2D", "LBP3D"),
)
NOT_OFFERED = ("LBP2D", "LBP3D")
"""PyRadiomics' local binary patterns want scikit-image and trimesh; its 3D one does not run with SciPy since 1.15."""

_SECTIONS = ("setting", "featureClass", "imageType", "voxelSetting")
_MAX_NAME = 60


@dataclass(frozen=True)
class Settings:
    """Parameters of an extraction.

    Attributes:
        values: PyRadiomics' ``setting`` over its defaults, and ``ibsi``.
        image_types: by name in order, with the settings that hold for that image type only.
        feature_classes: by name in order: the features of each, None for all.
        notes: what was read and has no effect here, in sentences.
        named_label: the label that the parameters name; None where they leave it to the default.
    """

    values: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    image_types: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"Original": {}})
    feature_classes: Mapping[str, tuple[str, ...] | None] = field(
        default_factory=lambda: dict.fromkeys(DEFAULT_CLASSES)
    )
    notes: tuple[str, ...] = ()
    named_label: int | None = None

    @property
    def ibsi(self) -> bool:
        """Whether IBSI's definitions hold where PyRadiomics' differ."""
        return bool(self.values.get("ibsi", False))

    @property
    def resamples(self) -> bool:
        """Whether image and mask are put onto another grid first."""
        return self.values["resampledPixelSpacing"] is not None and self.values["interpolator"] is not None

    def of_image_type(self, name: str) -> dict[str, Any]:
        """The settings that hold for one image type."""
        return {**self.values, **self.image_types[name]}

    def features(self, feature_class: str) -> tuple[str, ...]:
        """The features to compute of an enabled class, in order."""
        named = self.feature_classes[feature_class]
        if not named:
            return FEATURES[feature_class]
        left_out = NOT_COMPUTED.get(feature_class, ())
        return tuple(name for name in named if name not in left_out)

    @classmethod
    def from_dict(cls, data: object) -> Settings:
        """Check what a parameter file holds.

        Raises:
            UsageError: an unknown key, class, feature or image type, or a value that is not right; says which.
        """
        if not isinstance(data, Mapping):
            raise UsageError("The parameters are not a mapping of sections", next_step=_advice(_SECTIONS))
        _refuse_unknown("section", data, _SECTIONS)
        sections: dict[str, Any] = {name: {} if data.get(name) is None else data[name] for name in _SECTIONS}
        for name, content in sections.items():
            if not isinstance(content, Mapping):
                raise UsageError(f"The section {name} is not a mapping of names to values")
        _check_values("setting", sections["setting"], SETTING)
        _check_values("voxelSetting", sections["voxelSetting"], VOXEL_SETTING)
        values = {**DEFAULTS, **sections["setting"]}
        if values.get("label_channel", 0) != 0:
            raise UsageError(
                "label_channel is not supported: masks with several components are not read",
                next_step="Save the segment as a mask of its own and give that.",
            )
        notes = ["voxelSetting has no effect: features are of whole regions."] if sections["voxelSetting"] else []
        classes = _classes(sections["featureClass"], notes, bool(values["force2D"]))
        return cls(values, _image_types(sections["imageType"]), classes, tuple(notes), sections["setting"].get("label"))

    def to_dict(self) -> dict[str, Any]:
        """The same as PyRadiomics' parameter file would say it."""
        return {
            "setting": dict(self.values),
            "imageType": {name: dict(own) for name, own in self.image_types.items()},
            "featureClass": {name: list(named) if named else None for name, named in self.feature_classes.items()},
        }


def texture_options(values: Mapping[str, Any]) -> TextureOptions:
    """The texture matrices' options among the settings of one image type."""
    return TextureOptions(
        distances=tuple(values["distances"]),
        flat_axis=values["force2Ddimension"] if values["force2D"] else None,
        symmetrical=values.get("symmetricalGLCM", True),
        weighting_norm=values.get("weightingNorm"),
        dependence=values.get("gldm_a", 0),
    )


def _image_types(section: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    _refuse_unknown("image type", section, IMAGE_TYPES)
    found: dict[str, Mapping[str, Any]] = {}
    for name, own in section.items():
        if name in NOT_OFFERED:
            raise UsageError(
                f"The image type {name} (local binary patterns) is not offered",
                next_step=f"Take {name} out of imageType, or use --engine pyradiomics with scikit-image or trimesh.",
                code="unsupported_image_type",
            )
        if own is not None and not isinstance(own, Mapping):
            raise UsageError(f"The settings of the image type {name} are not a mapping of names to values")
        _check_values(f"imageType {name}", own or {}, OF_IMAGE_TYPE)
        found[name] = dict(own or {})
    return found or {"Original": {}}


def _classes(section: Mapping[str, Any], notes: list[str], flat: bool) -> dict[str, tuple[str, ...] | None]:
    _refuse_unknown("feature class", section, FEATURES)
    found: dict[str, tuple[str, ...] | None] = {}
    for name, features in section.items():
        if features is not None and not isinstance(features, (list, tuple)):
            raise UsageError(f"The features of the class {name} are not a list")
        _refuse_unknown(f"feature of the class {name}", features or (), known_features(name))
        found[name] = tuple(features) if features else None
        notes += [
            f"{name} {feature} is not computed: PyRadiomics dropped it, as another feature is equal."
            for feature in features or ()
            if feature in NOT_COMPUTED.get(name, ())
        ]
    return found or dict.fromkeys(FEATURES if flat else DEFAULT_CLASSES)


def _check_values(where: str, values: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    _refuse_unknown(f"key of {where}", values, rules)
    for name, value in values.items():
        if wrong := rules[name](value):
            shown = printable(repr(value))[:_MAX_NAME]
            raise UsageError(f"{name} in {where} is {shown}; it {wrong}", code="wrong_setting")


def _refuse_unknown(what: str, names: Iterable[Any], known: Iterable[str]) -> None:
    known = list(known)
    for name in names:
        if not isinstance(name, str) or name not in known:
            shown = printable(str(name))[:_MAX_NAME]
            near = difflib.get_close_matches(shown, known, n=1, cutoff=0.6)
            advice = f"Did you mean {near[0]}?" if near else _advice(known)
            raise UsageError(f"{shown} is not a known {what}", next_step=advice, code="unknown_setting")


def _advice(known: Iterable[str]) -> str:
    return f"Known are: {', '.join(known)}."
