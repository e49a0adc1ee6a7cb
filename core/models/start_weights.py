"""Weights that come with the package, to start training from (the thesis pre-initialised its encoders too, 5.1.5)."""

from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from core.models.factory import with_shapes

FOLDER = Path(__file__).parent / "weights"
CLASSIFIER = "decoder.classifier."


class UnknownWeightsError(Exception):
    """No packaged weights of that name, or they belong to another network."""


def load_start_weights(model: nn.Module, name: str) -> None:
    """Fill the model with packaged weights; UnknownWeightsError names what there is.

    A classifier for another number of areas starts anew.
    """
    known = available_weights()
    if name not in known:
        raise UnknownWeightsError(f"there are no start weights {name!r}; the package has: {', '.join(known) or 'none'}")
    tensors = load_file(FOLDER / f"{name}.safetensors")
    own = model.state_dict()
    tensors = with_shapes(tensors, own)
    fitting = {key: value for key, value in tensors.items() if key in own and value.shape == own[key].shape}
    if tensors.keys() != own.keys() or any(not key.startswith(CLASSIFIER) for key in tensors.keys() - fitting.keys()):
        raise UnknownWeightsError(f"the start weights {name!r} belong to another network than {type(model).__name__}")
    # Packaged in half precision to keep the package small.
    model.load_state_dict(own | {key: value.to(own[key].dtype) for key, value in fitting.items()})


def available_weights() -> tuple[str, ...]:
    """Names of the packaged weights."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.safetensors")))
