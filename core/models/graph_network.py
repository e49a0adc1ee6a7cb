"""Networks that tell the area of a node of the cortex from its features and those around it (thesis 7.1.4)."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.contracts.graphs import Layer, NodeFeature
from core.models.graph_layers import ATTENTION_DROPOUT, GatLayer, NodeLayer, SageLayer, SeedNorm

Features = Mapping[str, Tensor]
"""Of nodes by name, (n, d) each."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What training makes harder on purpose. Defaults are the thesis's (7.1.4)."""

    feature_dropout: float = 0.5
    coordinate_noise: float = 0.1
    layer_dropout: float = 0.25
    attention_dropout: float = ATTENTION_DROPOUT


NO_DISTURBANCE = Disturbance(0.0, 0.0, 0.0, 0.0)
COORDINATES: NodeFeature = "coordinates"


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """What a network is made of: width of each feature by name, kind, number and width of the layers, number of areas."""

    features: Mapping[str, int]
    layer: Layer
    layers: int
    width: int
    areas: int


class GraphNetwork(nn.Module):
    """A projection of each feature, layers on the graph, and a linear classifier."""

    def __init__(self, shape: NetworkShape, disturbance: Disturbance | None = None) -> None:
        super().__init__()
        self.shape, self.disturbance = shape, disturbance or Disturbance()
        width = shape.width
        self.projections = nn.ModuleDict({name: nn.Linear(size, width) for name, size in shape.features.items()})
        self.projection_norms = nn.ModuleDict({name: SeedNorm(width) for name in shape.features})
        widths = [width * len(shape.features)] + [width] * shape.layers
        self.layers = nn.ModuleList(self._layer(before) for before in widths[:-1])
        self.norms = nn.ModuleList(SeedNorm(width) for _ in self.layers)
        self.classify = nn.Linear(widths[-1], shape.areas)

    @property
    def hops(self) -> int:
        """How many edges away a node's result depends on."""
        return 0 if self.shape.layer == "mlp" else self.shape.layers

    def forward(self, features: Features, drawn: Tensor, degrees: Tensor, sizes: tuple[int, ...]) -> Tensor:
        """Logits (seeds, areas) of a `Neighbourhood`, given the features of its nodes."""
        states = self.project(features, sizes[0])
        for number in range(len(self.layers)):
            rows = sizes[len(sizes) - 2 - number] if self.hops else sizes[0]
            neighbours = drawn[:rows] if self.hops else states.new_empty((rows, 0), dtype=torch.long)
            states = self.step(number, states, (neighbours, degrees[:rows]), sizes[0])
        return self.result(states)

    def project(self, features: Features, seeds: int) -> Tensor:
        """The features side by side in a space in which they can be compared, (n, width · features)."""
        found = []
        for name, projection in self.projections.items():
            projected = self.projection_norms[name](projection(self._disturbed(name, features[name])), seeds)
            found.append(functional.relu(projected))
        return torch.cat(found, dim=1)

    def step(self, number: int, states: Tensor, around: tuple[Tensor, Tensor], seeds: int) -> Tensor:
        """One layer with normalisation, ReLU and dropout. `around`: neighbours (m, k), degrees (m,) of the first m."""
        states = self.norms[number](self.layers[number](states, *around), seeds)
        return functional.dropout(functional.relu(states), self.disturbance.layer_dropout, self.training)

    def result(self, states: Tensor) -> Tensor:
        """Logits (m, areas) of the last layer's states."""
        logits: Tensor = self.classify(states)
        return logits.to(torch.promote_types(logits.dtype, torch.float32))

    def _layer(self, width_in: int) -> nn.Module:
        if self.shape.layer == "gat":
            return GatLayer(width_in, self.shape.width, self.disturbance.attention_dropout)
        return (SageLayer if self.shape.layer == "sage" else NodeLayer)(width_in, self.shape.width)

    def _disturbed(self, name: str, values: Tensor) -> Tensor:
        if not self.training:
            return values
        if name == COORDINATES:
            return values + self.disturbance.coordinate_noise * torch.randn_like(values)
        return functional.dropout(values, self.disturbance.feature_dropout)
