"""What is wrong with a policy: one Problem per finding, one PolicyError for them all."""

from typing import NamedTuple

_LONGEST_SHOWN = 200


class Problem(NamedTuple):
    """One finding: the option, the value, why it is refused, and the fix.

    >>> str(Problem("max_age", -1, "is negative", "use 0 to keep browsers from caching"))
    'max_age -1 is negative; use 0 to keep browsers from caching'
    """

    option: str
    """The option's name, with the index of the entry where it is a list: `allow_origins[1]`."""
    value: object
    reason: str
    fix: str

    @property
    def finding(self) -> str:
        """What is wrong, without the fix."""
        return f"{self.option} {_shown(self.value)} {self.reason}"

    def __str__(self) -> str:
        return f"{self.finding}; {self.fix}"


class PolicyError(ValueError):
    """A policy was refused. `problems` holds every Problem found.

    First those of single options, in the options' order, then those of what they mean together.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)  # the argument of BaseException: keeps the error picklable
        self.problems = problems

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        return f"{len(self.problems)} problems in the CORS policy:{lines}"


def _shown(value: object) -> str:
    """Return `repr(value)`, cut where it would drown the message."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # an int of thousands of digits, or a caller's own broken __repr__
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
