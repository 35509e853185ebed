"""IBSI's reference values by our names: which line of its table is which feature."""

from __future__ import annotations

import csv
from pathlib import Path

PLAIN = {
    "morph_volume": "shape_MeshVolume",
    "morph_vol_approx": "shape_VoxelVolume",
    "morph_area_mesh": "shape_SurfaceArea",
    "morph_av": "shape_SurfaceVolumeRatio",
    "morph_comp_1": "shape_Compactness1",
    "morph_comp_2": "shape_Compactness2",
    "morph_sph_dispr": "shape_SphericalDisproportion",
    "morph_sphericity": "shape_Sphericity",
    "morph_diam": "shape_Maximum3DDiameter",
    "morph_pca_maj_axis": "shape_MajorAxisLength",
    "morph_pca_min_axis": "shape_MinorAxisLength",
    "morph_pca_least_axis": "shape_LeastAxisLength",
    "morph_pca_elongation": "shape_Elongation",
    "morph_pca_flatness": "shape_Flatness",
    "stat_mean": "firstorder_Mean",
    "stat_var": "firstorder_Variance",
    "stat_skew": "firstorder_Skewness",
    "stat_kurt": "firstorder_Kurtosis",
    "stat_median": "firstorder_Median",
    "stat_min": "firstorder_Minimum",
    "stat_p10": "firstorder_10Percentile",
    "stat_p90": "firstorder_90Percentile",
    "stat_max": "firstorder_Maximum",
    "stat_iqr": "firstorder_InterquartileRange",
    "stat_range": "firstorder_Range",
    "stat_mad": "firstorder_MeanAbsoluteDeviation",
    "stat_rmad": "firstorder_RobustMeanAbsoluteDeviation",
    "stat_energy": "firstorder_Energy",
    "stat_rms": "firstorder_RootMeanSquared",
    "ih_entropy": "firstorder_Entropy",
    "ih_uniformity": "firstorder_Uniformity",
}

CO_OCCURRENCE = {
    "cm_joint_max": "MaximumProbability",
    "cm_joint_avg": "JointAverage",
    "cm_joint_var": "SumSquares",
    "cm_joint_entr": "JointEntropy",
    "cm_diff_avg": "DifferenceAverage",
    "cm_diff_var": "DifferenceVariance",
    "cm_diff_entr": "DifferenceEntropy",
    "cm_sum_avg": "SumAverage",
    "cm_sum_var": "ClusterTendency",
    "cm_sum_entr": "SumEntropy",
    "cm_energy": "JointEnergy",
    "cm_contrast": "Contrast",
    "cm_inv_diff": "Id",
    "cm_inv_diff_norm": "Idn",
    "cm_inv_diff_mom": "Idm",
    "cm_inv_diff_mom_norm": "Idmn",
    "cm_inv_var": "InverseVariance",
    "cm_corr": "Correlation",
    "cm_auto_corr": "Autocorrelation",
    "cm_clust_tend": "ClusterTendency",
    "cm_clust_shade": "ClusterShade",
    "cm_clust_prom": "ClusterProminence",
    "cm_info_corr1": "Imc1",
    "cm_info_corr2": "Imc2",
}

_SIZES = ("sre", "lre", "lgre", "hgre", "srlge", "srhge", "lrlge", "lrhge", "glnu", "glnu_norm", "rlnu", "rlnu_norm")
RUN_LENGTHS = dict(
    zip(
        [f"rlm_{name}" for name in (*_SIZES, "r_perc", "gl_var", "rl_var", "rl_entr")],
        (
            *("ShortRunEmphasis", "LongRunEmphasis", "LowGrayLevelRunEmphasis", "HighGrayLevelRunEmphasis"),
            *("ShortRunLowGrayLevelEmphasis", "ShortRunHighGrayLevelEmphasis", "LongRunLowGrayLevelEmphasis"),
            *("LongRunHighGrayLevelEmphasis", "GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized"),
            *("RunLengthNonUniformity", "RunLengthNonUniformityNormalized", "RunPercentage", "GrayLevelVariance"),
            *("RunVariance", "RunEntropy"),
        ),
        strict=True,
    )
)
_ZONES = ("sze", "lze", "lgze", "hgze", "szlge", "szhge", "lzlge", "lzhge", "glnu", "glnu_norm", "zsnu", "zsnu_norm")
SIZE_ZONES = dict(
    zip(
        [f"szm_{name}" for name in (*_ZONES, "z_perc", "gl_var", "zs_var", "zs_entr")],
        (
            *("SmallAreaEmphasis", "LargeAreaEmphasis", "LowGrayLevelZoneEmphasis", "HighGrayLevelZoneEmphasis"),
            *("SmallAreaLowGrayLevelEmphasis", "SmallAreaHighGrayLevelEmphasis", "LargeAreaLowGrayLevelEmphasis"),
            *("LargeAreaHighGrayLevelEmphasis", "GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized"),
            *("SizeZoneNonUniformity", "SizeZoneNonUniformityNormalized", "ZonePercentage", "GrayLevelVariance"),
            *("ZoneVariance", "ZoneEntropy"),
        ),
        strict=True,
    )
)
TONE_DIFFERENCE = {
    f"ngt_{name.lower()}": name for name in ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength")
}
_DEPENDENCES = ("lde", "hde", "lgce", "hgce", "ldlge", "ldhge", "hdlge", "hdhge", "glnu", "dcnu", "dcnu_norm")
DEPENDENCE = dict(
    zip(
        [f"ngl_{name}" for name in (*_DEPENDENCES, "gl_var", "dc_var", "dc_entr")],
        (
            *("SmallDependenceEmphasis", "LargeDependenceEmphasis", "LowGrayLevelEmphasis", "HighGrayLevelEmphasis"),
            *("SmallDependenceLowGrayLevelEmphasis", "SmallDependenceHighGrayLevelEmphasis"),
            *("LargeDependenceLowGrayLevelEmphasis", "LargeDependenceHighGrayLevelEmphasis"),
            *("GrayLevelNonUniformity", "DependenceNonUniformity", "DependenceNonUniformityNormalized"),
            *("GrayLevelVariance", "DependenceVariance", "DependenceEntropy"),
        ),
        strict=True,
    )
)


def our_name(tag: str, averaged: str, merged: str, whole: str) -> tuple[str, str] | None:
    """("averaged" or "merged", our feature) of a line of the table; None where we do not have it.

    Args:
        tag: of the line. averaged, merged, whole: how the tags of matrices end that are averaged over the directions,
            merged, or have no direction.
    """
    if tag in PLAIN:
        return "averaged", PLAIN[tag]
    for names, kind in ((CO_OCCURRENCE, "glcm"), (RUN_LENGTHS, "glrlm")):
        for way, ending in (("averaged", averaged), ("merged", merged)):
            if tag.endswith(ending) and tag[: -len(ending)] in names:
                return way, f"{kind}_{names[tag[: -len(ending)]]}"
    for names, kind in ((SIZE_ZONES, "glszm"), (TONE_DIFFERENCE, "ngtdm"), (DEPENDENCE, "gldm")):
        if tag.endswith(whole) and tag[: -len(whole)] in names:
            return "averaged", f"{kind}_{names[tag[: -len(whole)]]}"
    return None


def read_table(path: Path) -> list[tuple[str, float, float]]:
    """(tag, value, tolerance) of every line that has a value."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        (row["tag"], float(row["benchmark_value"]), float(row["tolerance"] or 0))
        for row in rows
        if row["benchmark_value"]
    ]
