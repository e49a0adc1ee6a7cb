"""How gunicorn serves the backend: `gunicorn -c python:backend.gunicorn_conf 'backend.app:create_app()'`.

Two processes of many threads: a tile is a short read, an event stream a thread that mostly sleeps. The application is
loaded in each worker, never before the fork, so that no database connection is shared.
"""

import gc

from gunicorn.workers.gthread import ThreadWorker

worker_class = "gthread"
workers = 2
threads = 32
keepalive = 30
timeout = 60
graceful_timeout = 5
preload_app = False
control_socket_disable = True  # two gunicorns of one user would share the socket, and nobody uses it
# Big bodies are refused by the application with a clear message; these bound what comes before a body.
limit_request_line = 4094
limit_request_fields = 100


# A section's outlines are hundreds of thousands of points in lists: with Python's own 700 new objects between two looks
# for garbage, reading them takes twice as long.
OBJECTS_BETWEEN_COLLECTIONS = 10_000


def post_worker_init(worker: ThreadWorker) -> None:
    """Let event streams end when the worker is told to, so that stopping takes a moment and not a minute."""
    worker.wsgi.extensions["brodmann_alive"] = lambda: worker.alive
    gc.freeze()  # the program itself is no garbage
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
