"""The cortex as a graph (thesis chapter 7): parameters of `midsurface` and `graph` jobs and what they leave behind."""

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from core.contracts.base import Contract, Identifier, Key
from core.contracts.features import Areas, Scores, Share
from core.contracts.training import Precision

NodeFeature = Literal["cytoarchitecture", "coordinates", "maps"]
Layer = Literal["gat", "sage", "mlp"]


class MidsurfaceParameters(Contract):
    """Parameters of a `midsurface` job: the surface halfway through the cortex of one brain (thesis 7.1.1)."""

    kind: Literal["midsurface"] = "midsurface"
    voxel_um: PositiveFloat = 300.0
    edge_um: PositiveFloat = Field(default=300.0, description="length of the mesh's edges")
    without: tuple[Identifier, ...] = Field(
        default=(),
        max_length=50,
        description="areas drawn on a few sections that are not cortex, as cerebellum and nuclei: taken out in between as well",
    )


class SurfacePart(Contract):
    """One connected piece of the surface, a hemisphere of a whole brain."""

    name: Identifier
    vertices: PositiveInt
    triangles: PositiveInt
    euler: int = Field(description="Euler characteristic: 2 of a sphere, 1 of a disk, 2 less for each handle")
    boundary_edges: NonNegativeInt
    non_manifold_edges: NonNegativeInt
    area_mm2: NonNegativeFloat


class MidsurfaceReport(Contract):
    """`results/midsurface.json`; the mesh is `results/midsurface.safetensors`:

    `vertices_mm` (n, 3) float32, brain frame; `triangles` (m, 3) int32; `part` (n,) uint8; `section` (n,) int32, the number
    of the section a node lies on, -1 for none; `point_um` (n, 2) float32, its place there; `usable` (n,) uint8, 1 where tissue
    was found.
    """

    brain: Identifier
    voxel_um: PositiveFloat
    parts: tuple[SurfacePart, ...]
    nodes: PositiveInt
    nodes_on_sections: NonNegativeInt
    usable_nodes: NonNegativeInt
    mean_edge_um: PositiveFloat
    edge_variation: NonNegativeFloat = Field(description="standard deviation of the edges over their mean")
    repaired_voxels: NonNegativeInt
    removed_voxels: NonNegativeInt
    warnings: tuple[str, ...] = ()


class GraphSettings(Contract):
    """How a network on the graph is trained. Defaults are the thesis's (7.1.3, 7.1.4)."""

    layer: Layer = "gat"
    layers: Annotated[int, Field(ge=1, le=15)] = 3
    width: PositiveInt = 512
    features: Annotated[tuple[NodeFeature, ...], Field(min_length=1)] = ("cytoarchitecture", "coordinates", "maps")
    neighbours: PositiveInt = Field(default=3, description="drawn for each node and layer of SAGE; attention takes all")
    feature_components: PositiveInt | None = Field(
        default=None, description="principal components kept of deep features; null: all"
    )
    epochs: PositiveInt = 100
    batch_size: PositiveInt = 2048
    learning_rate: PositiveFloat = 0.008
    momentum: NonNegativeFloat = 0.9
    weight_decay: NonNegativeFloat = 1e-4
    trust: PositiveFloat = 0.02
    precision: Precision = "float32"
    test_every: Annotated[int, Field(ge=2)] = 5
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _each_feature_once(self) -> Self:
        if len(set(self.features)) < len(self.features):
            raise ValueError(f"a feature is named twice among {self.features}")
        return self


class GraphParameters(Contract):
    """Parameters of a `graph` job: areas of the nodes of one or several brains' surfaces."""

    kind: Literal["graph"] = "graph"
    areas: Areas
    midsurface_jobs: Annotated[tuple[Key, ...], Field(min_length=1, max_length=100)] = Field(
        description="one for each brain of the job, in the order of its inputs"
    )
    features_job: Key | None = Field(default=None, description="whose encoder gives the deep features")
    transfer: tuple[Identifier, ...] = Field(default=(), description="brains nothing is learnt from")
    settings: GraphSettings = GraphSettings()

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if ("cytoarchitecture" in self.settings.features) != (self.features_job is not None):
            raise ValueError(
                "deep features come from a features job: name one, or leave `cytoarchitecture` out of the features"
            )
        return self


class SurfaceResult(Contract):
    """What was found on one brain's surface: `results/surfaces/<brain>.safetensors` holds, beside the midsurface's arrays,

    `area` (n,) int16, index into `areas` of the area given; `probability` (n,) uint8, times 255; `annotated` (n,) int16, index
    of the annotated area, -1 where there is none; `split` (n,) uint8: 0 not annotated, 1 training, 2 test, 3 transfer.
    """

    brain: Identifier
    file: str
    nodes: PositiveInt
    area_mm2: dict[str, NonNegativeFloat] = Field(description="by area, over the whole surface")


class GraphReport(Contract):
    """`results/graph.json` of a graph job; the network is `results/graph.safetensors`."""

    areas: Areas
    settings: GraphSettings
    surfaces: tuple[SurfaceResult, ...]
    train: Scores
    test: Scores | None = None
    transfer: Scores | None = None
    final_loss: NonNegativeFloat
    mean_probability: Share
    warnings: tuple[str, ...] = ()
