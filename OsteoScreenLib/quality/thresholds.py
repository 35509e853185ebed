"""Every threshold of the quality checks, with its unit and its source.

'Own choice' marks a number that no publication fixes; the reason stands beside it. They are shown in
``Docs/quality-flags.md``.
"""

from __future__ import annotations

# Tube voltage. AAPM 2026 abstract, N = 16,747: mean L1 HU of people over 60 years by tube voltage.
REFERENCE_KVP = 120.0
KVP_TOLERANCE = 1.0
"""kV. Own choice: headers round to whole kilovolts."""
PUBLISHED_L1_CHANGE_PERCENT = {100: +5.0, 140: -7.0}
"""L1 HU relative to 120 kVp, in per cent: 148.1 and 131.3 against 140.9 HU (AAPM 2026 abstract)."""

# Slice thickness. 1.25 and 2.5 mm are not interchangeable with 5 mm for density and texture (PMC4000020).
THICK_SLICES_WARN_MM = 3.0
THICK_SLICES_WITHHOLD_MM = 5.0
THICKNESS_TOLERANCE_MM = 0.01
"""Own choice: headers round a thickness to hundredths of a millimetre."""
GAP_RATIO = 1.5
"""Own choice: slices that lie more than 1.5 thicknesses apart leave tissue unseen; then the distance counts."""

# The stack of slices.
MIN_SLICES = 10
"""Own choice: fewer slices do not hold a vertebral body or a femoral neck at 3 mm."""
MIN_EXTENT_MM = 30.0
"""Own choice: about the height of a lumbar vertebral body; less holds no complete measuring region."""
GAP_WITHHOLD_MM = 5.0
"""Own choice, the same limit as for thick slices: over a larger gap texture would be invented."""
UNEVEN_TOLERANCE_MM = 0.1
UNEVEN_TOLERANCE_FRACTION = 0.05
"""Own choice: rounding of positions stays under 0.1 mm; 5 % of the spacing is 5 % of a volume."""
TILT_TOLERANCE_DEG = 0.5
"""Own choice: 0.5 degrees shift a slice by under 1 mm over 100 mm."""

# The grid.
VOXEL_SIZE_MM = (0.02, 50.0)
"""Own choice: no CT of a patient has voxels outside this range; sizes below it are often metres."""
ANISOTROPY_INFO = 2.0
ANISOTROPY_WARN = 5.0
"""Largest by smallest voxel size. Own choice: texture features differ by direction from about 2; from 5 on three-
dimensional features describe the grid as much as the bone."""

# Hounsfield units. Windows of tissue: fat -100 +- 30, muscle 30 +- 35, air -1000 (Michalski 2020, sanity ranges),
# widened for noise, tube voltage and contrast. All fractions are own choices, set so that every real CT at hand passes.
FAT_HU = (-150, -30)
SOFT_TISSUE_HU = (-30, 130)
BODY_ABOVE_HU = -300
MIN_TISSUE_FRACTION = 0.4
"""Fat and soft tissue among all voxels above -300 HU."""
MIN_FAT_FRACTION = 0.005
"""Fat among all voxels above -300 HU: no living body lacks it."""
HISTOGRAM_SMOOTHING_HU = 8
"""Standard deviation of the Gaussian that smooths the histogram: under the width of a tissue peak in a real CT."""
LOWEST_MEASURED_HU = -1150
"""Air is -1000 HU; noise and undershoot reach about -1100. What lies lower in bulk is padding or not HU."""
MAX_BELOW_AIR_FRACTION = 0.01
MISPLACED_AIR_FRACTION = 0.05
"""A narrow peak with at least 5 % of all voxels where neither air nor tissue can lie means scaled data."""
MIN_BONE_FRACTION = 0.002
"""Voxels over 200 HU that moved or scaled values must have before they are named as a CT in disguise."""
NARROW_RANGE = 260.0
"""Fewer distinct grey levels than an 8-bit image (256) plus rounding."""
NORMALISED_RANGE = 10.0
"""Grey values over so small a range were normalised ([0, 1], [-1, 1], z-scores)."""
CLIP_FRACTION = 0.005
CLIP_RATIO = 5.0
CLIP_MIN_VOXELS = 30
"""A clipped end: the last value is 5 times as frequent as its neighbours; at the lower end it holds 0.5 % of all."""
WINDOWED_ABOVE_HU = -500
"""A lower limit from here on loses the difference between air, lung and fat."""
AIR_KEPT_HU = -900
SCANNER_LIMIT_HU = 3000
"""12-bit scanners end at 3071 HU: a limit from here on is the scanner's own."""
BONE_LOST_HU = 600
"""Cortical bone is 1200 +- 250 HU (Michalski 2020); an upper limit below 600 HU cuts off trabecular bone as well."""
PADDING_FRACTION = 0.001

