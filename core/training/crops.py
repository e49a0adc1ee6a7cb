"""Batches of crops, read ahead of their use: by threads, by worker processes, or by the ranks of an MPI program."""

import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from itertools import islice, repeat, tee
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.ahead import ahead
from core.models.device import choose_device
from core.pipeline import OpenStage, Stage, processes_open
from core.sampling.crops import IMAGE, CropReader, Place, crop_px, read_crop
from core.training.peers import Peers

__all__ = ["CropBatches", "CropReader", "Crops", "Place", "crop_batches", "crop_px", "crop_stage", "read_crop"]

THREADS_SUFFICE = 4
"""Up to so many processors threads read; with more, worker processes: the store's HDF5 has one lock for all threads."""
MOST_WORKERS = 16
Seed = int | Sequence[int]
Batches = Iterable[NDArray[np.intp]]


def crop_stage(open_stage: OpenStage, reader: CropReader) -> AbstractContextManager[Stage[Place]]:
    """A stage whose workers read crops, be they processes or the ranks of an MPI program."""
    return open_stage(reader.reading, {}, reader.reading.side_px**2)


@dataclass(frozen=True, slots=True)
class Crops:
    """A batch: `images` (b, c, c) uint8 and `area` (b,) int64 on the device that learns, `index` (b,) of the sites.

    `seeds` (b,) int64 are the patches' own, for `augment`; 0 where nothing is to be changed.
    """

    images: Tensor
    area: Tensor
    index: NDArray[np.intp]
    seeds: NDArray[np.int64]


class CropBatches(Iterator[Crops]):
    """Batches in order, made ahead; `waiting_s` is the time that was waited for them so far."""

    def __init__(self, made: Generator[tuple[Crops, "torch.cuda.Event | None"], None, None]) -> None:
        self._made, self.waiting_s = made, 0.0

    def __next__(self) -> Crops:
        started = time.perf_counter()
        try:
            crops, copied = next(self._made)
        finally:
            self.waiting_s += time.perf_counter() - started
        if copied is not None:
            stream = torch.cuda.current_stream(crops.images.device)
            stream.wait_event(copied)
            for tensor in (crops.images, crops.area):
                tensor.record_stream(stream)
        return crops

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._made.close()


def crop_batches(
    reader: CropReader,
    batches: Batches,
    seed: Seed | None,
    workers: "int | Stage[Place] | None" = None,
    peers: Peers | None = None,
    first: int = 0,
) -> CropBatches:
    """The crops of each batch of sites, in order; while one is learnt from the next is read and brought to the device.

    Args:
        reader: knows sites and sections.
        batches: indices of sites, each array a batch.
        seed: of the random shifts and of what `augment` does; None leaves every patch in its place.
        workers: threads that read, or the stage of `crop_stage`; by default as many threads as processors, worker processes
            where these are more than `THREADS_SUFFICE`.
        peers: processes that learn together: each reads its share of every batch, with the seeds it has in the joint batch.
        first: number of the first batch, so that what is resumed goes on with the seeds it would have had.

    Raises:
        UnreadableImageError, DatasetError: a section cannot be read; raised where its batch is due.
        StageError: a worker failed or is lost.
    """
    return CropBatches(_made(_plans(reader, batches, seed, peers or Peers(), first), reader, workers))


@dataclass(frozen=True, slots=True)
class _Plan:
    index: NDArray[np.intp]
    seeds: NDArray[np.int64]
    places: list[Place]


def _plans(reader: CropReader, batches: Batches, seed: Seed | None, peers: Peers, first: int) -> Iterator[_Plan]:
    for number, batch in enumerate(batches, start=first):
        seeds = np.zeros(len(batch), np.int64) if seed is None else _seeds(seed, number, len(batch))
        mine: Sequence[int] = peers.share(batch.tolist())
        own: Sequence[int] = peers.share(seeds.tolist())
        places = [reader.place(site, None if seed is None else each) for site, each in zip(mine, own, strict=True)]
        yield _Plan(np.array(mine, np.intp), np.array(own, np.int64), places)


def _seeds(seed: Seed, number: int, count: int) -> NDArray[np.int64]:
    root = (seed,) if isinstance(seed, int) else tuple(seed)
    return np.random.default_rng((*root, number)).integers(1, 2**63 - 1, count)


def _made(
    plans: Iterator[_Plan], reader: CropReader, workers: "int | Stage[Place] | None"
) -> Generator[tuple[Crops, "torch.cuda.Event | None"], None, None]:
    for_crops, for_batches = tee(plans)
    # Made here, where the process's own GPU is the current one: threads begin with the first.
    stream = torch.cuda.Stream() if choose_device().type == "cuda" else None  # type: ignore[no-untyped-call]
    with closing(_read(reader, (place for plan in for_crops for place in plan.places), workers)) as crops:
        gathered = (_on_device(_gathered(crops, plan, reader), stream) for plan in for_batches)
        for _, batch in ahead(lambda _: next(gathered, None), repeat(None)):
            if batch is None:
                return
            yield batch


def _read(
    reader: CropReader, places: Iterable[Place], workers: "int | Stage[Place] | None"
) -> Generator[NDArray[np.uint8], None, None]:
    count = torch.get_num_threads()
    if isinstance(workers, Stage):
        with closing(workers.run(places)) as results:
            yield from (result[IMAGE] for result in results)
    elif workers is None and count > THREADS_SUFFICE:
        with crop_stage(processes_open(min(MOST_WORKERS, count)), reader) as stage:
            yield from _read(reader, places, stage)
    else:
        yield from (crop for _, crop in ahead(reader.read, places, workers or os.cpu_count() or 1))


def _gathered(crops: Iterator[NDArray[np.uint8]], plan: _Plan, reader: CropReader) -> Crops:
    """The next crops in memory of their own, from where a GPU can fetch them by itself."""
    side = reader.reading.side_px
    images = torch.empty((len(plan.index), side, side), dtype=torch.uint8, pin_memory=torch.cuda.is_available())
    for place, crop in zip(images.numpy(), islice(crops, len(plan.index)), strict=True):
        np.copyto(place, crop)
    return Crops(images, torch.from_numpy(reader.sites.area[plan.index].astype(np.int64)), plan.index, plan.seeds)


def _on_device(crops: Crops, stream: "torch.cuda.Stream | None") -> tuple[Crops, "torch.cuda.Event | None"]:
    """Copied in the thread that gathers, on a stream of its own, while the device learns."""
    if stream is None:
        return crops, None
    with torch.cuda.stream(stream):
        images, area = (tensor.to(stream.device, non_blocking=True) for tensor in (crops.images, crops.area))
        copied = stream.record_event()
    return Crops(images, area, crops.index, crops.seeds), copied
