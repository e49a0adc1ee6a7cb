"""What happens between the page and the compute service: the tunnel, sshd, the service, and results on their way."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend import settings, wiring
from backend.domain.collections import JOBS
from backend.ports import Query
from benchmarks import soak_faults
from tests.integration.compute_service.installation import await_that
from tests.integration.faults.conftest import Hurt


def test_a_click_while_the_compute_service_is_away_waits_is_told_and_runs_once(hurt: Hurt) -> None:
    hurt.site.kill("web")
    job = hurt.tissue()
    stage, shown = hurt.site.shown(job[1], job[0]) or ("", None)
    assert (stage, shown is not None and "does not answer" in shown.reason) == ("submit", True), shown
    await_that(lambda: hurt.site.health()["compute"] == "unreachable", "the page to say so")
    hurt.site.start("web")
    hurt.judge(job)


def test_a_job_ends_well_though_the_tunnel_is_cut_and_sshd_is_gone_meanwhile(hurt: Hurt) -> None:
    job = hurt.tissue()
    hurt.site.sshd.stop()
    hurt.site.sshd.stop_sessions()
    await_that(lambda: hurt.site.health()["compute_hop"] == "connect", "the page to name the hop")
    hurt.site.sshd.up()
    hurt.judge(job)


def test_a_tunnel_that_falls_silent_keeps_no_job_back(hurt: Hurt) -> None:
    hurt.site.sshd.freeze_sessions()
    job = hurt.tissue()
    hurt.judge(job)
    hurt.site.sshd.stop_sessions()


@pytest.mark.parametrize("mode", ["cut", "alter"])
def test_a_result_that_is_hurt_on_its_way_is_fetched_again_and_nothing_wrong_is_published(hurt: Hurt, mode: str) -> None:
    job = hurt.tissue()
    before = hurt.site.wire.hurt
    soak_faults.result_hurt(mode, hurt.moment(job[0]))
    assert hurt.site.wire.hurt > before
    hurt.judge(job)


def test_two_backends_that_send_one_job_at_once_have_one_job(hurt: Hurt) -> None:
    definition = hurt.site.check_job(1)
    other = wiring.compute_client(settings.from_environment(hurt.site.near))
    try:
        with ThreadPoolExecutor(6) as pool:
            clients = [hurt.site.services.compute, other] * 3
            reports = list(pool.map(lambda client: client.submit(definition), clients))
    finally:
        other.close()
    assert {report.key for report in reports} == {definition.key}
    hurt.judge(direct=(definition.key,))
    assert len(list((hurt.site.folder / "marks").glob(f"{definition.key}.*.begun"))) == 1


def test_one_click_sent_twice_at_once_is_one_job(hurt: Hurt) -> None:
    body = {"key": "c" * 32, "kind": "tissue", "sections": [916]}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: hurt.site.click("/api/brains/B1/jobs", body), range(4)))
    [key] = {answer["report"]["key"] for answer in answers}
    hurt.judge((key, "B1", 916))
    assert len([job for job in hurt.site.services.store.find(JOBS, Query({"brain": "B1"})) if job["report"]["key"] == key]) == 1


def test_results_fetched_by_two_monitors_at_once_are_published_once_and_whole(hurt: Hurt) -> None:
    job = hurt.tissue()
    striking = threading.Thread(target=soak_faults.fetched_twice, args=(hurt.moment(job[0]),))
    striking.start()
    hurt.judge(job)
    striking.join()


def test_a_monitor_killed_in_between_leaves_nothing_behind(hurt: Hurt) -> None:
    job = hurt.tissue()
    hurt.site.kill("monitor")
    hurt.await_report(job[0], lambda report: report.state.ended, "to end")
    hurt.site.start("monitor")
    hurt.judge(job)


def test_a_database_held_by_somebody_else_delays_and_loses_nothing(hurt: Hurt) -> None:
    job = hurt.tissue()
    soak_faults.database_held(hurt.moment(job[0]))
    hurt.judge(job)


def test_a_service_that_stands_still_answers_for_the_same_jobs_afterwards(hurt: Hurt) -> None:
    job = hurt.tissue()
    for name in ("web", "poller"):
        soak_faults.process_stands_still(name, hurt.moment(job[0]))
    hurt.judge(job)
