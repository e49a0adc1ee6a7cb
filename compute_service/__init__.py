"""Runs jobs: a small web service beside the scheduler, a poller, and the runner on the compute node."""
