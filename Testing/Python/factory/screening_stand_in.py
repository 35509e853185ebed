"""A program that behaves as ``osteoscreen screen --progress json`` does, with an answer that a test has prepared.

    python screening_stand_in.py STAGE screen INPUT --out DIR ...

It needs the standard library only, so that it starts in no time. In the folder STAGE lie ``answers/<source>`` (the
files of the case for each source that may be asked for) and ``script.json`` (what else it does); it notes its calls.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LIMIT_S = 60.0
SLEEPS = "import time; time.sleep(60)"


def say(text: str, stream: Any = sys.stdout) -> None:
    stream.write(text + "\n")
    stream.flush()


def tell(event: str, **values: Any) -> None:
    say(json.dumps({"event": event, **values}))


def source_of(arguments: list[str]) -> str:
    if "--no-segmentation" in arguments:
        return "none"
    return "given" if "--segmentation" in arguments else arguments[arguments.index("--source") + 1]


def wait_for(path: Path) -> None:
    until = time.monotonic() + LIMIT_S
    while not path.exists() and time.monotonic() < until:
        tell("progress", fraction=0.4, message="scan: Outlining")
        time.sleep(0.01)


def main(arguments: list[str]) -> int:
    stage, call = Path(arguments[0]), arguments[1:]
    script = json.loads((stage / "script.json").read_text(encoding="utf-8"))
    with (stage / "calls.txt").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps({"pid": os.getpid(), "arguments": call, "image": Path(call[1]).stat().st_size}) + "\n")
    say("a library's own words on stdout")
    tell("progress", fraction=0.0, message="scan: Checking the file")
    if script["holds"]:
        others = [subprocess.Popen([sys.executable, "-I", "-S", "-c", SLEEPS], start_new_session=True)]
        (stage / "others.txt").write_text("\n".join(str(other.pid) for other in others), encoding="utf-8")
        wait_for(stage / "go")
        others[0].kill()
    if script["says"]:
        say(script["says"], sys.stderr)
    if script["dies_by"]:
        os.kill(os.getpid(), script["dies_by"])
    if script["fails_with"]:
        tell(
            "case", case_id="scan", state="failed", error_code="odd", message=script["fails_with"].format(image=call[1])
        )
        tell("end", exit_code=1, message="")
        return 1
    if script["code"]:
        return int(script["code"])
    shutil.copytree(stage / "answers" / source_of(call), Path(call[call.index("--out") + 1]) / "scan")
    tell("progress", fraction=1.0, message="scan: Written")
    tell("case", case_id="scan", state="done", error_code="", message="")
    tell("end", exit_code=0, message="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
