"""Which of a job's several processes was killed, as its keeper (compute_service.runner.keeper) left it."""

from pathlib import Path

from compute_service.ports import JobPaths


def lost_words(job_dir: Path) -> str:
    """Such as "process 3 of 4, which reads for process 1, on c1 was killed by signal SIGKILL"; "" where nobody says."""
    try:
        return JobPaths(job_dir).lost.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def forget_lost(job_dir: Path) -> None:
    """What was lost before the next submission."""
    JobPaths(job_dir).lost.unlink(missing_ok=True)
