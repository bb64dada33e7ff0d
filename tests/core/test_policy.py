"""A policy as a value: what it keeps, that it never changes, and what it says of itself."""

import copy
import pickle
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cors_core import CORSRequest, Policy, PolicyError, Refusal, RequestKind, policy_from
from cors_core.answers import _MOST_REMEMBERED

OPTIONS = {
    "allow_origins": ["https://a.example", "https://*.b.example"],
    "allow_origin_regex": r"https://pr-\d+\.c\.example",
    "allow_methods": ["GET", "PUT"],
    "allow_headers": ["X-A", "x-a", "Authorization"],
    "allow_credentials": True,
    "expose_headers": ["X-B"],
    "max_age": timedelta(minutes=1),
}


def test_the_defaults_allow_nothing() -> None:
    policy = Policy()
    assert policy.allow_origins == ()
    assert policy.allow_origin_regex is None
    assert policy.allow_methods == ("GET",)
    assert policy.allow_headers == policy.expose_headers == ()
    assert policy.allow_credentials is policy.allow_private_network is False
    assert policy.max_age == 600
    assert policy.decide(CORSRequest("GET", "https://a.example")).refused == (Refusal.ORIGIN,)


def test_the_options_can_be_read_back() -> None:
    policy = Policy(**OPTIONS)  # type: ignore[arg-type]  # a dict of mixed values
    assert policy.allow_origins == ("https://a.example", "https://*.b.example")
    assert policy.allow_origin_regex == re.compile(r"https://pr-\d+\.c\.example")
    assert policy.allow_headers == ("X-A", "Authorization")
    assert policy.max_age == 60
    assert Policy(allow_methods=["*", "PURGE"]).allow_methods[-1] == "PURGE"
    assert Policy(allow_origins={"https://b.example", "https://a.example"}).allow_origins == (
        "https://a.example",
        "https://b.example",
    )
    assert Policy(allow_methods=(method for method in ["PUT"])).allow_methods == ("PUT",)


def test_equal_options_make_equal_policies() -> None:
    policy, same = Policy(**OPTIONS), Policy(**OPTIONS)  # type: ignore[arg-type]  # as above
    assert policy == same
    assert hash(policy) == hash(same)
    assert policy != Policy()
    assert policy != "a policy"
    assert len({policy, same, Policy()}) == 2


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_a_copy_decides_the_same(copied: Callable[[Policy], Policy]) -> None:
    policy = Policy(**OPTIONS)  # type: ignore[arg-type]  # as above
    twin = copied(policy)
    assert twin == policy
    request = CORSRequest("OPTIONS", "https://x.b.example", "PUT", "x-a")
    assert twin.decide(request) == policy.decide(request)


def test_a_policy_is_immutable() -> None:
    policy = Policy()
    with pytest.raises(AttributeError, match="a Policy is immutable: build another one"):
        policy.max_age = 5
    with pytest.raises(AttributeError, match="'max_age' cannot be deleted"):
        del policy.max_age
    with pytest.raises(AttributeError):
        policy.other = 1


def test_a_policy_shows_its_options() -> None:
    shown = repr(Policy(allow_origins=["https://a.example"]))
    assert shown.startswith("Policy(allow_origins=('https://a.example',), allow_origin_regex=None")
    assert eval(shown) == Policy(allow_origins=["https://a.example"])


def test_a_decision_is_an_immutable_value() -> None:
    policy = Policy(allow_origins=["https://a.example"])
    decision = policy.decide(CORSRequest("OPTIONS", "https://a.example", "PUT"))
    assert decision.kind is RequestKind.PREFLIGHT
    assert not decision.allowed
    assert pickle.loads(pickle.dumps(decision)) == decision
    assert hash(decision) == hash(pickle.loads(pickle.dumps(decision)))
    assert decision != "a decision"
    assert "refused=(<Refusal.METHOD: 'method'>,)" in repr(decision)
    with pytest.raises(AttributeError, match="immutable"):
        decision.status = 200
    with pytest.raises(AttributeError, match="immutable"):
        del decision.status


