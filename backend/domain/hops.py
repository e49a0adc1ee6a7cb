"""Where on the way to a running job something does not hold, in words for everybody: no addresses, no names of files."""

from core.contracts.cluster import CheckedHop, Hop, ServiceCheck

ADMINISTRATOR = "Whoever runs this installation finds out more with 'brodmann cluster check'."
REASONS: dict[Hop, str] = {
    "resolve": "The name of the cluster's login node is not known.",
    "connect": "The cluster's login node cannot be reached.",
    "host_key": "The cluster's login node is not the one that is known, so nothing was sent to it.",
    "login": "The cluster does not let us log in.",
    "forward": "The cluster does not let us reach the compute service.",
    "service": "The compute service does not answer.",
    "token": "The compute service does not take our token.",
    "version": "The compute service is of another version.",
    "poller": "The compute service takes jobs and does not move them on.",
    "scheduler": "The cluster's scheduler does not answer.",
    "disk": "The cluster's disk is full or cannot be written.",
    "brains": "A brain on the cluster cannot be read.",
    "python": "The software on the cluster is not complete.",
    "job": "The cluster runs no job of ours.",
    "gpu": "The cluster's nodes show no GPU.",
    "mpi": "The processes of a job on the cluster do not find each other.",
}
WAITING = "Jobs wait, and nothing is lost."
UNAUTHORISED = (401, 403)


def reason(hop: Hop) -> str:
    """A sentence for the page."""
    return f"{REASONS[hop]} {WAITING} {ADMINISTRATOR}"


def refused_hop(status: object) -> Hop:
    """Where a request failed that the compute service answered with an error: an older one has no such route."""
    if status in UNAUTHORISED:
        return "token"
    return "version" if status == 404 else "service"


def first_failing(check: ServiceCheck, version: str) -> CheckedHop | None:
    """The first hop that does not hold, seen from a backend of this version."""
    return next((hop for hop in (version_hop(check, version), *check.hops) if not hop.holds), None)


def version_hop(check: ServiceCheck, version: str) -> CheckedHop:
    """Whether both sides are of one version."""
    same = check.version == version
    found = f"both {version}" if same else f"{check.version} there, {version} here"
    return CheckedHop(hop="version", holds=same, found=found, remedy="" if same else "Bring both to the same version.")
