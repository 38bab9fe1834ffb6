"""What keeps the pipeline true to its code: DVC sees every dependency, and nothing else."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.check import SECTIONS
from tests.imports import ROOT, closure, local_imports

DVC: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))
STAGES: dict[str, dict[str, Any]] = DVC["stages"]
ABOVE = ("raw", "colour", "imaging", "sources", "data", "ingest", "inking", "weights")
BELOW = ("model", "metrics", "learn", "judge", "report", "paint", "studio", "commands")
ROOMS = ABOVE + BELOW
NO_TORCH = ("errors", "provenance", "params", "files", "parallel", *ABOVE)


@pytest.mark.parametrize("name", STAGES)
def test_code_dependencies_cover_the_import_closure(name: str) -> None:
    files = {path.relative_to(ROOT) for path in closure(ROOT / "stages" / f"{name}.py")}
    deps = [Path(dep) for dep in STAGES[name]["deps"] if dep.startswith(("colorize/", "stages/"))]
    assert {file for file in files if not any(map(file.is_relative_to, deps))} == set()
    assert [dep for dep in deps if not any(file.is_relative_to(dep) for file in files)] == []


def test_import_closure_follows_every_form_of_import(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("import colorize.files\ndef f():\n    from colorize.colour import lab\n")
    found = {str(path.relative_to(ROOT)) for path in local_imports(file)}
    assert {"colorize/files.py", "colorize/colour/lab.py", "colorize/__init__.py"} <= found


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_reads_the_whole_of_its_own_section(name: str) -> None:
    assert STAGES[name]["params"] == (["train", "inking"] if name == "train" else [name])


def test_every_section_is_checked_and_read_by_a_stage() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    assert list(params) == list(SECTIONS)
    assert {section for stage in STAGES.values() for section in stage["params"]} == set(SECTIONS)
    for name, section in params.items():
        assert list(section) == list(SECTIONS[name].model_fields)


def test_outputs_keep_the_run_cache_alive() -> None:
    for stage in STAGES.values():
        assert all(isinstance(out, str) for out in stage.get("outs", []))
        for entry in stage.get("metrics", []) + stage.get("plots", []):
            ((_, options),) = entry.items()
            assert options == {"cache": False}
    assert "persist" not in (ROOT / "dvc.yaml").read_text("utf-8")


def test_dvc_ignores_what_is_no_dependency() -> None:
    ignored = (ROOT / ".dvcignore").read_text("utf-8").split()
    assert {"__pycache__/", ".scratch/"} <= set(ignored)


def test_every_stage_waits_for_the_check_of_all_params() -> None:
    """DVC runs `check` first, since all stages depend on its output, if by way of `fetch`."""
    content = yaml.safe_load((ROOT / "check" / "dvc.yaml").read_text("utf-8"))
    check = content["stages"]["check"]
    assert check["params"] == [{"params.yaml": None}]
    behind = {path for out in check["outs"] for path in out}
    waiting = dict(STAGES)
    while found := [name for name, stage in waiting.items() if behind & set(stage["deps"])]:
        for name in found:
            behind |= set(waiting.pop(name).get("outs", []))
    assert not waiting
    modules = {f"{kind.__module__.replace('.', '/')}.py" for kind in SECTIONS.values()}
    assert modules | {"stages/check.py", "colorize/params.py"} == set(check["deps"])


def test_the_check_imports_no_torch() -> None:
    """That no stage does before its params are checked, tests/stages/test_stages.py shows."""
    code = "import sys, stages.check; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_imports_go_down_the_house_only() -> None:
    """First the modules beside the rooms, then the rooms in their order, then the stages."""
    base = {"errors": 0, "provenance": 0, "params": 1, "files": 1, "parallel": 1}
    order = base | {room: 2 + n for n, room in enumerate(ROOMS)}
    for file in (ROOT / "colorize").rglob("*.py"):
        room = file.relative_to(ROOT / "colorize").parts[0].removesuffix(".py")
        for found in local_imports(file):
            assert found.relative_to(ROOT).parts[0] == "colorize", file
            other = found.relative_to(ROOT / "colorize").parts[0].removesuffix(".py")
            if other != "__init__" and room in order:
                assert order[other] <= order[room], f"{file} imports {found}"


def test_no_torch_above_the_line() -> None:
    for file in (ROOT / "colorize").rglob("*.py"):
        room = file.relative_to(ROOT / "colorize").parts[0].removesuffix(".py")
        if room in NO_TORCH:
            assert "torch" not in _imported(file), file


def _imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names
