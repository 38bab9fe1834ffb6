"""variant: run stages with other values, in a scratch folder of their own, and keep the results.

    python -m stages.variant FOLDER                       # fetch and resize: FOLDER/data/resized
    python -m stages.variant FOLDER NAME [KEY=VALUE ...]  # the others:       FOLDER/runs/NAME

The result of the others is a folder with the scores and the model.

FOLDER holds a params.yaml. The pipelines that `stages.ablation` lays down run this program. A run
that was stopped resumes, because the scratch folder stays until the result is there.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from colorize import files, params
from colorize.errors import DataError, ParamsError
from stages import check, run, scratch
from stages.tools import METRICS

SCORES, MODEL = "evaluate.json", "colorizer.safetensors"
"""Files of a run."""

PATHS = ("folder", "deny")
"""Keys of section ``fetch`` that are paths in the project."""


def main(root: Path) -> None:
    """Lay down the scratch folder, run the stages in it, and move the result to its place."""
    if len(sys.argv) < 2:
        raise ParamsError("name the folder of an ablation, such as ablation/sample")
    folder, name, settings = root / sys.argv[1], *_named(sys.argv[2:])
    values = located(root, changed(params.read(folder), settings))
    work = (scratch(root) / "ablation" / folder.name / (name or "data")).resolve()
    write(work, values)
    check.main(work)
    resized = Path("data", "resized")
    if name:
        _share(folder / resized, work / resized)
    for stage in ("quantise", "train", "evaluate") if name else ("fetch", "resize"):
        _run(stage, root, work)
    if name:
        kept = folder / "runs" / name
        files.write_bytes(kept / MODEL, (work / "models" / MODEL).read_bytes())
        files.write_bytes(kept / SCORES, (work / METRICS).read_bytes())
    else:
        files.remove_folder(folder / resized)
        (folder / "data").mkdir(parents=True, exist_ok=True)
        shutil.move(work / resized, folder / resized)
    files.remove_folder(work)


def changed(values: Mapping[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """Give all values, some of them changed by ``section.key=value``.

    Raises:
        ParamsError: a setting is of another form, or its value is no YAML.
    """
    out = {section: dict(keys) for section, keys in values.items()}
    for setting in settings:
        name, equals, text = setting.partition("=")
        section, dot, key = name.partition(".")
        if not (equals and dot and key):
            raise ParamsError(f"'{setting}' is no section.key=value")
        if key not in out.get(section, {}):
            raise ParamsError(f"unknown key '{name}' in '{setting}'")
        try:
            out[section][key] = YAML(typ="safe", pure=True).load(text)
        except YAMLError:
            raise ParamsError(f"the value of '{setting}' is no YAML") from None
    return out


def located(root: Path, values: dict[str, Any]) -> dict[str, Any]:
    """Give the same values with absolute paths, which mean the same in any folder."""
    paths = {key: str((root / values["fetch"][key]).resolve()) for key in PATHS}
    return values | {"fetch": values["fetch"] | paths}


def write(folder: Path, values: dict[str, Any]) -> None:
    """Write ``params.yaml`` into a folder."""
    write_yaml(folder / params.FILE_NAME, values)


def stages_of(root: Path) -> dict[str, Any]:
    """Read the stages of the project's pipeline, by name."""
    yaml = YAML(typ="safe", pure=True)
    stages: dict[str, Any] = yaml.load((root / "dvc.yaml").read_text("utf-8"))["stages"]
    return stages


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Write YAML as people write it, a line for each key."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 1000
    with files.atomic(path) as file:
        yaml.dump(content, file)


def _named(arguments: list[str]) -> tuple[str, list[str]]:
    return (arguments[0], arguments[1:]) if arguments else ("", [])


def _share(source: Path, target: Path) -> None:
    """Link the files of a folder into another one, or copy them where links are not possible."""
    if not source.is_dir():
        raise DataError(f"{source} does not exist: run stages.variant without a name first")
    files.remove_folder(target)
    shutil.copytree(source, target, copy_function=link)


def link(source: str | Path, target: str | Path) -> None:
    """Link a file, or copy it where links are not possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _run(stage: str, root: Path, work: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(root.resolve())}
    if stage == "fetch":  # what was fetched from a site before is not asked for again
        env["COLORIZE_SCRATCH"] = str(scratch(root).resolve())
    else:
        env.pop("COLORIZE_SCRATCH", None)
    done = subprocess.run([sys.executable, "-m", f"stages.{stage}"], cwd=work, env=env)  # noqa: S603
    if done.returncode:  # it has said why
        sys.exit(done.returncode)


if __name__ == "__main__":
    run(main)
