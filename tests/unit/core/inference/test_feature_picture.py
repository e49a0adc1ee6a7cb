import numpy as np

from core.inference.feature_picture import in_the_plane, nearest, principal, ward_clusters


def groups(counts, seed=0):
    generator = np.random.default_rng(seed)
    which = np.repeat(np.arange(len(counts)), counts)
    return (10 * np.eye(len(counts), 12)[which] + 0.1 * generator.normal(size=(len(which), 12))).astype(np.float16), which


def test_clusters_are_the_groups_the_largest_first():
    features, which = groups([5, 12, 8])
    assert ward_clusters(features, 3).tolist() == [{1: 0, 2: 1, 0: 2}[each] for each in which]


def test_there_are_no_more_clusters_than_patches():
    features, _ = groups([3, 3])
    assert ward_clusters(features).max() == 5


def test_principal_components_keep_all_distances_and_the_largest_spread_comes_first():
    features, _ = groups([6, 6, 6])
    found = principal(features)
    for points in (found, features.astype(float)):
        between = np.linalg.norm(points[0] - points[-1])
        assert abs(between - np.linalg.norm(features[0].astype(float) - features[-1])) < 0.01
    assert (np.diff(found.std(axis=0)) <= 1e-4).all()
    assert principal(features, 2).shape == (18, 2)


def test_groups_stay_together_in_the_plane():
    features, which = groups([15, 15])
    at = in_the_plane(principal(features))
    centres = np.stack([at[which == group].mean(axis=0) for group in (0, 1)])
    assert (np.linalg.norm(at[:, None] - centres, axis=2).argmin(axis=1) == which).all()
    assert np.array_equal(at, in_the_plane(principal(features)))


def test_nearest_are_others_that_point_the_same_way_however_long_they_are():
    features = np.array([[1, 0], [5, 0.1], [0, 1], [0.2, 3], [-1, 0]])
    assert nearest(features, 2).tolist() == [[1, 3], [0, 3], [3, 1], [2, 1], [2, 3]]
    assert nearest(features[:2]).tolist() == [[1], [0]]
