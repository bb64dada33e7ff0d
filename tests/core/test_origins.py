"""The index of origins at scale, and the addresses that it must write as browsers do."""

import pytest

from cors_core import CORSRequest, Policy
from cors_core.fetch_standard import MAX_ORIGIN_LENGTH
from cors_core.origins.index import OriginIndex, OriginPattern
from cors_core.origins.serialized import parse_origin, serialized_ipv6


@pytest.mark.parametrize(
    ("address", "serialized"),
    [
        ("::1", "[::1]"),
        ("0:0:0:0:0:0:0:0", "[::]"),
        ("1:0:0:2:0:0:0:3", "[1:0:0:2::3]"),
        ("1:0:0:2:3:0:0:4", "[1::2:3:0:0:4]"),
        ("1::2:3:4:5:6:7", "[1:0:2:3:4:5:6:7]"),
        ("1:2:3:4:5:6:0:0", "[1:2:3:4:5:6::]"),
        ("10:0:0:0:0:0:0:10", "[10::10]"),
        ("::ffff:1.2.3.4", "[::ffff:102:304]"),
        ("::g", None),
        ("::1%eth0", None),
    ],
)
def test_serialized_ipv6(address: str, serialized: str | None) -> None:
    assert serialized_ipv6(address) == serialized


def test_the_longest_origin() -> None:
    host = ".".join(["a" * 63] * 3 + ["a" * 61])
    longest = f"https://{host}.:65535"
    assert len(longest) == MAX_ORIGIN_LENGTH
    assert parse_origin(longest)
    assert parse_origin(longest.replace("https", "chrome-extension")) is None
    assert longest in OriginIndex([longest], [], None)


def test_bases_of_several_depths() -> None:
    bases = ["example", "b.example", "d.c.b.example", "other.test"]
    index = OriginIndex([], [OriginPattern("https", base, "", True) for base in bases], None)
    assert "https://x.example" in index
    assert "https://x.y.z.other.test" in index
    assert "https://other.test" not in index
    assert "https://xother.test" not in index


def test_many_patterns() -> None:
    policy = Policy(allow_origins=[f"https://*.a{number}.example" for number in range(10_000)])
    assert policy.decide(CORSRequest("GET", "https://x.a9999.example")).allowed
    assert not policy.decide(CORSRequest("GET", "https://x.a10000.example")).allowed
    assert not policy.decide(CORSRequest("GET", "https://a1.example")).allowed
