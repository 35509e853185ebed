"""Importing the library is cheap, so that Slicer starts fast."""

import json
import subprocess
import sys

PROGRAM = """
import json, sys, time
before, start = set(sys.modules), time.perf_counter()
import {package}
seconds = time.perf_counter() - start
paths = {{name: getattr(sys.modules[name], "__file__", None) or "" for name in set(sys.modules) - before}}
packages = sorted({{name.split(".")[0] for name, path in paths.items() if "site-packages" in path}})
print(json.dumps([seconds, packages]))
"""


def import_alone(package, repository):
    """Seconds, and names of the installed packages that come along, in a fresh Python. The best of three."""
    runs = []
    for _ in range(3):
        command = [sys.executable, "-c", PROGRAM.format(package=package)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=repository)
        runs.append(json.loads(done.stdout))
    return min(run[0] for run in runs), runs[0][1]


def test_importing_the_library_takes_under_a_third_of_a_second_and_loads_at_most_numpy(repository):
    seconds, packages = import_alone("OsteoScreenLib", repository)
    assert set(packages) <= {"numpy", "OsteoScreenLib"}
    assert seconds < 0.3


def test_a_package_that_comes_along_is_seen(repository):
    _, packages = import_alone("jinja2", repository)
    assert {"jinja2", "markupsafe"} <= set(packages)
