"""The verbs of the project: `nox -l` lists them, `nox` alone runs all that needs no browser."""

import os
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typing", "tests", "docs", "build", "matrix", "demo",
                        "examples"]  # fmt: skip
nox.options.reuse_venv = "yes"

PACKAGES = ["cors-core", "cors-core-starlette", "cors-core-flask", "cors-core-django",
            "cors-core-falcon"]  # fmt: skip
EDITABLE = [argument for name in PACKAGES for argument in ("-e", f"packages/{name}")]
TOOLS = ("-c", "constraints/tools.txt")
PEER_TESTS = ("tests/docs", "tests/adapters/test_django_checks.py")
PARALLEL = ("-n", "auto", "--dist", "worksteal")
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

# pyenv keeps its interpreters where neither nox nor tox looks for them.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
os.environ["PATH"] = os.pathsep.join(
    [*map(str, sorted(PYENV.glob("versions/3.*/bin"), reverse=True)), os.environ["PATH"]]
)
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")


@nox.session
def lint(session: nox.Session) -> None:
    """Check format and style with ruff."""
    session.install(*TOOLS, "ruff")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", "--output-format=concise", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types of every package and of the tests, strictly."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt", "mypy", "django-stubs")
    session.run("mypy", *[f"packages/{name}/src" for name in PACKAGES])
    folders = ("adapters", "behaviour", "core", "fetch_model", "properties")
    session.run("mypy", *[f"tests/{folder}" for folder in folders], "examples/demo")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the suite, with all branches of all packages covered."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt")
    if session.posargs:
        session.run("pytest", *session.posargs)
    else:
        session.run("pytest", "-q", *PARALLEL, "--cov", "--cov-report=term-missing")


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples of the docstrings and the README, and check its table on the peers."""
    peers = ("-c", "constraints/peers.txt", "flask-cors", "django-cors-headers")
    session.install(*TOOLS, *peers, *EDITABLE, "-r", "tests/requirements.txt")
    sources = [f"packages/{name}/src" for name in PACKAGES]
    session.run("pytest", "-q", "--doctest-modules", "-m", "", *sources, *PEER_TESTS)


@nox.session
def build(session: nox.Session) -> None:
    """Build all wheels into dist/ and run the suite against them, installed."""
    session.install(*TOOLS, "build", "hatchling")
    for old in Path("dist").glob("*"):
        old.unlink()
    for name in PACKAGES:
        session.run(
            "python", "-m", "build", "--no-isolation", "-o", "dist", f"packages/{name}", silent=True
        )
    session.install("--find-links", "dist", "--reinstall", "cors-core[all]==0.1.0")
    session.install(*TOOLS, "-r", "tests/requirements.txt")
    session.run("pytest", "-q", *PARALLEL, env={"CORS_CORE_INSTALLED": "1"})


@nox.session
def matrix(session: nox.Session) -> None:
    """Run the suite on every Python found, with the lowest and the latest frameworks."""
    found = {python: version for python in PYTHONS if (version := _version(python))}
    for python in PYTHONS:
        session.log(f"Python {python}: {found.get(python, 'not found, not tested')}")
    environments = [
        f"py{python.replace('.', '')}-{frameworks}"
        for python in found
        for frameworks in ("lowest", "latest")
    ]
    session.install(*TOOLS, "tox", "tox-uv")
    session.run("tox", "run", "-e", ",".join(environments), *session.posargs)
    session.log(f"The matrix ran on {', '.join(found.values())}")


@nox.session
def demo(session: nox.Session) -> None:
    """Show the verdicts of all frameworks on real servers; `-- --once` ends after the table."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt")
    # In CI, and among the default sessions, nobody would end it.
    alone = len(session._runner.manifest) == 1  # nox has no public name for it
    arguments = session.posargs or ([] if alone and not os.environ.get("CI") else ["--once"])
    session.run("python", "-m", "examples.demo", *arguments)


@nox.session
def browsers(session: nox.Session) -> None:
    """Run the cases in Chromium, Firefox and WebKit; `.ci/run` says which packages they need."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt")
    session.install(*TOOLS, "-r", "tests/browsers/requirements.txt")
    arguments = session.posargs or ["--browser-results", "docs/browser-results.md"]
    session.run("pytest", "-q", "-m", "browser", "tests/browsers", *arguments)


@nox.session
def tenants(session: nox.Session) -> None:
    """Run the example of origins in a database on SQLite and on a PostgreSQL of its own."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt")
    session.install(*TOOLS, "-r", "tests/tenants/requirements.txt")
    session.run("pytest", "-q", "-m", "tenants", "tests/tenants", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Start the examples of other frameworks and libraries, and judge what pages may read."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt")
    session.install(*TOOLS, "-r", "tests/examples/requirements.txt")
    session.run("pytest", "-q", "-m", "examples", "tests/examples", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Run every adapter on every WSGI and ASGI server, beside an app without one."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt")
    session.install(*TOOLS, "-r", "tests/servers/requirements.txt")
    session.run("pytest", "-q", "-m", "servers", "tests/servers", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Serve 20,000 requests by each adapter while policies, files and a database change."""
    session.install(*TOOLS, *EDITABLE, "-r", "tests/requirements.txt")
    session.install(*TOOLS, "-r", "tests/servers/requirements.txt")
    session.run("pytest", "-q", "-m", "load", "tests/load", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure cors-core against its peers and the floor; writes benchmarks/RESULTS.md."""
    _install_for_benchmarks(session)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def guard(session: nox.Session) -> None:
    """Compare the speed of the working tree with that of the last tag, or of `-- REV`."""
    _install_for_benchmarks(session)
    session.run("python", "-m", "benchmarks.guard", *session.posargs)


def _install_for_benchmarks(session: nox.Session) -> None:
    peers = ("-c", "constraints/peers.txt", "-r", "benchmarks/requirements.txt")
    session.install(*TOOLS, *peers, *EDITABLE)


def _version(python: str) -> str | None:
    """Return the full version of an interpreter on the PATH, or `None`."""
    try:
        printed = subprocess.run(
            [f"python{python}", "--version"], capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return printed.stdout.split()[1]
