"""Batches of training patches in order: cut on the GPU that learns, or ahead of it by threads or processes."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice, repeat, tee

import cv2
import numpy as np
import torch
from torch import Tensor

from core.ahead import ahead
from core.models.device import choose_device
from core.pipeline import Arrays, OpenStage, processes_open
from core.sampling.patches import Raster
from core.training.device_stage import DeviceStage, held_bytes
from core.training.patch_source import Batch, Patch, PatchSource, Plan
from core.training.peers import Peers
from core.training.shared_source import LABELS, taken_apart

BATCHES_AHEAD = 2
THREADS_SUFFICE = 4
"""Up to so many processors threads read streamed sections faster (two of them: about twice as fast), as nothing is sent."""
MOST_WORKERS = 16
DEVICE_SHARE = 0.4
"""Of the GPU's memory, for the sections; the rest is for learning."""


def batches(
    source: PatchSource, first_step: int, last_step: int, peers: Peers | None = None, open_stage: OpenStage | None = None
) -> Iterator[Batch]:
    """The batches of the steps first_step .. last_step − 1; of several processes each gets its share of every batch.

    Where there is `open_stage` its workers cut the patches.
    """
    share = (peers or Peers()).share
    plans = (share(source.plan(step)) for step in range(first_step, last_step))
    return planned_batches(source, plans) if open_stage is None else staged_batches(source, plans, open_stage)


def planned_batches(source: PatchSource, plans: Iterable[Plan]) -> Iterator[Batch]:
    """A batch for each plan, in order: on the GPU where there is one and the sections fit, else in the host's memory."""
    device = choose_device()
    if fits(source, device):
        return DeviceStage(source, device).batches(plans)
    streamed = not all(isinstance(image, Raster) for section in source.sections for image in section.images.values())
    return (staged_batches if streamed and torch.get_num_threads() > THREADS_SUFFICE else threaded_batches)(source, plans)


def fits(source: PatchSource, device: torch.device) -> bool:
    """Whether patches are to be cut on the device: OpenCV's threads are the faster on a CPU."""
    if device.type != "cuda":
        return False
    return held_bytes(source) <= DEVICE_SHARE * torch.cuda.get_device_properties(device).total_memory


def threaded_batches(source: PatchSource, plans: Iterable[Plan]) -> Iterator[Batch]:
    """Batches cut by OpenCV in threads, up to `BATCHES_AHEAD` ahead; sections may be streamed from their files."""
    cv2.setNumThreads(1)  # the patches are the parallel work; OpenCV's own threads would only compete with them
    waiting: deque[list[Future[Patch]]] = deque()
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for plan in plans:
            waiting.append([pool.submit(source.cut, centre, variation) for centre, variation in plan])
            if len(waiting) > BATCHES_AHEAD:
                yield _stacked([future.result() for future in waiting.popleft()])
        while waiting:
            yield _stacked([future.result() for future in waiting.popleft()])


def staged_batches(source: PatchSource, plans: Iterable[Plan], open_stage: OpenStage | None = None) -> Iterator[Batch]:
    """The same batches cut by a stage's workers, who have the rasters in memory once for all of them.

    By default worker processes, one for each processor: HDF5 has one lock for all threads of a process. StageError when a
    worker fails or is lost.
    """
    opened = open_stage or processes_open(min(MOST_WORKERS, torch.get_num_threads()))
    for_patches, for_batches = tee(plans)
    with (
        opened(*taken_apart(source), source.patch_bytes()) as stage,
        closing(stage.run(item for plan in for_patches for item in plan)) as patches,
    ):
        gathered = (_gathered(patches, len(plan)) for plan in for_batches)
        for _, batch in ahead(lambda _: next(gathered, None), repeat(None)):
            if batch is None:
                return
            yield batch


def _gathered(patches: Iterator[Arrays], count: int) -> Batch:
    """The next patches as a batch of its own memory, from where a GPU can fetch it by itself."""
    parts: dict[str, Tensor] = {}
    for index, patch in enumerate(islice(patches, count)):
        for name, array in patch.items():
            if index == 0:
                kind = torch.from_numpy(array).dtype
                parts[name] = torch.empty((count, *array.shape), dtype=kind, pin_memory=torch.cuda.is_available())
            np.copyto(parts[name].numpy()[index], array)
    labels = parts.pop(LABELS)
    return Batch({name: images.unsqueeze(1) for name, images in parts.items()}, labels)


def _stacked(patches: Sequence[Patch]) -> Batch:
    inputs = {
        name: torch.from_numpy(np.stack([patch.inputs[name] for patch in patches])).unsqueeze(1) for name in patches[0].inputs
    }
    return Batch(inputs, torch.from_numpy(np.stack([patch.labels for patch in patches])))
