"""What the section Radiomics says of parameters and of a table."""

from slicer.i18n import tr as _

from OsteoScreenLib.mrml import features_table
from OsteoScreenLib.mrml.radiomics_order import n_features


def settingsText(settings) -> str:
    """What a parameter file asks for, in a few lines."""
    images = _("Images: {images}.").format(images="; ".join(imageText(settings, name) for name in settings.image_types))
    classes = _("Features: {classes}.").format(classes=", ".join(classText(name) for name in settings.feature_classes))
    number = _("{number} features for each femur.").format(number=n_features(settings))
    return "\n".join(
        [images, classes, " ".join([gridText(settings), binText(settings.values), number]), *settings.notes]
    )


def imageText(settings, name: str) -> str:
    """An image type, with a bin width of its own where it has one."""
    width = settings.image_types[name].get("binWidth")
    image = filterText(settings.of_image_type(name), name)
    return image if width is None else _("{image} (bin width {width})").format(image=image, width=f"{width:g}")


def filterText(values, name: str) -> str:
    """What makes an image."""
    sizes = ", ".join(f"{sigma:g}" for sigma in values.get("sigma", ()))
    return {
        "original": _("the scan itself"),
        "log": _("Laplacian of Gaussian at {sizes} mm").format(sizes=sizes),
        "wavelet": _("wavelet bands ({wavelet})").format(wavelet=values.get("wavelet", "coif1")),
        "square": _("square"),
        "squareroot": _("square root"),
        "logarithm": _("logarithm"),
        "exponential": _("exponential"),
        "gradient": _("gradient"),
    }.get(name.lower(), name)


def classText(name: str) -> str:
    """A class of features."""
    return {"shape": _("shape"), "shape2D": _("shape in a plane"), "firstorder": _("histogram")}.get(name, name.upper())


def gridText(settings) -> str:
    """The voxels that features are taken from."""
    if not settings.resamples:
        return _("On the scan's own voxels.")
    sizes = " x ".join(f"{size:g}" for size in settings.values["resampledPixelSpacing"])
    return _("Resampled to {sizes} mm.").format(sizes=sizes)


def binText(values) -> str:
    """How grey values become levels."""
    if values.get("binCount"):
        return _("{number} bins.").format(number=values["binCount"])
    return _("Bin width {width}.").format(width=f"{values.get('binWidth', 25):g}")


def tableText(table) -> str:
    """Where a table of features comes from, and what could not be computed."""
    parameters = table.GetAttribute(features_table.PARAMETERS_ATTRIBUTE) or _("not named")
    engine = table.GetAttribute(features_table.ENGINE_ATTRIBUTE)
    number = table.GetNumberOfRows()
    first = _("{number} features; parameters: {parameters}; computed by {engine}.")
    notes = features_table.notes_in(table)
    return "\n".join([first.format(number=number, parameters=parameters, engine=engine), *notes])
