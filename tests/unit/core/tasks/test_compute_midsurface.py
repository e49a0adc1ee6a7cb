"""The midsurface job on a ball of white matter in a shell of cortex: everything it finds can be told beforehand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.anatomy.mesh import Mesh, vertex_normals
from core.anatomy.midsurface import Midsurface, read_midsurface
from core.contracts.annotations import FrozenAnnotation
from core.contracts.datasets import Alignment
from core.contracts.graphs import MidsurfaceParameters
from core.contracts.jobs import Progress
from core.contracts.training import PredictParameters
from core.datasets import BrainFolder, write_alignment, write_tissue
from core.datasets.files import tissue_file
from core.tasks import compute_midsurface as task
from core.tasks.compute_midsurface import MidsurfaceInputError, compute_midsurface
from core.tasks.context import JobInterruptedError
from tests.fakes.ball_brain import CENTRE_UM, INNER_MM, MIDDLE, NUMBERS, OUTER_MM, THICKNESS_UM, write_ball_brain
from tests.fakes.tasks import LocalRun

KEY = "d" * 32
# Where depth is one half between spheres: 1/r is halfway between its values at both.
HALF_MM = 2 * INNER_MM * OUTER_MM / (INNER_MM + OUTER_MM)
Square = tuple[tuple[float, float], ...]


class MidsurfaceRun(LocalRun):
    def __call__(self, annotations: tuple[FrozenAnnotation, ...] = (), **values: object) -> Midsurface:
        definition = self.definition(KEY, MidsurfaceParameters.model_validate(values), annotations)
        compute_midsurface(definition, self.context(KEY))
        return read_midsurface(self.results_of(KEY))


@pytest.fixture
def ball(tmp_path: Path) -> MidsurfaceRun:
    return MidsurfaceRun(BrainFolder(write_ball_brain(tmp_path)), tmp_path)


@pytest.fixture(scope="module")
def surface(tmp_path_factory: pytest.TempPathFactory) -> Midsurface:
    folder = tmp_path_factory.mktemp("ball")
    return MidsurfaceRun(BrainFolder(write_ball_brain(folder)), folder)()


def centre_mm() -> np.ndarray:
    return np.array([CENTRE_UM[0] / 1000, MIDDLE * THICKNESS_UM / 1000, -CENTRE_UM[1] / 1000])


def test_the_midsurface_of_a_ball_is_a_sphere_at_half_depth(surface: Midsurface) -> None:
    radius = np.linalg.norm(surface.vertices_mm - centre_mm(), axis=1)
    assert radius.mean() == pytest.approx(HALF_MM, abs=0.1)
    assert np.abs(radius - HALF_MM).max() < 0.25
    (part,) = surface.report.parts
    assert (part.euler, part.boundary_edges, part.non_manifold_edges) == (2, 0, 0)
    assert part.area_mm2 == pytest.approx(4 * np.pi * HALF_MM**2, rel=0.07)


def test_edges_are_nearly_as_long_as_asked(surface: Midsurface) -> None:
    assert surface.report.mean_edge_um == pytest.approx(300, rel=0.05)
    assert surface.report.edge_variation < 0.2


def test_normals_point_to_the_pia(surface: Midsurface) -> None:
    normals = vertex_normals(Mesh(surface.vertices_mm.astype(float), surface.triangles))
    assert ((surface.vertices_mm - centre_mm()) * normals).sum(axis=1).min() > 0


def test_every_node_lies_on_its_nearest_section_at_the_midline_there(surface: Midsurface) -> None:
    number = surface.vertices_mm[:, 1] * 1000 / THICKNESS_UM
    assert np.abs(surface.section - number).max() <= 7.6
    assert surface.usable.all()
    # On the middle section the place needs no alignment.
    here = surface.section == MIDDLE
    radius = np.linalg.norm(surface.point_um[here] - CENTRE_UM, axis=1) / 1000
    in_plane_mm = np.sqrt(INNER_MM * OUTER_MM)  # half depth between circles
    assert here.sum() > 20
    assert np.abs(radius - in_plane_mm).max() < 0.1


def test_places_go_back_through_the_alignment(surface: Midsurface, tmp_path: Path) -> None:
    folder = BrainFolder(write_ball_brain(tmp_path))
    number = NUMBERS[14]
    labels, grid = folder.tissue(number)
    column, row = (surface.point_um[surface.section == number] / grid.pixel_size_um).astype(int).T
    assert (labels[row, column] == 2).all()


def test_what_is_named_and_drawn_is_left_out_between_its_outlines(ball: MidsurfaceRun) -> None:
    square = ((0.0, 0.0), (CENTRE_UM[0], 0.0), (CENTRE_UM[0], 12000.0), (0.0, 12000.0))
    drawn = [annotation(number, square) for number in (NUMBERS[0], NUMBERS[-1])]
    half = ball(tuple(drawn), without=("cerebellum",))
    (part,) = half.report.parts
    assert part.euler == 1
    assert half.vertices_mm[:, 0].min() > CENTRE_UM[0] / 1000 - 0.5
    assert half.report.removed_voxels > 5000


def test_an_area_to_leave_out_must_be_drawn_somewhere(ball: MidsurfaceRun) -> None:
    with pytest.raises(MidsurfaceInputError, match="cerebellum is to be left out, but nowhere annotated"):
        ball(without=("cerebellum",))


def test_an_area_drawn_once_is_said_to_be_left_out_there_only(ball: MidsurfaceRun) -> None:
    square = ((5000.0, 5000.0), (6000.0, 5000.0), (6000.0, 6000.0))
    found = ball((annotation(MIDDLE, square),), without=("cerebellum",))
    assert any("cerebellum is drawn on one section" in warning for warning in found.report.warnings)


@pytest.mark.parametrize("number", [NUMBERS[0], MIDDLE])
def test_missing_tissue_classes_name_the_job_to_run_first(ball: MidsurfaceRun, number: int) -> None:
    (ball.brain.path / tissue_file("BALL", number)).unlink()
    with pytest.raises(MidsurfaceInputError, match=rf"section {number} has no tissue classes; run a tissue job on brain BALL"):
        ball()


def test_a_missing_alignment_names_the_job_to_run_first(ball: MidsurfaceRun) -> None:
    (ball.brain.path / "alignment.json").unlink()
    with pytest.raises(MidsurfaceInputError, match="BALL is not aligned; run an align job on brain BALL first"):
        ball()


def test_a_gap_in_the_alignment_names_the_job_to_run_first(ball: MidsurfaceRun) -> None:
    steps = ball.brain.alignment.steps
    write_alignment(ball.brain.path, Alignment(base_section=MIDDLE, steps=steps[:3] + steps[4:]))
    with pytest.raises(MidsurfaceInputError, match=rf"section {NUMBERS[3]} is not aligned.*run an align job"):
        ball()


def test_lengths_that_no_machine_could_hold_are_refused_before_anything_is_read(ball: MidsurfaceRun) -> None:
    with pytest.raises(MidsurfaceInputError, match="too many voxels of 5 µm; choose larger ones"):
        ball(voxel_um=5.0)
    with pytest.raises(MidsurfaceInputError, match="edges of 20 µm are too short for voxels of 300 µm"):
        ball(edge_um=20.0)
    assert not ball.reports


def stopped(ball: MidsurfaceRun, phase: str) -> None:
    """A run that is asked to stop once it tells of this phase."""

    def report(progress: Progress) -> None:
        ball.stop |= progress.phase.startswith(phase)

    with pytest.raises(JobInterruptedError, match="was stopped while"):
        compute_midsurface(ball.definition(KEY, MidsurfaceParameters(), ()), replace(ball.context(KEY), report=report))
    assert not list(ball.results_of(KEY).iterdir())
    ball.stop = False


WORK = ("on_grid", "filled", "depth_field", "half_surface", "finished")


@pytest.mark.parametrize(
    ("phase", "left"),
    [
        ("placing section 330", (len(NUMBERS) - 3, 1, 1, 1, 1)),
        ("solving for depth: ", (0, 0, 1, 1, 1)),
        ("taking the surface", (0, 0, 0, 0, 1)),
        ("moving nodes to the midline of section 450", (0, 0, 0, 0, 0)),
    ],
)
def test_a_stopped_job_goes_on_behind_its_last_stage_and_finds_the_same(
    ball: MidsurfaceRun, surface: Midsurface, phase: str, left: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(ball, phase)
    done: list[str] = []
    for name in WORK:
        work = getattr(task, name)
        monkeypatch.setattr(task, name, lambda *given, work=work, name=name: (done.append(name), work(*given))[1])
    found = ball()
    assert tuple(done.count(name) for name in WORK) == left
    assert found.report == surface.report
    for name, values in surface.arrays().items():
        assert np.array_equal(found.arrays()[name], values), name
    assert not list(ball.context(KEY).checkpoints.iterdir())


def test_what_was_kept_of_other_tissue_classes_is_not_taken(ball: MidsurfaceRun) -> None:
    stopped(ball, "moving nodes")
    labels, grid = ball.brain.tissue(MIDDLE)
    write_tissue(ball.brain.path, "BALL", MIDDLE, labels, grid)
    ball()
    assert ball.reports[0].phase == f"placing section {NUMBERS[0]}"


def test_progress_goes_phase_by_phase_to_the_end(ball: MidsurfaceRun) -> None:
    ball()
    steps = [progress.step for progress in ball.reports]
    assert steps == sorted(steps)
    assert steps[-1] == ball.reports[-1].of


def test_other_jobs_are_refused(ball: MidsurfaceRun) -> None:
    other: Callable[[], None] = lambda: compute_midsurface(  # noqa: E731
        ball.definition(KEY, PredictParameters(model_job="a" * 32, sections=(300,)), ()), ball.context(KEY)
    )
    with pytest.raises(MidsurfaceInputError, match="is a predict job"):
        other()


def annotation(section: int, path: Square) -> FrozenAnnotation:
    return FrozenAnnotation(uid=f"{section:032x}", version=1, section=section, area="cerebellum", paths=(path,))
