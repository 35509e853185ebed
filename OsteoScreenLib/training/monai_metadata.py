"""What a MONAI bundle says of itself (``configs/metadata.json``), made from ``model.json``, and its check.

After the MONAI Bundle Specification (MONAI 1.4 and later) and its metadata schema of 2024-07-25, which permits several
networks in a bundle by ``<name>_data_format``. The document of our own bundle goes along under ``osteoscreen``, so that
nothing is lost on the way there and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from OsteoScreenLib.models.network_spec import NetworkSpec

SCHEMA = "https://project-monai.github.io/schema/meta_schema_20240725.json"
OWN_SECTION = "osteoscreen"
MAIN_FORMAT = "network_data_format"

_TEXTS = ("schema", "version", "monai_version", "pytorch_version", "numpy_version")
_MORE_TEXTS = ("task", "description", "authors", "copyright")
_TENSOR = {
    "type": str,
    "format": str,
    "num_channels": int,
    "spatial_shape": list,
    "dtype": str,
    "value_range": list,
    "is_patch_data": bool,
    "channel_def": dict,
}


def metadata_of(
    document: Mapping[str, Any], networks: Mapping[str, NetworkSpec], order: Sequence[str]
) -> dict[str, Any]:
    """The content of ``metadata.json``.

    Args:
        document: ``model.json`` of our bundle.
        networks: of the bundle. order: their names, the main one first.
    """
    main, *others = order
    sources = document["training_data"]
    return {
        "schema": SCHEMA,
        "version": document["version"],
        "changelog": {document["version"]: "Exported from a bundle of OsteoScreen"},
        "monai_version": version("monai"),
        "pytorch_version": version("torch").split("+")[0],
        "numpy_version": version("numpy"),
        "required_packages_version": {"osteoscreen": version("osteoscreen"), "nibabel": "5.2.0"},
        "optional_packages_version": {},
        "name": document["title"],
        "task": document["task"].replace("_", " "),
        "description": f"{document['title']}. Limits: {' '.join(document['limits'])}",
        "authors": "The OsteoScreen developers",
        "copyright": f"Licence: {document['licence']}",
        "data_source": "; ".join(str(source["name"]) for source in sources),
        "data_type": "nibabel",
        "image_classes": "CT in Hounsfield units, clipped and scaled to -1 to 1",
        "label_classes": "1 left femur, 2 right femur",
        "pred_classes": ", ".join(networks[main].channels),
        "eval_metrics": dict(document["metrics"]),
        "intended_use": document["intended_use"],
        "references": [str(source["citation"]) for source in sources if source.get("citation")],
        MAIN_FORMAT: data_format(networks[main]),
        **{f"{name}_data_format": data_format(networks[name]) for name in others},
        OWN_SECTION: {
            "document": {key: value for key, value in document.items() if key != "files"},
            "weights": {name: weights_file(name, order) for name in order},
        },
    }


def weights_file(name: str, order: Sequence[str]) -> str:
    """Where a network's weights lie: the main one's where every MONAI bundle has them."""
    return "models/model.pt" if name == order[0] else f"models/model_{name}.pt"


def data_format(spec: NetworkSpec) -> dict[str, Any]:
    """A network's input and output as MONAI describes tensors."""
    shared = {"type": "image", "spatial_shape": list(spec.patch_zyx), "dtype": "float32", "is_patch_data": True}
    image = {
        **shared,
        "format": "hounsfield",
        "modality": "CT",
        "num_channels": 1,
        "value_range": [-1, 1],
        "channel_def": {"0": "image"},
    }
    several = len(spec.channels) > 1
    prediction = {
        **shared,
        "format": "labels" if several else "segmentation",
        "num_channels": len(spec.channels),
        "value_range": [],
        "channel_def": {str(number): name for number, name in enumerate(spec.channels)},
    }
    return {"inputs": {"image": image}, "outputs": {"pred": prediction}}


def problems_of(metadata: Any) -> list[str]:
    """What in this metadata is not as MONAI's specification wants it; an empty list where all is."""
    if not isinstance(metadata, dict):
        return ["the metadata are no object"]
    problems = [f"{key} is no text" for key in (*_TEXTS, *_MORE_TEXTS) if not isinstance(metadata.get(key), str)]
    packages = metadata.get("required_packages_version", metadata.get("optional_packages_version"))
    if not isinstance(packages, dict):
        problems.append("required_packages_version is no object")
    formats = {key for key in metadata if isinstance(key, str) and key.endswith("_data_format")} | {MAIN_FORMAT}
    for key in sorted(formats):
        problems += _problems_of_format(key, metadata.get(key))
    return problems


def _problems_of_format(key: str, network: Any) -> list[str]:
    if not isinstance(network, dict):
        return [f"{key} is no object"]
    problems = []
    for side in ("inputs", "outputs"):
        tensors = network.get(side)
        if not isinstance(tensors, dict) or not tensors:
            problems.append(f"{key}.{side} is no object with tensors")
            continue
        for name, tensor in tensors.items():
            where = f"{key}.{side}.{name}"
            if not isinstance(tensor, dict):
                problems.append(f"{where} is no object")
                continue
            for field, kind in _TENSOR.items():
                value = tensor.get(field)
                if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                    problems.append(f"{where}.{field} is no {kind.__name__}")
    return problems
