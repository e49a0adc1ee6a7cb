import pytest

from compute_service.schedulers.slurm_files import REVOKED, SlurmPaths, Ticket, close, revoke

KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize("queue_id", [f"12@{KEY}.1", f"12_7@{KEY}.13"])
def test_a_queue_id_holds_number_element_and_name(queue_id):
    ticket = Ticket.parse(queue_id)
    assert ticket.queue_id == queue_id
    assert ticket.key == KEY


@pytest.mark.parametrize("text", ["", "12", f"12@{KEY}", f"@{KEY}.1", f"12_@{KEY}.1", f"12@../{KEY}.1", f"12@{KEY}.1\n"])
def test_other_texts_are_no_queue_ids(text):
    assert Ticket.parse(text) is None


def test_a_claim_has_one_owner(tmp_path):
    paths = SlurmPaths(tmp_path, f"{KEY}.1")
    assert revoke(paths) == revoke(paths) == REVOKED
    other = SlurmPaths(tmp_path, f"{KEY}.2")
    other.claim.write_text("77\n")
    assert revoke(other) == "77"
    close(other)
    assert revoke(other) == REVOKED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["slurm.1.claim", "slurm.2.claim"]