def test_policy_from() -> None:
    policy = Policy(max_age=1)
    assert policy_from(policy, {}) is policy
    assert policy_from(None, {"max_age": 1}) == policy
    assert policy_from(None, {}) == Policy()
    with pytest.raises(PolicyError, match="stands beside the options max_age, allow_origins; give"):
        policy_from(policy, {"max_age": 1, "allow_origins": []})
    with pytest.raises(PolicyError, match="stands beside the options max_age; give either"):
        policy_from(lambda request: policy, {"max_age": 1})
    with pytest.raises(PolicyError, match=r"policy \{\} is no Policy; build one"):
        policy_from({}, {})


def test_decisions_are_remembered_and_memory_is_bounded() -> None:
    policy = Policy(allow_origins=["https://*.a.example"], allow_headers=["*"])
    first = policy.decide(CORSRequest("GET", "https://x.a.example"))
    assert policy.decide(CORSRequest("GET", "https://x.a.example")) is first
    for number in range(3 * _MOST_REMEMBERED):
        origin = f"https://x{number}.a.example"
        policy.decide(CORSRequest("GET", origin))
        policy.decide(CORSRequest("OPTIONS", origin, "GET", f"x-{number}"))
        policy.decide(CORSRequest("OPTIONS", origin, "PUT", f"x-{number}"))
    assert len(policy.answers.actual) <= _MOST_REMEMBERED
    assert len(policy.answers.preflight) <= _MOST_REMEMBERED
    assert policy.decide(CORSRequest("GET", "https://x.a.example")) == first


def test_strangers_crowd_nobody_out_of_the_memory() -> None:
    policy = Policy(allow_origins=["https://*.a.example"])
    memories = (policy.answers.actual, policy.answers.preflight)
    mates = [f"https://x{number}.a.example" for number in range(_MOST_REMEMBERED // 2)]
    for number in range(2 * _MOST_REMEMBERED):
        policy.decide(CORSRequest("GET", f"https://evil{number}.example"))
        policy.decide(CORSRequest("OPTIONS", "https://evil.example", f"M{number}"))
    assert [len(memory) for memory in memories] == [_MOST_REMEMBERED // 2] * 2
    for mate in mates:
        policy.decide(CORSRequest("GET", mate))
        policy.decide(CORSRequest("OPTIONS", mate, "GET"))
    policy.decide(CORSRequest("GET", "https://evil.example"))
    policy.decide(CORSRequest("OPTIONS", "https://evil.example", "M"))
    assert policy.answers.actual.keys() >= set(mates)
    assert [len(memory) for memory in memories] == [_MOST_REMEMBERED] * 2


def test_strangers_share_the_answer_to_a_preflight() -> None:
    policy = Policy(allow_origins=["https://a.example"])
    for number in range(10):
        policy.decide(CORSRequest("OPTIONS", f"https://evil{number}.example", "GET"))
    assert len(policy.answers.preflight) == 1


def test_a_long_preflight_is_not_remembered() -> None:
    policy = Policy(allow_origins=["https://a.example"], allow_headers=["*"])
    policy.decide(CORSRequest("OPTIONS", "https://a.example", "GET", "x-" + "a" * 1000))
    assert not policy.answers.preflight


def test_threads_share_a_policy() -> None:
    policy = Policy(allow_origins=["https://*.a.example"])

    def decide(number: int) -> bool:
        origin = f"https://x{number % 1500}.a.example"
        decision = policy.decide(CORSRequest("GET", origin))
        return decision.headers == (("Access-Control-Allow-Origin", origin),)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(decide, range(6000)))


def test_private_network_as_a_flag() -> None:
    policy = Policy(allow_origins=["https://a.example"], allow_private_network=True)
    asked = policy.decide(CORSRequest("OPTIONS", "https://a.example", "GET", None, True))
    assert ("Access-Control-Allow-Private-Network", "true") in asked.headers
