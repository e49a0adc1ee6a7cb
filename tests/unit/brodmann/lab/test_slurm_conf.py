from pathlib import Path

from brodmann.lab.slurm_conf import Place, Shape, slurm_conf

PLACE = Place(folder=Path("/lab"), cluster="lab1", host="here", user="me", controller_port=20000, node_ports=(20001, 20002))


def lines(**shape):
    return slurm_conf(Shape(**shape), PLACE).splitlines()


def test_each_node_has_its_port_on_loopback():
    nodes = [line.split() for line in lines() if line.startswith("NodeName")]
    assert [(node[0], node[2], node[3]) for node in nodes] == [
        ("NodeName=n1", "NodeAddr=127.0.0.1", "Port=20001"),
        ("NodeName=n2", "NodeAddr=127.0.0.1", "Port=20002"),
    ]


def test_a_setting_given_replaces_ours():
    assert [line for line in lines(settings={"MinJobAge": "2"}) if line.startswith("MinJobAge")] == ["MinJobAge=2"]


def test_nothing_lies_outside_the_folder():
    paths = [line for line in lines() if any(word in line for word in ("File=", "Dir=", "Location=", "TmpFS="))]
    assert len(paths) == 7
    assert all("=/lab/" in line for line in paths)


def test_control_groups_replace_the_supervision_of_memory():
    assert "ProctrackType=proctrack/cgroup" in lines(cgroup=True)
    assert not [line for line in lines(cgroup=True) if "OverMemoryKill" in line]
