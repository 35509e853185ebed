"""The configuration by which MONAI runs one of our networks on CT files (``configs/inference.json``)."""

from __future__ import annotations

from typing import Any

from OsteoScreenLib.models.network_spec import NetworkSpec

AXES = "SPL"
"""Order and direction of a volume's axes as the networks want it: superior, posterior, left."""


def inference_config(spec: NetworkSpec, base_channels: int, weights: str, name: str) -> dict[str, Any]:
    """Read every NIfTI file of ``dataset_dir``, run the network by windows, write masks on the files' own grids.

    Args:
        spec: of the network. base_channels: its width. weights: its file in the bundle. name: for the masks' names.

    Wants no further package than MONAI and nibabel.
    """
    several = len(spec.channels) > 1
    low, high = spec.hu_window
    return {
        "imports": ["$import glob", "$import pathlib"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/images'",
        "output_dir": "$@bundle_root + '/eval'",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "datalist": "$sorted(glob.glob(@dataset_dir + '/*.nii*'))",
        "network_def": {
            "_target_": "OsteoScreenLib.training.vbnet.VBNet",
            "channels": len(spec.channels),
            "base": base_channels,
        },
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": _preprocessing(spec.spacing_mm, low, high)},
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': name} for name in @datalist]",
            "transform": "@preprocessing",
        },
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": list(spec.patch_zyx),
            "sw_batch_size": 1,
            "overlap": 0.25,
            "mode": "gaussian",
            "padding_mode": "constant",
            "cval": -1.0,
        },
        "postprocessing": {"_target_": "Compose", "transforms": _postprocessing(several, name)},
        "weights": f"$torch.load(@bundle_root + '/{weights}', map_location='cpu', weights_only=True)",
        "initialize": ["$@network.load_state_dict(@weights)", "$@network.eval()"],
        "evaluate": (
            "$[@postprocessing({**item, 'pred': @inferer(item['image'][None].to(@device), @network)[0].cpu()})"
            " for item in @dataset]"
        ),
        "run": ["$torch.set_grad_enabled(False)", "$@evaluate", "$torch.set_grad_enabled(True)"],
    }


def _preprocessing(spacing_mm: float, low: float, high: float) -> list[dict[str, Any]]:
    return [
        {"_target_": "LoadImaged", "keys": "image", "image_only": True, "ensure_channel_first": True},
        {"_target_": "Orientationd", "keys": "image", "axcodes": AXES},
        {"_target_": "Spacingd", "keys": "image", "pixdim": [spacing_mm] * 3, "mode": "bilinear"},
        {
            "_target_": "ScaleIntensityRanged",
            "keys": "image",
            "a_min": low,
            "a_max": high,
            "b_min": -1.0,
            "b_max": 1.0,
            "clip": True,
        },
    ]


def _postprocessing(several: bool, name: str) -> list[dict[str, Any]]:
    activation = {"softmax": True} if several else {"sigmoid": True}
    decision: dict[str, Any] = {"argmax": True} if several else {"threshold": 0.5}
    return [
        {"_target_": "Activationsd", "keys": "pred", **activation},
        {
            "_target_": "Invertd",
            "keys": "pred",
            "transform": "@preprocessing",
            "orig_keys": "image",
            "nearest_interp": False,
            "to_tensor": True,
        },
        {"_target_": "AsDiscreted", "keys": "pred", **decision},
        {
            "_target_": "SaveImaged",
            "keys": "pred",
            "output_dir": "@output_dir",
            "output_postfix": name,
            "output_dtype": "$numpy.uint8",
            "resample": False,
            "separate_folder": False,
        },
    ]
