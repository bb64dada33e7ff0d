"""Where a server differs from the others with any app, ours or not: each with its reason."""

ONE_LINE_KEPT = {"cheroot": "last"}
"""Servers that hand on one of two Origin lines, so that no app can know that there were two."""

DIFFERS = {
    ("crash", "uwsgi", "falcon"): "Falcon logs to wsgi.errors, which uWSGI buffers for long",
    (
        "HTTP/1.0",
        "granian-asgi",
        "falcon",
    ): "Falcon takes no http_version of '1', as granian has it",
}
"""By test, server and app."""

SAYS_ONLY_BARE = {
    "gevent": "an app may not set Connection",
    "waitress": "an app may not set Connection, and there is no other way",
}
"""WSGI servers that say `Connection: close` when they answer a crash, but not when an app did.

They close the connection all the same.
"""

BETTER_THAN_BARE = {
    ("granian-wsgi", "/late-stream"): "granian loses the headers of a response that a generator "
    "starts when it is iterated; with the middleware it has begun by then",
}
"""By server and path."""

SERVES_ALL_THE_SAME = {
    ("daphne", "marked"): "daphne sends no lifespan; the mark is refused when it is asked for",
}
"""Servers that start with a policy that fails the start-up of the app."""

ENDS_WITH_0 = {
    "hypercorn": "its main process ends well whatever became of the workers",
    "waitress": "python -m waitress drops the status that its runner returns",
}
"""Servers whose exit status does not say that the app could not be started."""
