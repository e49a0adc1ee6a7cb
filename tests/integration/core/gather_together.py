"""One process of several that share a batch: `python -m tests.integration.core.gather_together FOLDER`.

Leaves loss, gradients and running statistics of every case in the folder, and an encoder trained in one go and in two;
started with RANK and WORLD_SIZE as torchrun would.
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from core.contracts.features import EncoderSettings, FeatureLoss
from core.models.encoders import ProjectionHead
from core.training import course
from core.training.checkpoint import write_tensors
from core.training.encoder_loop import EncoderResult, Learner, train_encoder
from core.training.gathered import own_part, views_of
from core.training.peers import Peers, joined
from core.training.two_passes import backward, chunk_count
from tests.fakes.encoder_patches import StripedPatches, small_learner
from tests.fakes.learning import RecordedSurroundings

CASES: dict[str, tuple[FeatureLoss, int, int | None]] = {
    "cross-entropy": ("cross_entropy", 10, None),
    "supervised": ("supervised_contrastive", 10, None),
    "self-supervised": ("self_supervised", 10, None),
    "supervised in two passes": ("supervised_contrastive", 16, 2),
    "distance and location in two passes": ("distance_and_location", 16, 2),
}
"""Loss, patches in a batch, patches that one of four processes holds at a time."""
OF = 4
LEARNING = EncoderSettings(epochs=2, batch_size=24, pass_size=3, learning_rate=0.1, precision="float32")


class Network(nn.Module):
    """A small encoder with batch normalisation of images and of feature vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.head = ProjectionHead(6, 5)

    def forward(self, images: Tensor) -> Tensor:
        rows: Tensor = self.head(self.encoder(images).mean(dim=(2, 3)))
        return rows


def learnt(case: str, peers: Peers) -> dict[str, Tensor]:
    """Loss, gradients and statistics of one step on a batch that is the same for any number of processes."""
    loss, batch, pass_size = CASES[case]
    if pass_size is not None:
        pass_size *= OF // peers.count
    settings = EncoderSettings(loss=loss, batch_size=batch)
    generator = torch.Generator().manual_seed(7)
    images = torch.rand(batch, views_of(settings), 1, 8, 8, generator=generator, dtype=torch.float64)
    classes = torch.randint(0, 3, (batch,), generator=generator)
    if loss == "distance_and_location":
        classes = 2 * torch.rand(batch, 3, generator=generator) - 1
    torch.manual_seed(0)
    network = Network().double()
    peers.join_statistics(network)
    share = torch.as_tensor(peers.share(range(batch)))
    own, own_classes = images[share], classes[share]

    def rows(part: Tensor) -> Tensor:
        made: Tensor = network(part.transpose(0, 1).flatten(0, 1))
        return made.unflatten(0, (-1, len(part))).transpose(0, 1)

    chunks = [lambda part=part: rows(part) for part in own.tensor_split(chunk_count(batch, peers.count, pass_size))]
    value = backward(network, chunks, lambda found: own_part(settings, found, own_classes, batch, peers))
    together = peers.total_gradients(network, value)
    found = {name: parameter.grad for name, parameter in network.named_parameters() if parameter.grad is not None}
    return found | dict(network.named_buffers()) | {"loss": torch.tensor(together, dtype=torch.float64)}


def trained(folder: Path, peers: Peers, stop_at: tuple[int, int] | None = None) -> tuple[Learner, EncoderResult, list[float]]:
    """A training on stripes, its result and losses; stopped where a process is asked to in a step (rank, step)."""
    rank, step = stop_at or (0, None)
    around = RecordedSurroundings(folder, step if peers.rank == rank else None)
    learner = small_learner(LEARNING)
    result = train_encoder(learner, StripedPatches(LEARNING, 2, peers), LEARNING, around, peers)
    return learner, result, [report.loss for report in around.reports if report.loss is not None]


def train_twice(folder: Path, peers: Peers) -> None:
    """In one go, and stopped by the third process's word and resumed; leaves both, and the losses."""
    course.REPORT_EVERY_S = 0.0
    straight, _, whole = trained(folder / "straight", peers)
    _, stopped, first = trained(folder / "parts", peers, stop_at=(2, 2))
    peers.total(torch.zeros(1))  # The checkpoint stands when the first process has come so far.
    resumed, _, rest = trained(folder / "parts", peers)
    told = {"stopped after": stopped.steps, "whole": whole, "parts": [*first, *rest]}
    (folder / f"told {peers.rank}.json").write_text(json.dumps(told))
    for name, learner in (("straight", straight), ("parts", resumed)):
        write_tensors(folder / f"{name} {peers.rank}.safetensors", learner.state_dict(), {})


def main(folder: Path) -> None:
    """All cases, one after the other."""
    torch.set_num_threads(1)
    with joined() as peers:
        for case in CASES:
            write_tensors(folder / f"{case} {peers.rank}.safetensors", learnt(case, peers), {})
        for name in ("straight", "parts"):
            (folder / name).mkdir(exist_ok=True)
        train_twice(folder, peers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
