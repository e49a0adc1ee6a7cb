"""Named choices of settings for jobs of features and graphs."""

from core.contracts.api_mapping import MappingPreset
from core.contracts.features import ClassifierSettings
from core.contracts.graphs import GraphSettings, MidsurfaceParameters
from core.contracts.presets import FEATURES_PRESETS

MAPPING_PRESETS: dict[str, MappingPreset] = {
    preset.name: preset
    for preset in (
        MappingPreset(
            name="demo",
            title="Demo",
            description="Minutes on two processor cores, to see how the steps follow one another: small patches, small nets.",
            encoder=FEATURES_PRESETS["demo"].settings,
            classifier=ClassifierSettings(batch_size=256),
            midsurface=MidsurfaceParameters(voxel_um=300.0, edge_um=300.0),
            graph=GraphSettings(width=64, feature_components=32, epochs=40, batch_size=256, learning_rate=0.1),
        ),
        MappingPreset(
            name="standard",
            title="Standard",
            description="The thesis's parameters: ResNet50, 150 epochs of patches of 2048 px at 2 µm. Wants GPUs.",
            encoder=FEATURES_PRESETS["standard"].settings,
            classifier=ClassifierSettings(),
            midsurface=MidsurfaceParameters(),
            graph=GraphSettings(),
        ),
    )
}
