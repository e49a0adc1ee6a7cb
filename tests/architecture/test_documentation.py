"""Documentation that is behind the program fails the build."""

import re
from pathlib import Path

import pytest

from brodmann.cli import COMMANDS, LazyGroup, main
from core.contracts.routes import ROUTES

REFERENCE = Path("docs/reference")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_stands_in_the_reference(name: str) -> None:
    assert f"`brodmann {name}" in (REFERENCE / "commands.md").read_text()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    assert isinstance(main, LazyGroup)
    command = main.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    leaves = [command.commands[leaf] for leaf in command.commands] if hasattr(command, "commands") else [command]
    for leaf in leaves:
        assert leaf.help
        assert leaf.epilog
        assert leaf.epilog.startswith(f"Example: brodmann {name}")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_stands_in_the_reference(route: object) -> None:
    text = (REFERENCE / "api.md").read_text()
    assert f"| {route.method} | `{route.path}` |" in text  # type: ignore[attr-defined]


def test_every_setting_stands_in_the_reference() -> None:
    text = (REFERENCE / "settings.md").read_text()
    sources = [path.read_text() for part in ("backend", "compute_service", "brodmann") for path in Path(part).rglob("*.py")]
    settings = {name for source in sources for name in re.findall(r"\"(BRODMANN_[A-Z_]+|MONGO_URI)\"", source)}
    assert settings
    assert {name for name in settings if f"`{name}`" not in text} == set()
