"""`python -m benchmarks.guard [REV]`: fails if the working tree is slower than a revision.

Both serve side by side, each in a process with its own packages, and take turns batch by batch. A
row past the limit is measured again, longer: a real regression stays, noise does not. REV is a
commit, a tag, or a folder that holds `packages`; the last tag if none is given; without tags, HEAD
if packages/ has changes, else its parent.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.report import table

LIMIT = 1.25
"""The most that a row may take of what it took before."""

_ROOT = Path(__file__).parent.parent
_ROUNDS, _BATCH_MS = 15, 4
_RETRIES = 3


class Comparison(NamedTuple):
    """One row: nanoseconds before and after, and the median ratio of the rounds."""

    name: str
    before: float
    after: float
    ratio: float


class Revision:
    """A process that times one revision's rows on demand."""

    def __init__(self, tree: Path) -> None:
        sources = sorted(map(str, tree.glob("packages/*/src")))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sources, str(_ROOT)])}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.guard_rows"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=tree,
        )  # fmt: skip
        module, *self.rows = self._line().split("\t")
        if not Path(module).resolve().is_relative_to(tree.resolve()):
            raise RuntimeError(f"{tree} was to be measured, but {module} was imported")

    def timed(self, row: str, milliseconds: float) -> float:
        """Return the nanoseconds per call of one batch."""
        assert self.process.stdin
        self.process.stdin.write(f"{row}\t{milliseconds}\n")
        self.process.stdin.flush()
        return float(self._line())

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the process of a revision has ended; its error stands above")
        return line.rstrip("\n")


def compare(
    before: Revision, after: Revision, rows: Iterable[str], longer: int
) -> list[Comparison]:
    """Return the rows that both revisions have, timed in turn."""
    found = []
    for row in rows:
        pairs = []
        for turn in range(_ROUNDS * longer):
            order = (before, after) if turn % 2 else (after, before)
            taken = {revision: revision.timed(row, _BATCH_MS) for revision in order}
            pairs.append((taken[before], taken[after]))
        old, new = (median(column) for column in zip(*pairs, strict=True))
        found.append(Comparison(row, old, new, median(b / a for a, b in pairs)))
    return found


def guard(base: Path) -> list[Comparison]:
    """Compare the working tree with `base`; measure again what is past the limit."""
    with ExitStack() as stack:
        before, after = Revision(base), Revision(_ROOT)
        for revision in (before, after):
            stack.callback(revision.close)
        common = [row for row in after.rows if row in before.rows]
        found = {row.name: row for row in compare(before, after, common, longer=1)}
        for retry in range(1, _RETRIES + 1):
            slower = [row.name for row in found.values() if row.ratio > LIMIT]
            if slower:
                print(f"measured again: {', '.join(slower)}", file=sys.stderr)
                found |= {row.name: row for row in compare(before, after, slower, 1 + retry)}
    return list(found.values())


def default_revision() -> str:
    """Return the last tag, or what stands nearest before the working tree."""
    tag = _git("describe", "--tags", "--abbrev=0", check=False)
    if tag:
        return tag
    if _git("status", "--porcelain", "--", "packages"):
        return "HEAD"
    return _git("rev-parse", "--verify", "--quiet", "HEAD~1", check=False) or "HEAD"


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Give the revision's packages in a folder of their own."""
    if Path(revision, "packages").is_dir():
        yield Path(revision)
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "packages.tar")
        _git("archive", f"--output={archive}", revision, "packages")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder)


def _git(*arguments: str, check: bool = True) -> str:
    command = ["git", "-C", str(_ROOT), *arguments]
    finished = subprocess.run(command, check=check, stdout=subprocess.PIPE, text=True)
    return finished.stdout.strip() if finished.returncode == 0 else ""


def main() -> int:
    """Print the comparison; return 1 if a row stayed past the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("revision", nargs="?", metavar="REV")
    revision = parser.parse_args().revision or default_revision()
    with checked_out(revision) as base:
        found = guard(base)
    rows = [
        (row.name, f"{row.before / 1e3:,.2f}", f"{row.after / 1e3:,.2f}", f"{row.ratio:.2f}",
         "**slower**" if row.ratio > LIMIT else "")
        for row in found
    ]  # fmt: skip
    print(table((f"us, compared with {revision}", "before", "after", "ratio", ""), rows))
    return any(row.ratio > LIMIT for row in found)


if __name__ == "__main__":
    sys.exit(main())