# Noise. Global noise level: mode of the local standard deviation in soft tissue (Christianson et al., AJR 2015).
NOISE_TISSUE_HU = (0.0, 100.0)
PATCH_MM = 10.0
"""Side of a patch. Own choice: small against an organ, large enough for frequencies down to 0.1 per mm."""
PATCH_VOXELS = (6, 16)
NOISE_SLICES = 24
"""Own choice: more slices do not change the mode, and time counts."""
MIN_PATCHES = 50
NOISE_HIGH_HU = 40.0
"""Own choice: as large as the difference between mean L1 HU of normal bone and osteopenia (178 and 143 HU, UK 2023)."""

# Sharpness. Mean frequency of the in-plane noise power spectrum. Own choices, set between the real scans at hand:
# soft and standard kernels 0.25 to 0.33 per mm, a sharp chest kernel 0.39 to 0.41 per mm.
SHARP_MEAN_FREQUENCY_PER_MM = 0.365
SHARP_MAX_PIXEL_MM = 0.9
"""With larger pixels the Nyquist frequency (0.56 per mm) hides the difference between kernels: no claim is made."""
BLUER_THAN_WHITE = 1.03
"""Mean frequency relative to white noise. Neither soft kernels nor interpolation give noise bluer than white."""
MIN_NOISE_HU = 3.0
"""Below this the rounding to whole HU (0.3 HU, white) and structures spoil the spectrum."""

# Coarse grid: block means for everything that is about organs and not about voxels.
COARSE_IN_PLANE_MM = 3.0
COARSE_SLICE_MM = 4.0
COARSE_MAX_VOXELS = 4_000_000

# Contrast agent by evidence: homogeneous regions in the range of enhanced blood and organs that no cortex encloses.
ENHANCED_HU = (130.0, 700.0)
"""HU of 3 mm block means. Unenhanced blood, liver and spleen stay under 80 HU, the thyroid at about 120 HU; the papers'
own warning level for the aorta is 100 HU, which noise and thyroid would reach (own choice: 130)."""
ENHANCED_STEP_HU = 30.0
ENHANCED_STEP_FRACTION = 0.15
"""Largest difference to a neighbouring block inside a homogeneous region."""
ENHANCED_MIN_REGION_ML = 0.5
ENHANCED_MIN_TOTAL_ML = 4.0
"""Own choice: a few centimetres of an enhanced aorta; unenhanced scans at hand show at most 0.7 ml."""
CORTEX_STEP_HU = 60.0
MIN_SOFT_SURROUND = 0.12
"""Share of the surroundings (2 blocks) under 100 HU; vertebral bodies and femoral heads at hand stay under 0.09."""
CORTEX_TO_SOFT = 0.5
"""The share of surroundings brighter than the region by 60 HU may be at most half the share of soft tissue."""
BOWEL_GAS_HU = -900
BOWEL_GAS_RATIO = 0.2
"""Gas within 4 blocks, relative to the region's volume, from which it counts as bowel content."""
BOWEL_REACH_MM = 50.0
"""Own choice: regions this near to bowel with contrast medium, and not larger, count as bowel too."""

# Metal.
METAL_HU = 2500
"""Voxels over 2500 HU: more than enamel and cortical bone at 120 kVp; the limit used for implants in femur checks."""
METAL_MIN_ML = 0.1
METAL_CELL_MM = 5.0
"""Voxels closer than about this make one cluster."""
METAL_MIDLINE_MM = 20.0
"""Within this distance of the body's midline no side is named."""

# Field of view.
BODY_EDGE_HU = -400.0
"""Halfway between air or lung and fat."""
BODY_MIN_THICKNESS_BLOCKS = 2
"""Half the thickness, in coarse blocks, of what is removed as table, sheet or cable."""
BODY_MIN_PART_ML = 30.0
TRUNK_MIN_WIDTH_MM = 200.0
TRUNK_MIN_LEVELS = 0.2
"""Own choice: a trunk is wider than a thigh; a fifth of the levels is enough for a median midline."""
CONTACT_MIN_MM = 10.0
CONTACT_MIN_LENGTH_MM = 10.0
"""Own choice: contact in-plane and along the body from which the field of view counts as cutting the body."""
