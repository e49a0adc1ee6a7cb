"""The demonstration's cluster as it is described to the compute service."""

from pathlib import Path

import click
import pytest
import yaml

from brodmann import cluster_demo
from brodmann.cluster_demo import SHAPE, demo_cluster, profile_of
from brodmann.layout import DataFolder
from compute_service.profile import ClusterProfile


def test_the_profile_is_one_that_the_service_takes_and_tells_what_the_lab_has(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text(yaml.safe_dump(profile_of(SHAPE)))
    [partition] = ClusterProfile.read(tmp_path / "profile.yaml").partitions
    assert (partition.nodes, partition.cpus_per_node, partition.memory_mb_per_node) == (
        SHAPE.nodes,
        SHAPE.cpus,
        SHAPE.memory_mb,
    )


def test_what_is_not_installed_is_named_with_the_way_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_demo, "missing_programs", lambda: ["slurmctld"])
    with pytest.raises(click.ClickException, match=r"slurmctld.*apt-get install"), demo_cluster(DataFolder(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []
