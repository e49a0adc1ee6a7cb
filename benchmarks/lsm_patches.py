"""F1 against processor seconds of training, with patches of 128, 256 and 512 label pixels: do larger ones learn faster?

Example: python -m benchmarks.lsm_patches --work /tmp/quality --json benchmarks/results/lsm_patches.json

The brains and settings of benchmarks.lsm_quality with the LR U-Net, one model of hOc2 and hOc3, of which its start weights
know nothing, trained on the ends of the interval. Every side gets as many iterations as took the same processor seconds
when its step was timed beforehand, which `--steps-alone` does; what each training really took is measured too. Seconds are
a processor's: a GPU divides its time otherwise. What is done is not done again; a training that was interrupted is, since
its seconds count.
"""

import argparse
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from shutil import rmtree
from statistics import median

from benchmarks.figures import Figure, run
from benchmarks.lsm_quality import complete, plan_of
from benchmarks.lsm_quality_brains import DEMO, OTHER, prepared
from benchmarks.lsm_speed import Learner, noise_source, own_steps
from brodmann.local_run import interruptible
from core.contracts.presets import PRESETS
from core.datasets import BrainFolder
from core.tasks.evaluate import SectionScore
from core.tasks.evaluate_grid import GridPlan, GridRun, ModelScores, evaluate_grid, planned, trained

AREAS = ("hOc2", "hOc3")
SECONDS = (80,)
SECONDS_FILE = "processor_s.txt"
NOISE_MM, STEPS = 30.0, 6


@dataclass(frozen=True, slots=True)
class Patches:
    """What a step learns from, and the processor seconds it takes (one thread, AMD EPYC with avx512-bf16, shared)."""

    output_px: int
    batch_size: int
    step_s: float

    @property
    def name(self) -> str:
        """As it stands in figures and folders."""
        return f"{self.batch_size}x{self.output_px}"


PATCHES = {
    patches.name: patches
    for patches in (Patches(128, 2, 0.78), Patches(256, 2, 1.07), Patches(512, 1, 1.36), Patches(512, 2, 3.35))
}


def timed_steps(patches: Patches, steps: int) -> list[Figure]:
    """Processor seconds of the median step on noise, cutting its patches included, and label pixels learnt in one."""
    sizes = {"output_px": patches.output_px, "batch_size": patches.batch_size}
    settings = PRESETS["demo"].settings.model_copy(update=sizes)
    learner, ends = Learner(settings, plain=False), []
    for images, labels in own_steps(noise_source(settings, NOISE_MM), steps):
        learner.learn(images, labels)
        ends.append(time.process_time())
    step_s = median(end - begun for begun, end in pairwise(ends))
    label_px = patches.batch_size * patches.output_px**2
    return [
        Figure(f"patches.step.{patches.name}.processor_s", step_s, "s"),
        Figure(f"patches.step.{patches.name}.label_px_per_s", label_px / step_s, "px/s"),
    ]


def plan_for(brain: BrainFolder, patches: Patches, seconds: float) -> GridPlan:
    """One local model that sees such patches for about so many processor seconds."""
    plan = plan_of(brain, ["lr_unet"], max(1, round(seconds / patches.step_s)), together=True)
    sizes = {"output_px": patches.output_px, "batch_size": patches.batch_size}
    settings = tuple(each.model_copy(update=sizes) for each in plan.settings)
    return plan.model_copy(update={"areas": AREAS, "settings": settings})


def scored(plan: GridPlan, run: GridRun) -> tuple[Sequence[ModelScores], float]:
    """The scores of the plan's one model, and the processor seconds of its training, reading and validation included."""
    file = run.out / SECONDS_FILE
    if not file.exists():
        if run.out.exists():
            rmtree(run.out)
        (model,), _ = planned(plan, run.brains)
        started = time.process_time()
        trained(model, run.brains[0], run)
        file.write_text(f"{time.process_time() - started:.1f}\n")
    return complete(evaluate_grid(plan, run).models), float(file.read_text())


def figures_of(name: str, models: Iterable[ModelScores], processor_s: float) -> list[Figure]:
    """Median F1 of each area, and of all sections of both; what training took."""
    areas = {area.area: area.sections for entry in models for area in entry.areas}
    everything: list[SectionScore] = [score for scores in areas.values() for score in scores]
    return [
        Figure(f"patches.{name}.processor_s", processor_s, "s"),
        *(Figure(f"patches.{name}.f1.{area}", median(s.f1_model for s in scores), "F1") for area, scores in areas.items()),
        Figure(f"patches.{name}.f1", median(score.f1_model for score in everything), "F1"),
    ]


def measure(options: argparse.Namespace) -> Sequence[Figure]:
    """Time a step; make the brains, train, predict, score."""
    figures = [figure for name in options.patches for figure in timed_steps(PATCHES[name], 3 if options.quick else STEPS)]
    if options.steps_alone:
        return figures
    brains = {spec.brain_id: prepared(spec, options.work) for spec in (DEMO, OTHER) if spec.brain_id in options.brain}
    with interruptible() as (report, stop_requested):
        for brain, seconds, chosen in product(brains.values(), [6] if options.quick else options.seconds, options.patches):
            name = f"{brain.brain.id}.{seconds}s.{chosen}"
            run_here = GridRun((brain,), options.work / "patches" / name, report, stop_requested)
            figures += figures_of(name, *scored(plan_for(brain, PATCHES[chosen], seconds), run_here))
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for brains and models, 1 GB")
    parser.add_argument("--brain", choices=["B20", "Q31"], nargs="+", default=["B20", "Q31"], help="both by default")
    parser.add_argument("--seconds", type=int, nargs="+", default=list(SECONDS), help="of a processor, that each training gets")
    words = "batch size and side; all by default"
    parser.add_argument("--patches", choices=list(PATCHES), nargs="+", default=list(PATCHES), help=words)
    parser.add_argument("--steps-alone", action="store_true", help="time a step of each and train nothing")
    run(measure, parser)
