"""Looking inside a network: what it finds when one of its inputs is hidden, and what its layers respond to.

Hiding an input is the thesis's variant (5.2.5, figure 5.11) of occlusion (M. D. Zeiler and R. Fergus, Visualizing and
understanding convolutional networks, ECCV 2014).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.contracts.training import Precision
from core.models.blocks import Convolution, Encoder, UpStage
from core.models.device import mixed_precision
from core.models.factory import as_input

Images = Mapping[str, NDArray[np.uint8]]
OnMaps = Callable[[str, NDArray[np.float32]], None]


class UnknownLayerError(Exception):
    """The network has no layer of that name."""


def occlusions(images: Images) -> dict[tuple[str, ...], dict[str, NDArray[np.uint8]]]:
    """By the inputs that are shown: all as they are, then each of several alone, the others at their mean intensity."""
    found = {tuple(images): dict(images)}
    if len(images) > 1:
        for kept in images:
            found[(kept,)] = {
                name: image if name == kept else np.full_like(image, round(float(image.mean())))
                for name, image in images.items()
            }
    return found


def probabilities(model: nn.Module, images: Images, precision: Precision, temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities (classes, h, w) of a network set to predict; `images` (h, w) by input name, in the network's order."""
    logits = _forward(model, images, precision)
    result: NDArray[np.float32] = (logits.float() / temperature).softmax(dim=1)[0].cpu().numpy()
    return result


def layer_names(model: nn.Module) -> tuple[str, ...]:
    """The layers whose feature maps can be seen: convolutions, decoder stages, and the classifier, in forward order."""
    return tuple(
        name
        for name, module in model.named_modules()
        if isinstance(module, (Convolution, UpStage)) or name.endswith("classifier")
    )


def stage_names(model: nn.Module) -> tuple[str, ...]:
    """One layer for each stage of the network: the last of each encoder block, each decoder stage, and the classifier."""
    found: list[str] = []
    for name, module in model.named_modules():
        if isinstance(module, Encoder):
            blocks = (block for block in module.blocks if isinstance(block, nn.Sequential))
            found += [f"{name}.blocks.{index}.{len(block) - 1}" for index, block in enumerate(blocks)]
        elif isinstance(module, UpStage) or name.endswith("classifier"):
            found.append(name)
    return tuple(found)


def feature_maps(model: nn.Module, images: Images, layer: str, precision: Precision) -> NDArray[np.float32]:
    """What a layer puts out, (channels, h, w); UnknownLayerError names the layers there are."""
    found: dict[str, NDArray[np.float32]] = {}
    watch_layers(model, images, precision, [layer], found.__setitem__)
    return found[layer]


def watch_layers(model: nn.Module, images: Images, precision: Precision, layers: Sequence[str], on_maps: OnMaps) -> None:
    """Tell `on_maps` what each of the layers puts out, (channels, h, w), in one pass; one layer's maps are held at a time.

    UnknownLayerError names the layers there are.
    """
    known = layer_names(model)
    if unknown := [layer for layer in layers if layer not in known]:
        raise UnknownLayerError(f"the network has no layer {unknown[0]!r}; it has {', '.join(known)}")

    def tell(layer: str, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        on_maps(layer, output[0].float().cpu().numpy())

    with ExitStack() as hooks:
        for layer in layers:
            hooks.callback(model.get_submodule(layer).register_forward_hook(partial(tell, layer)).remove)
        _forward(model, images, precision)


def _forward(model: nn.Module, images: Images, precision: Precision) -> Tensor:
    device = next(model.parameters()).device
    inputs = [as_input(torch.from_numpy(image).to(device)[None, None].float() / 255) for image in images.values()]
    with torch.inference_mode(), mixed_precision(device, precision):
        logits: Tensor = model(*inputs)
    return logits
