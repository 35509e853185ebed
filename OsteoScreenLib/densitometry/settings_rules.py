"""What a site may put in the place of a setting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_RULE_NUMBERS = {"kvp", "osteoporosis_at_most_hu", "suspicious_at_most_hu", "normal_above_hu"}
_RULE_WORDS = {"name", "site", "source"}


def why_not(change: Any, entry: Mapping[str, Any]) -> str:
    """Why a change cannot be used; empty where it can.

    Args:
        change: ``{"value": ..., "source": ...}`` as a site wrote it. entry: of the shipped table.
    """
    if not isinstance(change, dict) or set(change) != {"value", "source"}:
        return 'write it as {"value": ..., "source": ...}'
    if not (isinstance(change["source"], str) and change["source"].strip()):
        return "its source is missing"
    return _value(change["value"], entry)


def _value(value: Any, entry: Mapping[str, Any]) -> str:
    default = entry["value"]
    if isinstance(default, bool) or isinstance(value, bool):
        return "" if isinstance(default, bool) and isinstance(value, bool) else "it is true or false, or a number"
    if isinstance(default, str):
        return _words([value] if isinstance(value, str) else [], entry)
    if isinstance(default, dict):
        return _table(value, default)
    if isinstance(default, list) and isinstance(default[0], dict):
        return _rules(value)
    if isinstance(default, list) and isinstance(default[0], str):
        return _words(value if isinstance(value, list) else [], entry)
    if isinstance(default, list):
        if not isinstance(value, list) or len(value) != len(default):
            return f"it is a list of {len(default)} numbers"
        return next((problem for problem in (_number(v, entry.get("range")) for v in value) if problem), "")
    if isinstance(default, int) and is_number(value) and not isinstance(value, int):
        return "it is a whole number"
    return _number(value, entry.get("range"))


def is_number(value: Any) -> bool:
    """Whether a value read from JSON is a finite number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # JSON knows whole numbers of any length
        return False


def _number(value: Any, limits: Any) -> str:
    if not is_number(value):
        return "it is a number"
    if limits is not None and not limits[0] <= value <= limits[1]:
        return f"it lies between {limits[0]} and {limits[1]}"
    return ""


def _words(values: list[Any], entry: Mapping[str, Any]) -> str:
    allowed = entry.get("one_of")
    if not values or not all(isinstance(value, str) and value.strip() for value in values):
        return "it is text"
    if allowed is not None and not set(values) <= set(allowed):
        return f"it is one of {', '.join(allowed)}"
    return ""


def _table(value: Any, default: Mapping[str, Any]) -> str:
    """A table keeps its keys; the empty one (references by age) is of its own form."""
    if not isinstance(value, dict):
        return "it is a table"
    if not default:
        return _by_age(value)
    if set(value) != set(default):
        return f"it has the entries {', '.join(default)}"
    for name, wanted in default.items():
        pair = isinstance(wanted, list)
        items = value[name] if pair else [value[name]]
        if not isinstance(items, list) or len(items) != (len(wanted) if pair else 1) or any(map(_no_number, items)):
            return f"{name}: it is {'a list of numbers' if pair else 'a number'}"
        if not pair and items[0] < 0:
            return f"{name}: it is not negative"
    return ""


def _no_number(value: Any) -> bool:
    return bool(_number(value, None))


def _by_age(value: Mapping[str, Any]) -> str:
    """``{"femoral_neck": {"F": [[50, 60, mean, SD], ...]}}``."""
    for site, sexes in value.items():
        if site not in ("femoral_neck", "total_hip") or not isinstance(sexes, dict):
            return "it has tables for femoral_neck and total_hip"
        for sex, rows in sexes.items():
            if sex not in ("F", "M") or not isinstance(rows, list) or not rows:
                return f"{site}: it has rows for F and M"
            for row in rows:
                if not isinstance(row, list) or len(row) != 4 or any(map(_no_number, row)):
                    return f"{site}, {sex}: a row is [age_from, age_to, mean, SD]"
                if not (0 <= row[0] < row[1] <= 130 and 0 < row[2] < 3 and 0 < row[3] < 1):
                    return f"{site}, {sex}: the row {row} cannot be"
    return ""


def _rules(value: Any) -> str:
    if not isinstance(value, list):
        return "it is a list of rules"
    for rule in value:
        if not isinstance(rule, dict) or not set(rule) >= _RULE_WORDS or set(rule) - _RULE_WORDS - _RULE_NUMBERS:
            return "a rule has name, site, source, kvp and limits in HU"
        if not all(isinstance(rule[word], str) and rule[word].strip() for word in _RULE_WORDS):
            return "name, site and source of a rule are text"
        numbers = [rule[name] for name in _RULE_NUMBERS if name in rule]
        if "kvp" not in rule or len(numbers) < 2 or any(map(_no_number, numbers)):
            return f"rule {rule['name']!r} needs kvp and a limit, as numbers"
    return ""
