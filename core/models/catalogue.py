"""What networks there are, measured on the built networks: `brodmann models`."""

from typing import Any

import torch
from torch import Tensor

from core.contracts.training import AUXILIARY_CLASSES, Architecture, SegmentationSettings
from core.models.encoders import ENCODERS, EncoderName, build_encoder
from core.models.factory import NETWORKS, build_model, input_names, parameter_count
from core.models.geometry import patch_geometry

TITLES: dict[Architecture, str] = {"hr_unet": "HR U-Net", "lr_unet": "LR U-Net", "ms_unet": "MS U-Net"}
ENCODER_TITLES: dict[EncoderName, str] = {
    "base": "Base", "resnet18": "ResNet18", "resnet50": "ResNet50", "resnet101": "ResNet101", "densenet121": "DenseNet121"
}  # fmt: skip
PATCH_PX, PATCH_PIXEL_SIZE_UM = 2048, 2.0
"""Of the patches that encoders see (thesis 6.1)."""


def describe_models() -> list[dict[str, Any]]:
    """Name, parameters, input and output sizes (px), pixel sizes (µm) and feature width of each network and encoder.

    Sizes and widths come from a forward pass on torch's "meta" device, which computes shapes and no values.
    """
    return [*(_describe(architecture) for architecture in NETWORKS), *(_describe_encoder(name) for name in ENCODERS)]


def _describe(architecture: Architecture) -> dict[str, Any]:
    geometry = patch_geometry(SegmentationSettings(architecture=architecture))
    model = build_model(architecture).to("meta").eval()
    images = [
        torch.zeros(1, 1, *(geometry.inputs[name].size_px(geometry.output_px),) * 2, device="meta")
        for name in input_names(architecture)
    ]
    widths: list[int] = []
    handle = model.get_submodule("decoder").register_forward_pre_hook(lambda _, arguments: widths.append(arguments[0].shape[1]))
    logits: Tensor = model(*images)
    handle.remove()
    encoders = {name: module for name, module in model.named_children() if name.endswith("_encoder")}
    return {
        "name": architecture,
        "title": TITLES[architecture],
        "parameters": parameter_count(model),
        "encoder_parameters": {name: parameter_count(module) for name, module in encoders.items()},
        "inputs": [
            {"name": name, "size_px": image.shape[-1], "pixel_size_um": geometry.inputs[name].pixel_size_um}
            for name, image in zip(input_names(architecture), images, strict=True)
        ],
        "output": {
            "size_px": int(logits.shape[-1]),
            "pixel_size_um": geometry.output_pixel_size_um,
            "classes": [*AUXILIARY_CLASSES, "area"][: logits.shape[1]],
        },
        "feature_width": widths[0],
        "tile_phase_px": geometry.phase_px,
    }


def _describe_encoder(name: EncoderName) -> dict[str, Any]:
    encoder = build_encoder(name).to("meta").eval()
    features: Tensor = encoder(torch.zeros(1, 1, PATCH_PX, PATCH_PX, device="meta"))
    return {
        "name": name,
        "title": ENCODER_TITLES[name],
        "parameters": parameter_count(encoder),
        "inputs": [{"name": "patch", "size_px": PATCH_PX, "pixel_size_um": PATCH_PIXEL_SIZE_UM}],
        "feature_width": int(features.shape[-1]),
    }
