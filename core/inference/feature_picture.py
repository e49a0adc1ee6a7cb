"""What features of patches look like together: clusters, a picture, nearest neighbours (thesis 6.2.7, 6.2.8)."""

import numpy as np
from numpy.typing import NDArray

CLUSTERS, COMPONENTS, NEAREST = 10, 256, 4
"""As the thesis has them."""
PERPLEXITY = 30.0
FEWEST = 5
"""Points that a picture can be made of."""

Features = NDArray[np.floating]


def principal(features: Features, components: int = COMPONENTS) -> NDArray[np.float32]:
    """Features (n, d) along their principal components, (n, at most `components`)."""
    centred = features.astype(np.float32) - features.astype(np.float32).mean(axis=0)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray((left * size)[:, :components], np.float32)


def ward_clusters(features: Features, count: int = CLUSTERS) -> NDArray[np.intp]:
    """The cluster of each row by Ward's hierarchical clustering (J. H. Ward, 1963), numbered from the largest, 0, on."""
    from sklearn.cluster import AgglomerativeClustering  # noqa: PLC0415 - loading it takes seconds

    found = AgglomerativeClustering(n_clusters=min(count, len(features)), linkage="ward").fit_predict(features)
    by_size = np.argsort(-np.bincount(found), kind="stable")
    rank = np.empty_like(by_size)
    rank[by_size] = np.arange(len(by_size))
    return np.asarray(rank[found], np.intp)


def in_the_plane(features: Features, seed: int = 0) -> NDArray[np.float32]:
    """A place (n, 2) of each row such that neighbours stay neighbours (t-SNE, L. van der Maaten and G. Hinton, 2008)."""
    from sklearn.manifold import TSNE  # noqa: PLC0415

    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    found = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(features)
    return np.asarray(found, np.float32)


def nearest(features: Features, count: int = NEAREST) -> NDArray[np.intp]:
    """The other rows (n, count) whose features point most nearly the same way, by cosine similarity, nearest first."""
    directions = features.astype(np.float32)
    directions = directions / np.maximum(1e-12, np.linalg.norm(directions, axis=1, keepdims=True))
    alike = directions @ directions.T
    np.fill_diagonal(alike, -np.inf)
    return np.asarray(np.argsort(-alike, axis=1, kind="stable")[:, : min(count, len(features) - 1)], np.intp)
