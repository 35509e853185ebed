"""Which cases a model learns from and which it is tested on; groups are never parted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from OsteoScreenLib.errors import InputError, UsageError
from OsteoScreenLib.training.cohort import Cohort, CohortCase

KINDS = ("given", "random", "site", "date")
TEST_SHARE = 0.3
"""Of the random split, 7:3 as in the study of the proximal femur (BMC Musculoskelet Disord 2025;26:378)."""

_HELD_OUT = ("test", "external", "validation")


def split_cohort(
    cohort: Cohort,
    kind: str,
    *,
    seed: int = 0,
    test_sites: Sequence[str] = (),
    test_from: str | None = None,
) -> Cohort:
    """Give every case its split.

    Args:
        kind: ``given``: the column ``split`` says it. ``random``: 7:3, stratified by class; cases that the table calls
            test or external stay so, and the rest is parted into train and validation (else into train and test).
            ``site``: ``test_sites`` are external, the rest development. ``date``: scans from ``test_from`` on are
            test, the rest development.
        seed: of the random split.

    Raises:
        UsageError: no such kind, or what it needs is not given.
        InputError: a group lies in two splits, a fact that the split goes by is absent, or no case is left to learn
            from.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no split {kind!r}", next_step=f"Use one of {', '.join(KINDS)}.")
    made = {
        "given": lambda: _given(cohort),
        "random": lambda: _random(cohort, seed),
        "site": lambda: _by_site(cohort, test_sites),
        "date": lambda: _by_date(cohort, test_from),
    }[kind]()
    result = cohort.with_splits(made)
    _refuse_parted(result)
    if not any(case.is_fitted for case in result.cases):
        raise InputError("No case is left to learn from", next_step="Call some cases train or development.")
    return result


def _given(cohort: Cohort) -> list[str]:
    absent = [case.case_id for case in cohort.cases if case.split is None]
    if absent:
        raise InputError(
            f"{len(absent)} cases have no split, such as {absent[0]}",
            next_step="Fill in the column split, or take another kind of split.",
        )
    return [str(case.split) for case in cohort.cases]


def _random(cohort: Cohort, seed: int) -> list[str]:
    """Groups in a random order, each class's share by itself; a group counts with the worst class of its cases."""
    by_group: dict[str, list[CohortCase]] = defaultdict(list)
    for case in cohort.cases:
        by_group[case.group].append(case)
    kept = {g for g, cases in by_group.items() if any(case.split in _HELD_OUT[:2] for case in cases)}
    held = "validation" if kept else "test"
    chosen: set[str] = set()
    rng = np.random.default_rng(seed)
    strata: dict[str, list[str]] = defaultdict(list)
    for group in sorted(by_group.keys() - kept):
        strata[min(by_group[group], key=lambda case: case.t_score).status].append(group)
    for name in sorted(strata):
        order = rng.permutation(len(strata[name]))
        n = round(TEST_SHARE * len(order))
        chosen |= {strata[name][i] for i in order[:n]}
    return [
        str(case.split)
        if case.group in kept and case.split
        else next(str(c.split) for c in by_group[case.group] if c.split)
        if case.group in kept
        else held
        if case.group in chosen
        else "train"
        for case in cohort.cases
    ]


def _by_site(cohort: Cohort, test_sites: Sequence[str]) -> list[str]:
    known = {case.site for case in cohort.cases}
    if not test_sites:
        raise UsageError("A split by site needs the sites to test on", next_step="Give --test-site NAME.")
    if unknown := sorted(set(test_sites) - known):
        raise UsageError(f"No case is of the site {unknown[0]!r}", next_step="Check the column site.")
    if None in known:
        raise InputError("Some cases have no site", next_step="Fill in the column site.")
    return ["external" if case.site in test_sites else "development" for case in cohort.cases]


def _by_date(cohort: Cohort, test_from: str | None) -> list[str]:
    if test_from is None:
        raise UsageError("A split by date needs the first day to test on", next_step="Give --test-from YYYY-MM-DD.")
    if any(case.date is None for case in cohort.cases):
        raise InputError("Some cases have no date", next_step="Fill in the column date.")
    return ["test" if str(case.date) >= test_from else "development" for case in cohort.cases]


def _refuse_parted(cohort: Cohort) -> None:
    """The same patient, or image, on both sides of a split makes every result too good."""
    splits: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cohort.cases:
        splits[case.group][str(case.split)] += 1
    parted = sorted(group for group, found in splits.items() if len(found) > 1)
    if parted:
        named = ", ".join(f"{group} ({' and '.join(sorted(splits[group]))})" for group in parted[:10])
        raise InputError(
            f"{len(parted)} patients lie in more than one split: {named}",
            next_step="Put all scans of a patient, and all copies of an image, into one split.",
            code="parted_patients",
        )
