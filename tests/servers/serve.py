"""Serves the WSGI apps on a server that has no command of its own: `python -m ... NAME PORT`."""

import sys


def main(name: str, port: int) -> None:
    from tests.servers.wsgi_site import app

    if name == "wsgiref":
        from wsgiref.simple_server import make_server

        make_server("127.0.0.1", port, app).serve_forever()
    elif name == "werkzeug":
        from werkzeug.serving import run_simple

        run_simple("127.0.0.1", port, app, threaded=True)
    elif name == "gevent":
        from gevent.pywsgi import WSGIServer  # type: ignore[import-untyped]  # it has no types

        WSGIServer(("127.0.0.1", port), app).serve_forever()
    else:
        from cheroot.wsgi import Server

        Server(("127.0.0.1", port), app, numthreads=4).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
