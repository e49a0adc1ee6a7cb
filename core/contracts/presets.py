"""Named choices of settings for the wizard, and what they are expected to take."""

from core.contracts.features import EncoderSettings, FeaturesPreset, PatchSettings
from core.contracts.training import Architecture, Preset, SegmentationSettings

# Packaged weights by the network they belong to (core.models.start_weights), for pixels of 4 and 32 µm.
START_WEIGHTS: dict[Architecture, str] = {"lr_unet": "phantom-lr-unet-v1", "ms_unet": "phantom-ms-unet-v2"}

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            name="tiny",
            title="Quick try",
            description="Seconds of training, to see how the steps follow one another; do not expect good borders.",
            settings=SegmentationSettings(
                architecture="lr_unet",
                low_pixel_size_um=32.0,
                high_pixel_size_um=4.0,
                output_px=64,
                iterations=6,
                batch_size=2,
                learning_rate=0.002,
                halve_learning_rate_at=(4,),
                roi_radius_mm=1.0,
                weight_classes=False,
                intensity_variation=0.25,
                start_weights=START_WEIGHTS["lr_unet"],
            ),
        ),
        Preset(
            name="demo",
            title="Demo",
            description="Minutes on two processor cores: starts from weights trained on other synthetic brains.",
            settings=SegmentationSettings(
                architecture="lr_unet",
                low_pixel_size_um=32.0,
                high_pixel_size_um=4.0,
                output_px=256,
                iterations=120,
                batch_size=2,
                learning_rate=0.002,
                halve_learning_rate_at=(60, 90, 105),
                roi_radius_mm=3.0,
                weight_classes=False,
                intensity_variation=0.25,
                start_weights=START_WEIGHTS["lr_unet"],
            ),
        ),
        Preset(
            name="standard",
            title="Standard",
            description="The thesis's parameters: 3000 iterations of 64 patches at 2 and 16 µm. Wants a GPU.",
            settings=SegmentationSettings(),
        ),
    )
}

FEATURES_PRESETS: dict[str, FeaturesPreset] = {
    preset.name: preset
    for preset in (
        FeaturesPreset(
            name="demo",
            title="Demo",
            description="A minute or two on two processor cores, to see how the steps follow one another: the base network on "
            "small patches of low resolution, by cross-entropy. Do not expect good features.",
            settings=EncoderSettings(
                encoder="base",
                loss="cross_entropy",
                patches=PatchSettings(pixel_size_um=16.0, patch_px=128, patches_per_area=24),
                epochs=8,
                batch_size=24,
                intensity_variation=0.25,
            ),
        ),
        FeaturesPreset(
            name="standard",
            title="Standard",
            description="The thesis's parameters: ResNet50 by supervised contrast, 150 epochs of batches of 2048 patches of "
            "2048 pixels at 2 µm. Wants several GPUs, or one for long.",
            settings=EncoderSettings(pass_size=8),
        ),
    )
}

# Seconds per training patch: a constant for the input's border plus a part per label pixel, of the whole
# forward and backward pass in bfloat16 on two cores (AMD EPYC with avx512-bf16, measured with 64 to 256 px outputs).
TRAIN_S_PER_PATCH: dict[Architecture, tuple[float, float]] = {
    "hr_unet": (0.11, 2.7e-6),
    "lr_unet": (0.24, 4.0e-6),
    "ms_unet": (0.29, 3.0e-6),
}
PREDICT_S_PER_LABEL_PX = 1.5e-6
# Taken for a region when only the number of sections is known: twice the region's diameter squared.
REGION_SIDES = 4.0
GPU_SPEEDUP = 60.0
SETUP_S = 15.0


def variant(settings: SegmentationSettings, architecture: Architecture, iterations: int) -> SegmentationSettings:
    """The settings for another network or number of iterations.

    The learning rate is halved at the same shares of the iterations. Settings that start from packaged weights start from those
    of the other network, where there are any.
    """
    return settings.model_copy(
        update={
            "architecture": architecture,
            "iterations": iterations,
            "halve_learning_rate_at": tuple(
                max(1, step * iterations // settings.iterations) for step in settings.halve_learning_rate_at
            ),
            "start_weights": START_WEIGHTS.get(architecture) if settings.start_weights is not None else None,
        }
    )


def estimate_s(settings: SegmentationSettings, sections_between: int, gpu: bool = False) -> tuple[float, str]:
    """Seconds that training and predicting the sections in between may take, and what the estimate rests on."""
    fixed_s, per_label_s = TRAIN_S_PER_PATCH[settings.architecture]
    patches = settings.iterations * settings.batch_size
    train_s = patches * (fixed_s + per_label_s * settings.output_px**2)
    side_um = REGION_SIDES * 2 * settings.roi_radius_mm * 1000.0
    region_px = (side_um / settings.low_pixel_size_um) ** 2
    predict_s = sections_between * region_px * PREDICT_S_PER_LABEL_PX
    if gpu:
        return SETUP_S + (train_s + predict_s) / GPU_SPEEDUP, "estimated for one GPU, not measured here"
    return SETUP_S + train_s + predict_s, "from the measured cost per patch on two processor cores"
