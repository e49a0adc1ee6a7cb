"""One of several MPI ranks, half of which read for the others: `python -m tests.integration.core.read_and_gather FOLDER`.

Those that learn leave loss, gradients and statistics of one step on crops of the brain in the folder.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from compute_service.runner.ranks import find_ranks
from core.contracts.jobs import Resources
from core.pipeline import Stage
from core.sampling.crops import Place
from core.training.checkpoint import write_tensors
from core.training.crops import CropReader, crop_batches, crop_stage
from core.training.gathered import own_part
from core.training.patch_augmentation import augment
from core.training.peers import Peers, joined
from tests.fakes.patches import SETTINGS, reader_of
from tests.integration.core.gather_together import Network


def learnt(reader: CropReader, peers: Peers, readers: Stage[Place] | None = None) -> dict[str, Tensor]:
    """Loss, gradients and statistics of a step in float64 that contrasts the patches of a batch; the same however shared."""
    batch = np.random.default_rng(3).permutation(len(reader.sites))[:10]
    torch.manual_seed(0)
    network = Network().double()
    peers.join_statistics(network)
    with crop_batches(reader, [batch], 7, readers, peers) as batches:
        crops = next(batches)
    rows = network(augment(crops.images, SETTINGS, crops.seeds).double())[:, None]
    value = own_part(SETTINGS, rows, crops.area, len(batch), peers)
    value.backward()
    together = peers.total_gradients(network, value)
    found = {name: parameter.grad for name, parameter in network.named_parameters() if parameter.grad is not None}
    return found | dict(network.named_buffers()) | {"loss": torch.tensor(together, dtype=torch.float64)}


def main(folder: Path) -> None:
    """Two that learn with a reader each."""
    torch.set_num_threads(1)
    ranks = find_ranks(Resources(processes=2, readers=1))
    assert ranks.crew is not None
    assert ranks.open_stage is not None
    if ranks.reads:
        ranks.crew.serve()
        return
    reader = reader_of(folder / "SMALL")
    with crop_stage(ranks.open_stage, reader) as readers, joined() as peers:
        write_tensors(folder / f"{peers.rank}.safetensors", learnt(reader, peers, readers), {})
    ranks.dismiss()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
