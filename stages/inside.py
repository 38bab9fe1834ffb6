"""inside: run the pipeline in a folder that has its own params.yaml, such as ``weights``.

    python -m stages.inside FOLDER        # write FOLDER/dvc.yaml: the same stages, inside of it
    python -m stages.inside FOLDER STAGE  # run one stage there, as that pipeline does

All that a stage reads and writes lies in the folder: ``FOLDER/data``, ``FOLDER/models``,
``FOLDER/metrics``. The code is that of the project.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from colorize import files, params
from colorize.errors import ParamsError
from stages import check, run, variant

CHECK = "check/passed"
HEAD = "# Written by `python -m stages.inside FOLDER` from ../dvc.yaml: change that one.\n"


def main(root: Path) -> None:
    """Write the pipeline of a folder, or run one of its stages."""
    if len(sys.argv) not in (2, 3):
        raise ParamsError("name a folder with a params.yaml, and a stage to run in it")
    folder = Path(sys.argv[1])
    if len(sys.argv) == 2:
        lay_down(root, folder)
        return
    stage = sys.argv[2]
    if stage not in (known := ("check", *variant.stages_of(root))):
        raise ParamsError(f"there is no stage '{stage}'; known: {', '.join(known)}")
    params.read(root / folder)
    env = os.environ | {"PYTHONPATH": str(root.resolve())}
    done = subprocess.run(  # noqa: S603 - our own stage
        [sys.executable, "-m", f"stages.{stage}"], cwd=root / folder, env=env
    )
    sys.exit(done.returncode)


def lay_down(root: Path, folder: Path) -> None:
    """Write ``folder/dvc.yaml``."""
    path = root / folder / "dvc.yaml"
    variant.write_yaml(path, {"stages": pipeline(root, folder)})
    files.write_bytes(path, HEAD.encode() + path.read_bytes())


def pipeline(root: Path, folder: Path) -> dict[str, Any]:
    """Give the stages of the project's pipeline, moved into a folder."""
    modules = {f"{kind.__module__.replace('.', '/')}.py" for kind in check.SECTIONS.values()}
    read = sorted(modules | {"stages/check.py", "colorize/params.py"})
    checked = {"params": None, "deps": read, "outs": [CHECK]}
    values = params.read(root / folder)["fetch"]
    return {
        name: _moved(name, stage, root, folder, values)
        for name, stage in {"check": checked, **variant.stages_of(root)}.items()
    }


def _moved(
    name: str, stage: dict[str, Any], root: Path, folder: Path, fetch: dict[str, Any]
) -> dict[str, Any]:
    """Bring the paths of one stage into the folder; code stays where it is."""
    file = (folder / params.FILE_NAME).as_posix()

    def path(text: str) -> str:
        for key in variant.PATHS:
            text = text.replace(f"${{fetch.{key}}}", fetch[key])
        return text if _is_code(text) else Path(os.path.normpath(folder / text)).as_posix()

    moved: dict[str, Any] = {
        "wdir": Path(*[".."] * len(folder.parts)).as_posix(),
        "cmd": f"python -m stages.inside {folder.as_posix()} {name}",
        "params": [{file: stage["params"]}],
        "deps": sorted([*map(path, stage["deps"]), "stages/inside.py"]),
    }
    if "outs" in stage:
        moved["outs"] = [path(out) for out in stage["outs"]]
    for kind in ("metrics", "plots"):
        if kind in stage:
            moved[kind] = [{path(p): how for p, how in of.items()} for of in stage[kind]]
    return moved


def _is_code(text: str) -> bool:
    return text.startswith(("colorize/", "stages/"))


if __name__ == "__main__":
    run(main)
