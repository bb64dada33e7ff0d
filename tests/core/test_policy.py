"""A policy as a value: what it keeps, that it never changes, and what it says of itself."""

import copy
import pickle
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cors_core import CORSRequest, Policy, PolicyError, Refusal, RequestKind
from cors_core.adapters import PolicyChoice

from .flood import living_decisions

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


def test_a_policy_or_its_options() -> None:
    policy = Policy(max_age=1)
    assert PolicyChoice(policy, awaits=False).default is policy
    assert PolicyChoice(None, {"max_age": 1}, awaits=False).default == policy
    assert PolicyChoice(awaits=False).default == Policy()
    with pytest.raises(PolicyError, match="stands beside the options max_age, allow_origins; give"):
        PolicyChoice(policy, {"max_age": 1, "allow_origins": []}, awaits=False)
    with pytest.raises(PolicyError, match="stands beside the options max_age; give either"):
        PolicyChoice(lambda request: policy, {"max_age": 1}, awaits=False)
    with pytest.raises(PolicyError, match=r"policy \{\} is no Policy; build one"):
        PolicyChoice({}, awaits=False)


def test_decisions_are_remembered_but_a_flood_of_them_is_not() -> None:
    policy = Policy(allow_origins=["https://*.a.example"], allow_headers=["*"])
    first = policy.decide(CORSRequest("GET", "https://x.a.example"))
    assert policy.decide(CORSRequest("GET", "https://x.a.example")) is first
    before = living_decisions()
    for number in range(5000):
        origin = f"https://x{number}.a.example"
        policy.decide(CORSRequest("GET", origin))
        policy.decide(CORSRequest("OPTIONS", origin, "GET", f"x-{number}"))
        policy.decide(CORSRequest("OPTIONS", origin, "PUT", f"x-{number}"))
    assert living_decisions() - before < 5000
    assert policy.decide(CORSRequest("GET", "https://x.a.example")) == first


def test_refused_origins_crowd_nobody_out_of_the_memory() -> None:
    policy = Policy(allow_origins=["https://*.a.example"])
    for number in range(3000):
        policy.decide(CORSRequest("GET", f"https://evil{number}.example"))
        policy.decide(CORSRequest("OPTIONS", "https://evil.example", f"M{number}"))
    requests = [CORSRequest("GET", f"https://x{number}.a.example") for number in range(500)]
    requests += [r._replace(method="OPTIONS", request_method="GET") for r in requests]
    decisions = [policy.decide(request) for request in requests]
    for number in range(3000):
        policy.decide(CORSRequest("GET", f"https://other-evil{number}.example"))
        policy.decide(CORSRequest("OPTIONS", "https://evil.example", f"N{number}"))
    for request, decision in zip(requests, decisions, strict=True):
        assert policy.decide(request) is decision


def test_refused_origins_share_the_answer_to_a_preflight() -> None:
    policy = Policy(allow_origins=["https://a.example"])
    answers = {
        id(policy.decide(CORSRequest("OPTIONS", f"https://evil{number}.example", "GET")))
        for number in range(10)
    }
    assert len(answers) == 1


def test_a_long_preflight_is_not_remembered() -> None:
    policy = Policy(allow_origins=["https://a.example"], allow_headers=["*"])
    long = CORSRequest("OPTIONS", "https://a.example", "GET", "x-" + "a" * 1000)
    assert policy.decide(long) is not policy.decide(long)


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


def test_advice_is_given_on_what_is_allowed_but_unwise() -> None:
    policy = Policy(allow_origins=["http://a.example"], allow_credentials=True)
    (problem,) = policy.advice
    assert (problem.option, problem.value) == ("allow_origins[0]", "http://a.example")
    assert Policy(allow_origins=["https://a.example"]).advice == ()


def test_options_have_names() -> None:
    with pytest.raises(PolicyError, match=r"write Policy\(allow_origins=\['https://a.example'\]\)"):
        Policy(["https://a.example"])  # type: ignore[arg-type]  # what is tested
