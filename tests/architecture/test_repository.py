"""What must never be committed."""

import re
import subprocess
from pathlib import Path

import pytest

TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".ts", ".vue", ".js", ".sh", ".conf", ".service", ""}


def tracked_texts() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listing.split("\0") if name and Path(name).suffix in TEXT and Path(name).is_file()]


FORBIDDEN = {
    "a path of one machine": re.compile(r"/(?:home|Users)/[a-z]+/|/ro{2}t/|/wor[k]/"),
    "a registry's host": re.compile(r"registry\.npmjs\.org|pypi\.org/simple|files\.pythonhosted\.org"),
    "unsafe evaluation": re.compile(r"(?<![\w.])(?:eval|exec)\(|pickle\.loads?\(|shell=True"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_committed_file_holds(what: str) -> None:
    here = Path("tests/architecture/test_repository.py")
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in tracked_texts()
        if path != here
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []
