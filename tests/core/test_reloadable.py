"""ReloadablePolicy: replaced while serving. What it does with a file is in `test_followed_file`."""

import threading
from typing import Any

import pytest

from cors_core import CORSRequest, Policy, PolicyError, ReloadablePolicy
from cors_core.adapters import PolicyChoice
from cors_core.policy import decider_of

A, B = (Policy(allow_origins=[f"https://{name}.example"]) for name in "ab")
REQUEST = CORSRequest("GET", path="/")


def test_replace() -> None:
    holder = ReloadablePolicy(A)
    chooser = PolicyChoice(holder, {}, None, None, awaits=False)
    assert holder.current is A
    assert chooser.choose(chooser.default, REQUEST) is decider_of(A)
    holder.replace(B)
    assert holder.current is B
    assert chooser.choose(chooser.default, REQUEST) is decider_of(B)


@pytest.mark.parametrize("policy", [None, "https://a.example", {}, ReloadablePolicy(A)])
def test_what_is_no_policy_changes_nothing(policy: Any) -> None:
    holder = ReloadablePolicy(A)
    with pytest.raises(PolicyError, match="is no Policy"):
        holder.replace(policy)
    assert holder.current is A
    with pytest.raises(PolicyError, match="is no Policy"):
        ReloadablePolicy(policy)


def test_threads_that_serve_while_it_is_replaced() -> None:
    holder = ReloadablePolicy(A)
    seen: set[Policy] = set()
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            seen.add(holder.current)

    threads = [threading.Thread(target=serve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2000):
        holder.replace((A, B)[number % 2])
    stop.set()
    for thread in threads:
        thread.join()
    assert seen <= {A, B}
