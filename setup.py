"""Puts the models that come with OsteoScreen into the wheel; everything else about the package is in pyproject.toml.

They lie in ``Resources/Models``, outside of the library's folder, and are found there in a checkout and by an editable
installation. A wheel carries them in ``OsteoScreenLib/Resources/Models``, as an installation in Slicer does.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

MODELS = Path("Resources") / "Models"


def model_files() -> list[Path]:
    """Files of the shipped bundles, relative to this folder."""
    return sorted(p for p in MODELS.glob("*/*") if p.is_file() and not p.name.startswith("."))


class BuildWithModels(build_py):
    """Builds the package, then adds the models."""

    def run(self) -> None:
        """Build."""
        super().run()
        if self.editable_mode:
            return
        # An earlier build may have left a model there that is no longer shipped.
        shutil.rmtree(Path(self.build_lib, "OsteoScreenLib", MODELS), ignore_errors=True)
        for target, source in self._models().items():
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Name what the build writes."""
        return [*super().get_outputs(include_bytecode), *self._models()]

    def get_output_mapping(self) -> dict[str, str]:
        """Name what the build writes, with where it comes from."""
        return {**super().get_output_mapping(), **self._models()}

    def get_source_files(self) -> list[str]:
        """Name what a source distribution needs."""
        return [*super().get_source_files(), *map(str, model_files())]

    def _models(self) -> dict[str, str]:
        if self.editable_mode:
            return {}
        return {str(Path(self.build_lib, "OsteoScreenLib", source)): str(source) for source in model_files()}


setup(cmdclass={"build_py": BuildWithModels})
