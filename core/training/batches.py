"""Batches of training patches in order: cut on the GPU that learns, or by threads while the batch before is learnt from."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np
import torch

from core.models.device import choose_device
from core.training.device_stage import DeviceStage, held_bytes
from core.training.patch_source import Batch, Patch, PatchSource, Plan
from core.training.peers import Peers

BATCHES_AHEAD = 2
DEVICE_SHARE = 0.4
"""Of the GPU's memory, for the sections; the rest is for learning."""


def batches(source: PatchSource, first_step: int, last_step: int, peers: Peers | None = None) -> Iterator[Batch]:
    """The batches of the steps first_step .. last_step − 1; of several processes each gets its share of every batch."""
    share = (peers or Peers()).share
    return planned_batches(source, (share(source.plan(step)) for step in range(first_step, last_step)))


def planned_batches(source: PatchSource, plans: Iterable[Plan]) -> Iterator[Batch]:
    """A batch for each plan, in order: on the GPU where there is one and the sections fit, else in the host's memory."""
    device = choose_device()
    if fits(source, device):
        return DeviceStage(source, device).batches(plans)
    return threaded_batches(source, plans)


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


def _stacked(patches: Sequence[Patch]) -> Batch:
    inputs = {
        name: torch.from_numpy(np.stack([patch.inputs[name] for patch in patches])).unsqueeze(1) for name in patches[0].inputs
    }
    return Batch(inputs, torch.from_numpy(np.stack([patch.labels for patch in patches])))
