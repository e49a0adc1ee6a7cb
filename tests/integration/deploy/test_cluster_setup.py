"""`deploy/cluster/setup`: one environment for each version, a link that is turned, and a way back."""

import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

SETUP = Path("deploy/cluster/setup").absolute()
MODULES = {"compute_service/app.py": "", "compute_service/poller.py": "", "compute_service/__init__.py": "", "gunicorn.py": ""}


def wheel(folder: Path, version: str, files: dict[str, str] = MODULES, name: str = "brodmann") -> Path:
    """A package with the name of ours, so small that pip is done at once."""
    file, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    told = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with ZipFile(file, "w") as archive:
        for path, text in told.items():
            archive.writestr(path, text)
    return file


def setup(root: Path, *options: str, holds: bool = True) -> str:
    done = subprocess.run(
        [SETUP, "--root", str(root), *options],
        env={"PATH": "/usr/bin:/bin", "HOME": str(root.parent), "PIP_NO_INDEX": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) is holds, done.stdout + done.stderr
    return done.stdout + done.stderr


def current(root: Path) -> str:
    """The version that a program gets, asked through the launcher."""
    ask = (
        "python",
        "-I",
        "-c",
        "from importlib.metadata import version; import sys; print(version('brodmann'), sys.executable)",
    )
    return subprocess.run([root / "with-current", *ask], capture_output=True, text=True, check=True).stdout


def install(root: Path, source: Path, *options: str) -> tuple[str, list[str]]:
    """The version's name and the prologue that is told."""
    told = setup(root, "--python", sys.executable, "--source", str(source), *options)
    match = re.search(r"installed: (\S+),", told)
    assert match, told
    return match[1], yaml.safe_load(told[told.index("prologue:") :])["prologue"]


def test_an_upgrade_has_a_way_back_and_who_runs_keeps_the_version_it_began_with(tmp_path: Path) -> None:
    root = tmp_path / "brodmann"
    old, prologue = install(root, wheel(tmp_path, "1.0"))
    assert prologue == []
    assert current(root).split() == ["1.0", str(root / "versions" / old / "bin" / "python")]
    line, besides = "export LOADED='x: y' # z", wheel(tmp_path, "3", {"besides.py": ""}, "besides")
    new, prologue = install(root, wheel(tmp_path, "1.1"), "--module", line, "--with", str(besides))
    assert prologue == ["source /etc/profile", line]
    assert current(root).startswith("1.1")
    assert (
        subprocess.run(
            [root / "with-current", "python", "-I", "-c", "import besides, os; os.environ['LOADED']"], check=False
        ).returncode
        == 0
    )
    assert re.search(rf"^  {old}  Brodmann 1.0\n\* {new}  Brodmann 1.1$", setup(root, "--list"), re.MULTILINE)
    setup(root, "--back")
    assert current(root).startswith("1.0")
    assert "in use" in setup(root, "--remove", old, holds=False)
    setup(root, "--use", new)
    setup(root, "--remove", old)
    assert [folder.name for folder in (root / "versions").iterdir()] == [new]
    assert "no version was in use before" in setup(root, "--back", holds=False)


def test_what_fails_leaves_nothing_behind_and_the_version_in_use_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "brodmann"
    told = setup(root, "--python", sys.executable, "--source", str(wheel(tmp_path, "2.0", {"other.py": ""})), holds=False)
    assert "compute_service" in told
    assert list((root / "versions").iterdir()) == []
    assert not (root / "current").exists()


@pytest.mark.parametrize("name", ["../..", ".hidden", "absent"])
def test_only_versions_that_are_there_can_be_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "kept").touch()
    for action in ("--use", "--remove"):
        setup(tmp_path / "brodmann", action, name, holds=False)
    assert (tmp_path / "kept").exists()
