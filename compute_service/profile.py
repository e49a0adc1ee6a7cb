"""What a cluster is like, from one YAML file: its partitions, its account, how jobs begin there. Checked as a whole."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, Field, NonNegativeInt, PositiveFloat, PositiveInt, StringConstraints, ValidationError

from core.contracts.base import Contract

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:+\-]{0,127}$")]
Seconds = Annotated[float, Field(ge=0, le=86_400)]

# Slurm's options that a job lives on; a second word about them would contradict ours.
OWN_OPTIONS = frozenset(
    {
        "array", "chdir", "cpus-per-task", "export", "export-file", "get-user-env", "gres", "job-name", "mem", "no-requeue",
        "nodes", "ntasks", "ntasks-per-node", "open-mode", "output", "parsable", "partition", "requeue", "signal", "time",
        "wrap",
    }
)  # fmt: skip
SECRETS = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|^MONGO|^BRODMANN_|^SLURM_|^SBATCH_", re.IGNORECASE)


class ProfileError(Exception):
    """A cluster profile is missing or wrong; the message lists everything at once, each with its line."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        super().__init__(f"The cluster profile {file} cannot be used:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = tuple(problems)


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(f"{name!r} is not the name of an environment variable")
    if SECRETS.search(name):
        raise ValueError(f"{name} is not handed to jobs: it may hold a secret of the service, or is Slurm's or Brodmann's own")
    return name


def _option(text: str) -> str:
    match = re.fullmatch(r"--([a-z][a-z\-]*)(=[^\s].*)?", text)
    if match is None:
        raise ValueError(f"{text!r} must be one long option of sbatch, such as --constraint=largedata")
    if match[1] in OWN_OPTIONS:
        raise ValueError(f"--{match[1]} is set by Brodmann for each job")
    return text


def _line(text: str) -> str:
    if "\n" in text.strip() or not text.strip():
        raise ValueError("each line of the prologue is one line with a command")
    return text.strip()


def _some(partitions: tuple[Any, ...]) -> tuple[Any, ...]:
    if not partitions:
        raise ValueError("name at least one")
    return partitions


class Partition(Contract):
    """One partition, and what a job may ask of it."""

    name: Word
    nodes: PositiveInt = Field(description="most nodes of one job")
    cpus_per_node: PositiveInt
    memory_mb_per_node: PositiveInt
    gpus_per_node: NonNegativeInt = 0
    longest_h: PositiveFloat = Field(description="longest time limit; a job that needs longer goes on from its checkpoint")


class ClusterProfile(Contract):
    """What the service must know of a cluster. The prologue is the lab engineer's own shell text, and trusted."""

    name: Word
    partitions: Annotated[tuple[Partition, ...], AfterValidator(_some)] = Field(
        description="the first that has what a job asks for is taken"
    )
    account: Word | None = None
    qos: Word | None = None
    gpu_gres: Word = Field(default="gpu", description="name by which GPUs are asked for, such as gpu or gpu:a100")
    asks_for_memory: bool = Field(default=True, description="false where the site refuses --mem and gives whole nodes")
    more_options: tuple[Annotated[str, AfterValidator(_option)], ...] = ()
    launcher: tuple[str, ...] = Field(
        default=(
            "srun", "--mpi=pmi2", "--kill-on-bad-exit=1", "--export=ALL", "--ntasks={processes}", "--cpus-per-task={cpus}",
        ),
        min_length=1,
        description="what starts the processes of a job of several; {processes}, {working}, {nodes} and {cpus} are filled in",
    )  # fmt: skip
    python: Path | None = Field(default=None, description="Python on the nodes; the service's own where nothing is said")
    prologue: tuple[Annotated[str, AfterValidator(_line)], ...] = ()
    environment: tuple[Annotated[str, AfterValidator(_variable)], ...] = Field(
        default=(), description="names of the service's variables that jobs see beside the usual ones"
    )
    poll_interval_s: Annotated[float, Field(ge=0, le=600)] = 5.0
    longest_back_off_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    forgotten_after_s: Seconds = Field(
        default=30.0, description="a job that is so long not known and never began is sent again"
    )
    heartbeat_s: Annotated[int, Field(ge=1, le=600)] = Field(
        default=10, description="so often a job says in its folder that it lives; counts where Slurm has forgotten it"
    )
    outcome_grace_s: Seconds = Field(default=30.0, description="how long after a job's end its files may still appear")

    @classmethod
    def read(cls, file: Path) -> Self:
        """The profile in a file; ProfileError."""
        try:
            node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise ProfileError(file, [f"it cannot be read ({error})"]) from error
        except yaml.YAMLError as error:
            raise ProfileError(file, [f"it is not YAML: {' '.join(str(error).split())}"]) from error
        if not isinstance(node, yaml.MappingNode):
            raise ProfileError(file, ["it must be names with values, such as `name: our-cluster`"])
        problems = [f"line {line}: {name} is said twice" for name, line in _said_twice(node)]
        try:
            profile = cls.model_validate(_plain(node))
        except ValidationError as error:
            problems += [_problem(node, one["loc"], one["msg"]) for one in error.errors()]
        if problems:
            raise ProfileError(file, problems)
        return profile


def _plain(node: yaml.Node) -> Any:  # noqa: ANN401 - what YAML holds, before it is checked
    """Plain values; whatever is neither list nor mapping is made by YAML's safe rules."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one) for one in node.value]
    return yaml.safe_load(yaml.serialize(node))


def _said_twice(node: yaml.Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(key.value)
            yield from _said_twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _said_twice(one)


def _problem(node: yaml.Node, path: tuple[int | str, ...], message: str) -> str:
    """One line: where, what."""
    line, place = node.start_mark.line + 1, node
    for step in path:
        found = _below(place, step)
        if found is None:
            break
        line, place = found
    name = ".".join(str(step + 1) if isinstance(step, int) else step for step in path)
    return f"line {line}: {name}: {message}"


def _below(node: yaml.Node, step: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step].start_mark.line + 1, node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == step), None)
    return None
