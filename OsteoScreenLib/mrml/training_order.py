"""What is asked of a training of bone-status models: for the ``osteoscreen`` program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from OsteoScreenLib.errors import UsageError

GIVEN, RANDOM, SITE, DATE = SPLITS = ("given", "random", "site", "date")
CLASSIFIERS = ("forest", "logistic", "svm", "boosting")
"""As the ``osteoscreen`` command names them."""
DEFAULT_NAME = "bone-status"


@dataclass(frozen=True)
class TrainingOrder:
    """What is asked.

    Attributes:
        table: of the cohort. out: the folder of the training.
        features: table of features that were measured before; None: they are measured in the images of the table.
        split: one of :data:`SPLITS`. detail: of ``site`` the sites to test on, separated by semicolons; of ``date`` the
            first day to test on.
        classifier: one of :data:`CLASSIFIERS`.
        name: beginning of the models' ids.
        demonstration: whether the answers of the models mean nothing, as after training on digital patients.
    """

    table: Path
    out: Path
    features: Path | None = None
    split: str = GIVEN
    detail: str = ""
    classifier: str = CLASSIFIERS[0]
    name: str = DEFAULT_NAME
    demonstration: bool = False

    def check(self) -> None:
        """See that nothing is missing that the program would only tell after it was started.

        Raises:
            UsageError: a file is not there (``no_file``), or sites or day to test on are missing (``no_split_detail``).
        """
        for path in (self.table, self.features):
            if path is not None and not path.is_file():
                raise UsageError("There is no such file", path=path, next_step="Choose another one.", code="no_file")
        if self.split in (SITE, DATE) and not self._details:
            what = "Sites" if self.split == SITE else "The first day"
            raise UsageError(
                f"{what} to test on {'are' if self.split == SITE else 'is'} missing",
                next_step="Type them below Split, or choose another split.",
                code="no_split_detail",
            )

    def arguments(self) -> list[str]:
        """Arguments of the ``osteoscreen`` command."""
        found = ["train", "status", str(self.table.absolute()), "--out", str(self.out.absolute())]
        found += [] if self.features is None else ["--features", str(self.features.absolute())]
        found += ["--split", self.split, "--classifier", self.classifier, "--id", self.name or DEFAULT_NAME]
        option = {SITE: "--test-site", DATE: "--test-from"}.get(self.split)
        found += [] if option is None else [part for detail in self._details for part in (option, detail)]
        return [*found, *(["--demonstration"] if self.demonstration else []), "--progress", "json"]

    @property
    def _details(self) -> list[str]:
        parts = self.detail.split(";") if self.split == SITE else [self.detail]
        return [part.strip() for part in parts if part.strip()]
