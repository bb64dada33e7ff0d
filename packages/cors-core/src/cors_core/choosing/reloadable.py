"""ReloadablePolicy: a policy that another can replace while the app serves, also from a file."""

from typing import TYPE_CHECKING

from cors_core.errors import PolicyError, Problem
from cors_core.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cors_core.choosing.followed_file import FollowedFile


class ReloadablePolicy:
    """Holds the policy of the moment; adapters take it wherever they take a Policy.

    A request is decided by the policy that it found, from start to end.

    >>> holder = ReloadablePolicy(Policy(allow_origins=["https://a.example"]))
    >>> holder.replace(Policy(allow_origins=["https://b.example"]))
    >>> holder.current.allow_origins
    ('https://b.example',)
    """

    def __init__(self, policy: Policy) -> None:
        self._file: FollowedFile | None = None
        self._name: str | None = None
        self.replace(policy)

    @property
    def current(self) -> Policy:
        """The policy of the moment. Looks at a followed file when its interval is over."""
        file = self._file
        if file is None:
            return self._policy
        if file.clock() >= file.next_look:
            file.look()
        return file.policies[self._name]

    def replace(self, policy: object) -> None:
        """Have `policy` decide from now on, in one step.

        If a file is followed, until its options of this policy change.

        :raises PolicyError: if it is not a Policy; the old one stays.
        """
        if not isinstance(policy, Policy):
            fix = "build one: Policy(allow_origins=...)"
            raise PolicyError((Problem("policy", policy, "is no Policy", fix),))
        if self._file is None:
            self._policy = policy
        else:
            self._file.replace(self._name, policy)

    @classmethod
    def from_file(
        cls, path: "str | Path", *, interval: float = 2.0, name: str | None = None
    ) -> "ReloadablePolicy":
        """Return a policy that follows a TOML or JSON file of options.

        The keys are those of Policy, `allow_origins` or `allow_origin_regex` among them; with
        `name`, those of the table of that name. Requests look at the file, at most once in
        `interval` seconds, and no thread is started. A change is applied when the file has stayed
        the same for a second, so that one that is still being written is not. A bad file changes
        nothing: its problems are logged, and the last good policy stays until it changes again.

        :raises PolicyError: if the file is bad at the start, or the interval makes no sense.
        :raises OSError: if it cannot be read at the start.

        >>> policy = ReloadablePolicy.from_file("cors.toml", interval=5)  # doctest: +SKIP
        """
        return cls._following(path, interval, [name])[name]

    @classmethod
    def all_from_file(
        cls, path: "str | Path", *, interval: float = 2.0
    ) -> "dict[str, ReloadablePolicy]":
        """Return the policies of a file that has a table for each, by name: for `policies=`.

        They follow the file, and raise, as with `from_file`; all change together, or none does. A
        table that is new in the file later is logged, not used; a file that lacks one is bad.

        >>> policies = ReloadablePolicy.all_from_file("cors.toml")  # doctest: +SKIP
        """
        holders = cls._following(path, interval, None)
        return {str(name): holder for name, holder in holders.items()}

    @classmethod
    def _following(
        cls, path: "str | Path", interval: float, names: "Iterable[str | None] | None"
    ) -> "dict[str | None, ReloadablePolicy]":
        from pathlib import Path  # late: few policies come from a file

        from cors_core.choosing.followed_file import FollowedFile

        file = FollowedFile(Path(path), interval, names)
        holders = {name: cls(policy) for name, policy in file.policies.items()}
        for name, holder in holders.items():
            holder._file, holder._name = file, name
        return holders
