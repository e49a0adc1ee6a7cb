"""Features of patches of the cortex by a trained encoder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from core.ahead import ahead
from core.contracts.features import EncoderSettings, FeaturesReport
from core.datasets import BrainFolder
from core.datasets.open_section import open_section
from core.imaging.reader import SectionReader
from core.imaging.sections import read_at
from core.models.device import mixed_precision, placed
from core.models.encoders import Encoder, encoder_for
from core.models.factory import as_input

ENCODER_FILE, REPORT_FILE = "encoder.safetensors", "features.json"
PIXELS_AT_ONCE = 1 << 25
"""Of the patches that go through an encoder together: eight of 2048 × 2048."""


class FeaturesFilesError(Exception):
    """The results of a features job cannot be used."""


def load_report(results: Path) -> FeaturesReport:
    """Read `features.json`; FeaturesFilesError when it is missing or not valid."""
    path = results / REPORT_FILE
    try:
        return FeaturesReport.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FeaturesFilesError(f"{path} is missing: the features job has not ended well; train again") from error
    except ValidationError as error:
        raise FeaturesFilesError(f"{path} is not a report on features: {error}") from error


def load_encoder(results: Path, device: torch.device) -> tuple[Encoder, FeaturesReport]:
    """The trained encoder on the device, set to give features, and its report; FeaturesFilesError."""
    report = load_report(results)
    encoder, path = encoder_for(report.settings), results / ENCODER_FILE
    try:
        encoder.load_state_dict(load_file(path))
    except (FileNotFoundError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]  # torch goes on to list every layer
        raise FeaturesFilesError(f"{path} does not hold the weights of a {report.settings.encoder}: {reason}") from error
    placed(encoder, device).eval()
    return encoder, report


def features_at(
    encoder: Encoder, report: FeaturesReport, folder: BrainFolder, section: int, centres_um: NDArray[np.floating]
) -> NDArray[np.float16]:
    """Features (n, width) of the patches centred at `centres_um` (n, 2), section frame, upright and unchanged.

    Beyond the section the image goes on white. Errors as of `open_section`.
    """
    with open_section(folder, section) as opened:
        return patches_to_features(encoder, report.settings, _patches(opened, report.settings, centres_um))


def patches_to_features(encoder: Encoder, settings: EncoderSettings, batches: Iterator[Tensor]) -> NDArray[np.float16]:
    """Features (n, width) of batches of patches (b, 1, p, p) in the networks' range, on any device."""
    device = next(encoder.parameters()).device
    found = [np.empty((0, encoder.feature_width), np.float16)]
    with torch.inference_mode(), mixed_precision(device, settings.precision):
        for images in batches:
            given = images.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
            found.append(encoder(given).to("cpu", torch.float16).numpy())
    return np.concatenate(found)


def at_once(settings: EncoderSettings) -> int:
    """Patches that go through an encoder together."""
    return max(1, PIXELS_AT_ONCE // settings.patches.patch_px**2)


def _patches(section: SectionReader, settings: EncoderSettings, centres_um: NDArray[np.floating]) -> Iterator[Tensor]:
    side_px, size_um = settings.patches.patch_px, settings.patches.pixel_size_um
    many = at_once(settings)
    parts = [centres_um[first : first + many] for first in range(0, len(centres_um), many)]

    def read(centres: NDArray[np.floating]) -> Tensor:
        corners = np.round(centres / size_um - side_px / 2) * size_um
        pixels = [read_at(section, size_um, float(left), float(top), side_px, side_px) for left, top in corners]
        return as_input(torch.from_numpy(np.stack(pixels))[:, None].float() / 255)

    for _, images in ahead(read, parts):
        yield images
