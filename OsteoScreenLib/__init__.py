"""OsteoScreen: opportunistic osteoporosis screening from CT. Research use, not a medical device.

Importing this package is cheap on purpose: numpy and the standard library only. SimpleITK, pydicom and the like are
imported inside the functions that need them, so that Slicer starts fast and a missing package is named
where it is needed.
"""

__version__ = "0.1.0"
