from core.contracts.presets import PRESETS, estimate_s
from core.contracts.training import SegmentationSettings


def test_presets_are_listed_under_their_own_names():
    assert set(PRESETS) == {"tiny", "demo", "standard"}
    assert all(preset.name == name for name, preset in PRESETS.items())


def test_standard_preset_is_the_thesis():
    settings = PRESETS["standard"].settings
    assert (settings.iterations, settings.batch_size, settings.learning_rate, settings.momentum) == (3000, 64, 0.04, 0.9)
    assert settings.halve_learning_rate_at == (1000, 1400, 1800, 2200, 2600)
    assert (settings.high_pixel_size_um, settings.low_pixel_size_um, settings.output_px) == (2.0, 16.0, 64)
    assert (settings.weight_decay, settings.roi_radius_mm, settings.roi_enlargement) == (1e-4, 5.0, 1.05)


def test_estimates_grow_with_the_work_and_say_what_they_rest_on():
    settings = SegmentationSettings(iterations=100)
    short, basis = estimate_s(settings, 10)
    longer, _ = estimate_s(settings.model_copy(update={"iterations": 200}), 10)
    more_sections, _ = estimate_s(settings, 100)
    gpu, gpu_basis = estimate_s(settings, 10, gpu=True)
    assert short < longer
    assert short < more_sections
    assert gpu < short
    assert "measured" in basis
    assert "not measured here" in gpu_basis
