"""Say which system packages the tests lack, and as root on Debian install them.

Elsewhere the tests that need them are skipped with the reason (markers needs_library and needs_program in conftest.py).
slicer-core loads no rendering library as long as no view is opened; Qt links to OpenGL even where nothing is rendered.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from typing import NamedTuple


class Need(NamedTuple):
    """A library or program of the system, the Debian package that brings it, and which tests want it."""

    kind: str
    name: str
    package: str
    purpose: str

    def is_met(self) -> bool:
        """Whether it is here."""
        if self.kind == "library":
            return ctypes.util.find_library(self.name) is not None
        return shutil.which(self.name) is not None


NEEDS = (
    Need("library", "stdc++", "libstdc++6", "tests on MRML nodes (slicer-core)"),
    Need("library", "z", "zlib1g", "tests on MRML nodes (slicer-core)"),
    *(
        Need("library", name, package, "tests of the panel (PySide6)")
        for name, package in (
            ("EGL", "libegl1"),
            ("GL", "libgl1"),
            ("xkbcommon", "libxkbcommon0"),
            ("dbus-1", "libdbus-1-3"),
            ("fontconfig", "libfontconfig1"),
            ("glib-2.0", "libglib2.0-0"),
        )
    ),
    Need("program", "dciodvfy", "dicom3tools", "tests of written DICOM series (an independent validator)"),
    Need("program", "ps", "procps", "tests that a cancelled job leaves no process"),
    Need("program", "git", "git", "tests of the CMake file lists"),
)


def main() -> int:
    """Run as a program; returns the exit status, which is not 0 only where an installation failed."""
    missing = [need for need in NEEDS if not need.is_met()] if sys.platform.startswith("linux") else []
    for need in missing:
        print(f"System package {need.package} is missing; needed by {need.purpose}.")
    if not missing:
        return 0
    packages = sorted({need.package for need in missing})
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"Those tests will be skipped. On Debian or Ubuntu: sudo apt install {' '.join(packages)}")
        return 0
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    retry = ("-o", "Acquire::Retries=3")
    subprocess.run(["apt-get", "update", "-qq", *retry], check=True)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *retry, *packages]
    subprocess.run(install, check=True, env=quiet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
