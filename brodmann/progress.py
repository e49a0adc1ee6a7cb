"""Progress of long work on a terminal, from the same reports a job sends."""

import sys

import click

from core.contracts.jobs import Progress


class TerminalProgress:
    """Draws one line per phase that counts up on a terminal; a line per phase where the output is no terminal."""

    def __init__(self) -> None:
        self._phase = ""
        self._percent = -1
        self._live = sys.stderr.isatty()

    def __call__(self, progress: Progress) -> None:
        """Show one report."""
        percent = min(100, 100 * progress.step // progress.of)
        if progress.phase != self._phase:
            self.close()
            self._phase = progress.phase
            if not self._live:
                click.echo(progress.phase, err=True)
        if self._live and percent != self._percent:
            loss = "" if progress.loss is None else f"  loss {progress.loss:.3f}"
            left = "" if progress.eta_s is None else f"  {progress.eta_s:.0f} s left"
            rate = progress.metrics.get("megapixels_per_s")
            speed = "" if rate is None else f"  {rate:.1f} MP/s"
            click.echo(f"\r{progress.phase}  {percent:3d} %{loss}{speed}{left}    ", nl=False, err=True)
        self._percent = percent

    def close(self) -> None:
        """End the line that is being drawn."""
        if self._live and self._phase:
            click.echo(err=True)
        self._phase = ""
