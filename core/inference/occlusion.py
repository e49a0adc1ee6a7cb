"""Looking inside a network: what it finds when one of its inputs is hidden, and what its layers respond to.

Hiding an input is the thesis's variant (5.2.5, figure 5.11) of occlusion (M. D. Zeiler and R. Fergus, Visualizing and
understanding convolutional networks, ECCV 2014).
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.contracts.training import Precision
from core.models.blocks import Convolution, UpStage
from core.models.device import mixed_precision
from core.models.factory import as_input

AS_TRAINED = "as trained"
Images = Mapping[str, NDArray[np.uint8]]


class UnknownLayerError(Exception):
    """The network has no layer of that name."""


def occlusions(images: Images) -> dict[str, dict[str, NDArray[np.uint8]]]:
    """The inputs as they are, and for each of several inputs once with all others replaced by their mean intensity."""
    found = {AS_TRAINED: dict(images)}
    if len(images) > 1:
        for kept in images:
            found[f"{kept} resolution only"] = {
                name: image if name == kept else np.full_like(image, round(float(image.mean())))
                for name, image in images.items()
            }
    return found


def probabilities(model: nn.Module, images: Images, precision: Precision) -> NDArray[np.float32]:
    """Probabilities (classes, h, w) of a network set to predict; `images` (h, w) by input name, in the network's order."""
    logits = _forward(model, images, precision)
    result: NDArray[np.float32] = logits.float().softmax(dim=1)[0].cpu().numpy()
    return result


def layer_names(model: nn.Module) -> tuple[str, ...]:
    """The layers whose feature maps can be seen: convolutions, decoder stages, and the classifier, in forward order."""
    return tuple(
        name
        for name, module in model.named_modules()
        if isinstance(module, (Convolution, UpStage)) or name.endswith("classifier")
    )


def feature_maps(model: nn.Module, images: Images, layer: str, precision: Precision) -> NDArray[np.float32]:
    """What a layer puts out, (channels, h, w); UnknownLayerError names the layers there are."""
    known = layer_names(model)
    if layer not in known:
        raise UnknownLayerError(f"the network has no layer {layer!r}; it has {', '.join(known)}")
    caught: list[Tensor] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _module, _inputs, output: caught.append(output))
    try:
        _forward(model, images, precision)
    finally:
        handle.remove()
    result: NDArray[np.float32] = caught[0][0].float().cpu().numpy()
    return result


def _forward(model: nn.Module, images: Images, precision: Precision) -> Tensor:
    device = next(model.parameters()).device
    inputs = [as_input(torch.from_numpy(image).to(device)[None, None].float() / 255) for image in images.values()]
    with torch.inference_mode(), mixed_precision(device, precision):
        logits: Tensor = model(*inputs)
    return logits
