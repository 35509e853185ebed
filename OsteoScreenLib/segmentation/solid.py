"""One connected solid per femur on the volume's own grid."""

from __future__ import annotations

import numpy as np

_SPIKE_SHARE = 0.03
"""Own choice: a thin appendage of up to this share of the mask is a leak; a larger one may be bone."""


def solid(mask: np.ndarray, superior_axis: int) -> np.ndarray:
    """The largest connected part of a mask without thin appendages, its cavities filled.

    Filled are cavities closed in space, and those closed within an axial slice, as a marrow cavity is that opens at the
    end of the scan.

    Args:
        mask: (z, y, x) bool, with no border of its own needed.
        superior_axis: array axis nearest to the body's long axis.

    Returns:
        bool of the same shape; empty where the mask is.
    """
    main = largest_part(mask)
    if not main.any():
        return main
    return _filled(_without_spikes(main, superior_axis), superior_axis)


def largest_part(mask: np.ndarray) -> np.ndarray:
    """The largest face-connected part of a mask."""
    from scipy import ndimage

    numbers, count = ndimage.label(mask)
    if count == 0:
        return np.zeros(mask.shape, bool)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    return numbers == sizes.argmax()


def _filled(mask: np.ndarray, superior_axis: int) -> np.ndarray:
    """Background that does not reach the border becomes mask: in space, then in each axial slice."""
    from scipy import ndimage

    in_slice = ndimage.generate_binary_structure(3, 1)
    in_slice[tuple(slice(None) if axis != superior_axis else slice(None, None, 2) for axis in range(3))] = False
    for structure, axes in ((None, (0, 1, 2)), (in_slice, tuple(a for a in range(3) if a != superior_axis))):
        numbers, count = ndimage.label(~mask, structure)
        open_parts = np.zeros(count + 1, bool)
        for axis in axes:
            for end in (0, -1):
                open_parts[np.take(numbers, end, axis=axis)] = True
        open_parts[0] = False
        mask = mask | ((numbers > 0) & ~open_parts[numbers])
    return mask


def _without_spikes(mask: np.ndarray, superior_axis: int) -> np.ndarray:
    """Cut off what hangs on the mask by a thread one voxel wide in an axial slice, where it is little."""
    from scipy import ndimage

    cross = ndimage.generate_binary_structure(3, 1)
    cross[tuple(slice(None) if axis != superior_axis else slice(None, None, 2) for axis in range(3))] = False
    core = largest_part(ndimage.binary_erosion(mask, cross, border_value=1))
    # What erosion took from the surface grows back; a second layer gives rounded corners theirs.
    kept = ndimage.binary_dilation(core, np.ones((3, 3, 3), bool), iterations=2, mask=mask)
    lost = np.count_nonzero(mask) - np.count_nonzero(kept)
    return kept if 0 < lost <= _SPIKE_SHARE * np.count_nonzero(mask) else mask
