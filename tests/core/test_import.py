"""`import cors_core` is quick: nothing of frameworks, nothing that only some policies need."""

import subprocess
import sys

LATE = {"publicsuffixlist", "ipaddress", "socket", "datetime", "dataclasses", "difflib"}
LATE |= {
    "cors_core.choosing.choice",
    "cors_core.origins",
    "cors_core.options.entries",
    "cors_core.options.backtracking",
    "cors_core.options.foreign_sites",
    "cors_core.options.openness",
    "cors_core.options.public_suffixes",
    "cors_core.options.regexes",
}

CODE = """
import sys
before = set(sys.modules)
import cors_core
print(*sorted(set(sys.modules) - before))
"""


def test_import_takes_little() -> None:
    # -I -S: what site packages' own .pth files import is none of our business.
    path = repr([entry for entry in sys.path if entry])
    code = f"import sys; sys.path[:] = {path}\n{CODE}"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, check=True)
    imported = set(ran.stdout.decode().split())
    assert "cors_core" in imported
    packages = {name.partition(".")[0] for name in imported}
    assert packages <= {*sys.stdlib_module_names, "cors_core"}
    assert not imported & LATE
