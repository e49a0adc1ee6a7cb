"""The phantom: synthetic tissue on real anatomy, with exact truth. Never imported by a process that serves HTTP."""

from core.phantom.assemble import build, build_brain
from core.phantom.presets import PRESETS, PhantomSpec, start_weight_specs

__all__ = ["PRESETS", "PhantomSpec", "build", "build_brain", "start_weight_specs"]
