"""Sites of patches on a small brain of noise, for whoever reads or learns from patches."""

from pathlib import Path

from core.contracts.annotations import FrozenAnnotation, Outline, SectionOutlines
from core.contracts.features import EncoderSettings, PatchSettings
from core.datasets import BrainFolder, write_truth
from core.sampling.patch_sites import AnnotatedBrain, PatchSites, find_sites
from core.training.crops import CropReader
from tests.fakes.brain_folder import NUMBERS, write_small_brain

AREAS = ("hOc1", "hOc2")
FOUR = ("hOc1", "hOc2", "hOc3", "hOc4")
SETTINGS = EncoderSettings(patches=PatchSettings(pixel_size_um=8.0, patch_px=64, spacing_mm=0.5), batch_size=8)


def ribbon(area: str, section: int, width_um: float, top_um: float = 500.0) -> FrozenAnnotation:
    """A piece of cortex 0.8 mm thick."""
    corners = ((500.0, top_um), (500.0 + width_um, top_um), (500.0 + width_um, top_um + 800), (500.0, top_um + 800))
    return FrozenAnnotation(uid=f"{section:032x}", version=1, section=section, area=area, paths=(corners,))


def annotated_brain(root: Path, name: str = "SMALL", numbers: tuple[int, ...] = NUMBERS) -> AnnotatedBrain:
    """A brain of noise with both areas drawn on it."""
    return AnnotatedBrain(BrainFolder(write_small_brain(root, name, numbers)), drawn_on(numbers))


def drawn_on(numbers: tuple[int, ...]) -> tuple[FrozenAnnotation, ...]:
    """hOc1 is 4 mm long on every section, hOc2 2 mm on every second one."""
    one, two = (ribbon("hOc1", each, 4000) for each in numbers), (ribbon("hOc2", each, 2000, 2000) for each in numbers[::2])
    return (*one, *two)


def outlined_brain(root: Path, name: str) -> BrainFolder:
    """A brain of noise that comes with outlines of `FOUR` areas on every section, each a ribbon of 4 mm."""
    folder = write_small_brain(root, name)
    for number in NUMBERS:
        drawn = (ribbon(area, number, 4000, 100 + 950 * place) for place, area in enumerate(FOUR))
        outlines = tuple(Outline(area=each.area, paths=each.paths) for each in drawn)
        write_truth(folder, name, SectionOutlines(section=number, outlines=outlines))
    return BrainFolder(folder)


def small_reader(root: Path, settings: EncoderSettings = SETTINGS) -> CropReader:
    """A brain written into `root` and a reader of its crops."""
    brains = (annotated_brain(root),)
    return CropReader(brains, small_sites(brains, settings), settings)


def reader_of(folder: Path) -> CropReader:
    """A reader of the crops of a brain that `small_reader` wrote."""
    brain = BrainFolder(folder)
    brains = (AnnotatedBrain(brain, drawn_on(tuple(section.number for section in brain.brain.sections))),)
    return CropReader(brains, small_sites(brains), SETTINGS)


def small_sites(brains: tuple[AnnotatedBrain, ...], settings: EncoderSettings = SETTINGS) -> PatchSites:
    """All sites of both areas."""
    return find_sites(brains, AREAS, (), settings.patches)
