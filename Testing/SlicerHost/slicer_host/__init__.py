"""A stand-in for Slicer's window, for tests; see ../README.md. Needs slicer-core and PySide6-Essentials."""
