"""What the README shows is real: its examples run, its errors are the errors, its table is true."""

import re
from pathlib import Path

import pytest

from cors_core import Policy, PolicyError

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(
    r"(<!-- error -->\n)?```python\n(.*?)```(?:\n\n```\n(.*?)```)?", README, re.DOTALL
)


@pytest.mark.parametrize("code", [code for mark, code, _ in BLOCKS if not mark])
def test_an_example_runs(code: str) -> None:
    exec(code, {"__name__": "readme"})


@pytest.mark.parametrize(("code", "shown"), [block[1:] for block in BLOCKS if block[0]])
def test_an_error_is_shown_as_it_is(code: str, shown: str) -> None:
    with pytest.raises(PolicyError) as caught:
        exec(code, {"Policy": Policy})
    assert f"cors_core.errors.PolicyError: {caught.value}\n" == shown


def test_the_table_of_options_has_them_all() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.*?)` \|", README, re.MULTILINE)
    policy = Policy()
    assert {option: eval(default) for option, default in rows} == {
        option: getattr(policy, option) for option in Policy.__init__.__kwdefaults__
    }


def test_the_commands_name_sessions_that_exist() -> None:
    noxfile = (ROOT / "noxfile.py").read_text()
    for session in re.findall(r"nox -s (\w+)", README):
        assert f"def {session}(" in noxfile
