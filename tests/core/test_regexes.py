"""R17: a regex that lets foreign sites in, or takes long, is refused by its structure.

The tables hold what people write: each regex of HOLES lets a site in that somebody else may own,
each of HONEST lets in only sites that its author named, each of SLOW can keep a server busy.
"""

import random
import re
from importlib import import_module
from typing import Any

import pytest

from cors_core import Policy, PolicyError, Problem
from cors_core.options import backtracking, foreign_sites, regexes
from cors_core.options.backtracking import slowness_of
from cors_core.options.foreign_sites import Search, UndecidedError, foreign_origin
from cors_core.options.public_suffixes import registrable_domain
from cors_core.origins.serialized import parse_origin

HOLES = r"""
.*
.+
(?s).*
.*?
\S+
https?://.*
https?://\S+
^https?://(.*)$
https://[^/]+
https://[a-z0-9.-]+
https://[\w.-]+(:\d+)?
https://\w+\.\w+
https://.*:\d+
https?://.*:3000
https?://[^:]+:8080
https://.*:80
.*\.com
https://.*\.com
https://.*\.(com|net|org)
https://[a-z]+\.dev
https://.*\.co\.uk
https://.*\.com\.au
https://(.*\.)?gov\.uk
https://[a-z]+\.foo\.ck
https://.*\.com\.?
https://.*example\.com
https://.*example[.]com
https://.+example\.com
https://[a-z]*example\.com
https://\w*example\.com
https://[^.]*example\.com
https://.*example\.(com|org)
https://(.*)example\.com(:\d+)?
https?://.*example\.co\.uk
(?i)https://.*EXAMPLE\.COM
(?i:HTTPS)://[a-z]*example\.com
https://(app-)*example\.com
https://o+ps\.com
https://example[0-9]\.com
https://example\.com.*
https://(www\.)?example\.com.*
https://.*\.example\.com.*
https://(www|app)\.example\.com.*
https://example\.com\S*
https://example\.com[^/]*
https://example\.com(\..*)?
https://example\.com.+:8443
https://example\.com\W.*
https://example\.[a-z]+
https://example\.\w{2,3}
https://.*\.example\..*
https://example\.(com|[a-z]{2})
https://www\.example\..+
https://app.example.com
https://app.example\.com
https://[a-z]+.example.com
https://.*.example.com
https://.+.example\.com
https://example.co.uk
(?i)https://WWW.EXAMPLE.COM
https://\w+\.github\.io
https://[\w-]+\.github\.io
https://.*\.azurewebsites\.net
https://.*\.herokuapp\.com
https://.*\.kawasaki\.jp
https://.*\.amazonaws\.com
https://.*\.cloudapp\.azure\.com
https://[a-z0-9-]+-myteam\.vercel\.app
https://app-.*-team\.vercel\.app
https://deploy-preview-\d+--[a-z]+\.netlify\.app
http://localhost.*
http://localhost[^/]*
http://(localhost|127\.0\.0\.1).*
http://127\.0\.0\.1.*
https?://\d+\.\d+\.\d+\.\d+
http://[\d.]+
http://1\d\d?\.\d+\.\d+\.\d+
http://172\.\d+\.\d+\.\d+
http://172\.1\d\.\d+\.\d+
http://192\.\d+\.\d+\.\d+(:\d+)?
http://192\.168\..*
http://203\.0\.113\.\d+
http://169\.25\d\.\d+\.\d+
http://(\d{1,3}\.){3}\d{1,3}:3000
http://\[.*\]
http://\[[0-9a-f:]+\]
http://\[2001:db8:[0-9a-f:]+\]:8080
https://(?!evil)\w+\.com
https://(?!.*evil).*\.com
https://\w+(?<!evil)\.com
https://(?!x)[a-z]+\.com
https://.*(?<!x)example\.com
https://(?P<sub>.*)example\.com
https://(?>.*example\.com|.*example\.org)
https://[a-z]*+\.com
https://[a-z]{1,9}+[a-z]*\.com
https://[a-z]+\.xn--p1ai
https://.{1,63}\.com
https://[a-z]{32}\.com
https://\D+\.com
https://[^\W\d]+\.com
""".split()

HIDDEN = r"""
https://.*(?<=example\.com)
https://.*(?<=\.example\.com)
(?=https://.*\.example\.com$).*
https://.*\bexample\.com
https://(www)?(?(1)[a-z]+|app)\.com
https://(co){1,9}\.uk
http://.*(:80|:8080)
(https://).*(?!\1)(?<=[.]example\.org)
""".split()
"""What they let in, their assertions hide: refused, though one of them is honest."""

HONEST = r"""
https://stranger\.com
https://example\.com
https://example.com
http://203\.0\.113\.7
http://203\.0\.113\.[1-4]
https://.*\.example\.com
https://.+\.example\.com
https://.+?\.example\.com
^https://.+\.example\.com$
\Ahttps://.+\.example\.com\Z
https?://.+\.example\.com
https://[a-z0-9-]+\.example\.com
https://[\w-]+\.example\.com
https://[^.]+\.example\.co\.uk
https://[^/]+\.example\.com
https://\S+\.example\.com
https://([a-z]+\.)?example\.com
https://([a-z0-9-]+\.)*example\.com
https://([a-z0-9-]+\.)+example\.com
https://(.+\.)?example\.com
https?://(?:.*\.)?example\.(?:com|co\.uk)(?::\d{1,5})?
https://(www|app)\.example\.(com|org)
https://(a|b)\.example\.co\.uk
https://(www\.|app\.|)example\.com
https://app[12]\.example\.com
https://app[12]\.com
https://(app1|app2|app3|app4|app5|app6)\.com
https://(shop|blog|wiki)\.example
https://examples?\.com
https://example\.com(:\d+)?
https://example\.com:(3000|8080)
https://example\.com\.?
(?i)https://[A-Z]+\.EXAMPLE\.com
https://[a-z-]+\.app\.example
https://pr-\d+\.preview\.example\.com(:\d+)?
https://pr-[0-9]{1,6}\.example\.dev
https://[0-9a-f]{8}\.preview\.example\.com
https://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.example\.com
https://[a-z0-9-]++\.example\.com
https://(?>[a-z0-9-]+)\.example\.com
https://(?!admin\.)[a-z]+\.example\.com
https://[a-z]+(?<!-)\.example\.com
https://myteam\.vercel\.app
https://[a-z0-9-]+\.myteam\.github\.io
https://[a-z]+\.mybucket\.s3\.amazonaws\.com
https://deploy-preview-\d+--mysite\.example\.com
http://localhost:\d+
https?://localhost(:\d+)?
http://(localhost|127\.0\.0\.1):\d+
http://[a-z]+\.localhost:\d+
http://127\.0\.0\.\d+
http://127\.\d+\.\d+\.\d+:3000
http://10\.\d+\.\d+\.\d+
http://10\.\d{1,3}\.\d{1,3}\.\d{1,3}(:\d+)?
http://192\.168\.\d+\.\d+
http://192\.168\.\d+\.\d+:3000
http://192.168.\d+.\d+
http://172\.(1[6-9]|2\d|3[01])\.\d+\.\d+
http://169\.254\.\d+\.\d+
http://\[::1\](:\d+)?
http://\[fd[0-9a-f:]+\]
http://\[f[cd][0-9a-f]{2}:[0-9a-f:]+\]:3000
https://.*\.internal
https://.*\.corp\.local
https://[a-z]+\.test(:\d+)?
http://[a-z]+
http://[a-z]+:3000
chrome-extension://[a-z]{32}
https://[a-z]{260}\.com
moz-extension://[0-9a-f-]{36}
capacitor://localhost
""".split()

EXPONENTIAL = r"""
https://([a-z0-9]+)+\.example\.com
https://(?:[a-z0-9-]+)*\.example\.com
(([a-z0-9-]+)+\.)+example\.com
https://(([a-z]+)*)*\.example\.com
https://(.*)*\.example\.com
https://(.+)+\.example\.com
https://(.*?)*?\.example\.com
https://(.*\.)*example\.com
https://([a-z0-9.-]+\.)+example\.com
https://(a|a)*\.example\.com
https://(a|aa)+\.example\.com
https://(ab|a|b)+\.example\.com
https://([a-z]+|\d+)*\.example\.com
https://(\d+|[0-9a-f]+)+\.example\.com
https://(\w+-?)+\.example\.com
https://(\w*-*)*\.example\.com
https://(?:[a-z0-9]+-?)*\.example\.com
https://([a-z]+[a-z0-9]*)+\.example\.com
https://([a-z]{1,5})+\.example\.com
https://([a-z]{1,63}){1,63}\.example\.com
https://([a-z0-9]{1,63}){1,5}\.example\.com
https://(a|a){30}\.example\.com
\w+://(a|a){30}\.example\.com
https://(.?(?:a|b|ab){2}){0,8}\.example\.com
https://(([ab]?){8}){8}\.example\.com
https://((((a{1,8}){1,8}){1,8}){1,8}){1,8}\.example\.com
(?i)https://([A-Z]+)+\.example\.com
https://(?=(a+)+b).*\.example\.com
https://(?!(\w+)+!)\w+\.example\.com
https://(?:(?>a)|a)+\.example\.com
https://(www)?((?(1)\w|\d)+)+\.example\.com
""".split()

POLYNOMIAL = r"""
https://.*.*.*\.example\.com
https://.*-.*-.*\.example\.com
https://.*\..*\..*\.example\.com
https://.*ab.*ab.*ab\.example\.com
https://[a-z0-9-]+-[a-z0-9-]+-[a-z0-9-]+\.example\.com
https://([a-z0-9-]+\.)+([a-z0-9-]+\.)+([a-z0-9-]+\.)+example\.com
https://\w+\d*\w*[a-z]*\.example\.com
""".split()

FINITE = r"""
https://([a-z]?){30}\.example\.com
https://\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\w?\.example\.com
https://(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)x
https://(?:(?=.*a)(?=.*b)\w)*\.example\.com
https://\w+(\w-?)*\.example\.com
https://(\.{0,8}\.{0,8}\.{0,8}){3}-++\d+
https://[a-z]+\.([a-z]?){30}\.example\.com
""".split()

TOO_LARGE = [
    r"https://(.{60}){400}\.example\.com",
    r"https://(){200000}\.example\.com",
]

FAST = [
    *HONEST,
    *r"""
    https://([a-z]|[a-m])+\.example\.com
    https://(\w|\d)+\.example\.com
    https://([a-z0-9]++)+\.example\.com
    https://(?>[a-z]+)+\.example\.com
    https://(?:[a-z0-9-]++\.)++example\.com
    https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+example\.com
    https://([a-z0-9-]{1,63}\.){1,5}example\.com
    https://([0-9a-f]{4}-){7}[0-9a-f]{4}\.example\.com
    https://(\w+\.)*\w+\.example\.com
    https://(?:[a-z]+-)*[a-z]+\.example\.com
    https://.*.*\.example\.com
    https://.*\..*\.example\.com
    https://[a-z0-9-]+--[a-z0-9-]+\.example\.com
    https://[a-z0-9-]+-[a-z0-9]+-team\.example\.com
    https://(\d{1,3}\.){3}\d{1,3}(:\d{1,5})?
    https://[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.example\.com
    https://(?:(?=a)\w)*\.example\.com
    (?!)
    """.split(),
    r"https://(" + "|".join(f"host{number}site" for number in range(200)) + r")\.example\.com",
]


def problems_of(**options: Any) -> tuple[Problem, ...]:
    try:
        Policy(**options)
    except PolicyError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("regex", HOLES)
def test_a_regex_that_lets_a_foreign_site_in(regex: str) -> None:
    (problem,) = problems_of(allow_origin_regex=regex, allow_credentials=True)
    reason = problem.reason
    assert reason.startswith("lets other sites in, with credentials: it matches 'http")
    origin = reason.rpartition("matches ")[2].strip("'")
    assert re.fullmatch(regex, origin)
    parts = parse_origin(origin)
    assert parts is not None
    domain = registrable_domain(parts.host)
    assert domain is None or domain not in regex.replace("\\", "")
    assert r"r'https://.+\.example\.com'" in problem.fix
    assert problems_of(allow_origin_regex=regex) == ()


@pytest.mark.parametrize("regex", HIDDEN)
def test_a_regex_that_hides_what_it_lets_in(regex: str) -> None:
    (problem,) = problems_of(allow_origin_regex=regex, allow_credentials=True)
    reason = "its structure does not tell which sites it matches"
    assert problem.reason == f"may let other sites in, with credentials: {reason}"
    assert problem.fix == "write it without assertions and back-references, or list the origins"
    assert problems_of(allow_origin_regex=regex) == ()


@pytest.mark.parametrize("regex", HONEST)
def test_a_regex_that_names_its_sites(regex: str) -> None:
    assert problems_of(allow_origin_regex=regex, allow_credentials=True) == ()


def test_flags_of_a_compiled_regex_count() -> None:
    verbose = re.compile(r"https:// .+ \. example \. com  # ours", re.VERBOSE)
    assert problems_of(allow_origin_regex=verbose, allow_credentials=True) == ()
    ignoring = re.compile(r"HTTPS://[A-Z]*EXAMPLE\.COM", re.IGNORECASE)
    assert foreign_origin(ignoring) == "https://xexample.com"
    assert foreign_origin(re.compile(r"HTTPS://[A-Z]*EXAMPLE\.COM")) is None


@pytest.mark.parametrize(("letter", "plain"), [("\u0131", "i"), ("\u212a", "k"), ("\u017f", "s")])
def test_letters_that_only_ignoring_case_makes_equal(letter: str, plain: str) -> None:
    regex = re.compile(rf"https://[{letter}]{{5}}\.com", re.IGNORECASE)
    assert foreign_origin(regex) == f"https://{plain * 5}.com"


def test_a_debugged_regex_prints_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    regex = re.compile(r"https://example\.com", re.DEBUG)
    capsys.readouterr()
    assert foreign_origin(regex) is None
    assert capsys.readouterr().out == ""


_PARTS = r"""
.* .+ \w+ [a-z]+ [a-z0-9-]+ \. . example app (a|b) \d+ com co\.uk (\.com|\.org) [.] example\.com
localhost (:\d+)? (www\.)? \S* [^.]* ([a-z]+\.)* ([a-z]+\.)+ (.+\.)? 127\.0\.0\.1 :3000 \d{1,3} io
github\.io - [a-z]? a{2,4} (?:a|bc|)* (?!evil) \W [a-z]{1,63}
""".split()
_FOREIGN = """
https://abc.com https://q7-z.org http://a.b.evil.co.uk https://evil.io:3000 http://9.8.7.6
http://201.34.5.66:3000 https://example.com.evil.org https://localhost.evil.com https://abcio.io
https://evilexample.com https://myexample.co.uk https://q.github.io http://example.comic.com:8080
""".split()


def test_what_matches_a_foreign_origin_is_never_let_pass() -> None:
    chosen = random.Random(268)
    judged = 0
    for _ in range(400):
        text = "https?://" + "".join(chosen.choices(_PARTS, k=chosen.randint(1, 5)))
        regex = re.compile(text)
        matched = [origin for origin in _FOREIGN if regex.fullmatch(origin)]
        if matched and slowness_of(regex) is None:
            judged += 1
            assert foreign_origin(regex), f"{text} matches {matched}"
    assert judged > 20


@pytest.mark.parametrize("regex", [*HOLES, *HIDDEN, *HONEST])
def test_the_search_is_bounded(regex: str, monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[Search] = []

    class Counted(Search):
        def __init__(self, automaton: regexes.Automaton) -> None:
            super().__init__(automaton)
            searches.append(self)

    monkeypatch.setattr(foreign_sites, "Search", Counted)
    problems_of(allow_origin_regex=regex, allow_credentials=True)
    (search,) = searches
    assert search.steps <= (2_000 if regex not in HIDDEN else foreign_sites.MAX_SEARCH_STEPS + 100)


def test_a_search_that_meets_its_bound_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_sites, "MAX_SEARCH_STEPS", 10)
    with pytest.raises(UndecidedError, match="does not tell"):
        foreign_origin(re.compile(r"https://.*\.example\.com"))


@pytest.mark.parametrize("regex", EXPONENTIAL)
def test_an_exponential_regex(regex: str) -> None:
    for credentials in (False, True):  # and the slow regex is never run on candidates
        (problem,) = problems_of(allow_origin_regex=regex, allow_credentials=credentials)
        assert problem.reason.startswith("can take for ever")
        assert r"r'([a-z0-9-]+\.)+'" in problem.fix


@pytest.mark.parametrize("regex", POLYNOMIAL)
def test_a_regex_with_three_repetitions_in_a_row(regex: str) -> None:
    (problem,) = problems_of(allow_origin_regex=re.compile(regex))
    assert problem.reason.startswith("can take seconds: three or more of its repetitions")
    assert problem.fix.startswith("let at most two overlap")


@pytest.mark.parametrize("regex", FINITE)
def test_a_regex_with_too_many_ways(regex: str) -> None:
    (problem,) = problems_of(allow_origin_regex=regex)
    assert problem.reason.startswith("can take seconds: its alternatives and optional parts")


@pytest.mark.parametrize("regex", TOO_LARGE, ids=range(len(TOO_LARGE)))
def test_a_regex_too_large_to_be_judged(regex: str) -> None:
    (problem,) = problems_of(allow_origin_regex=regex)
    assert problem.reason == "is too large for judging how long a match may take"
    assert problem.fix.startswith("list the origins in allow_origins")


def test_a_regex_nested_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object) -> None:
        raise RecursionError

    regex = re.compile(r"https://example\.com")
    with monkeypatch.context() as patched:
        patched.setattr(import_module("re._parser"), "parse", parse)
        (problem,) = problems_of(allow_origin_regex=regex)
    assert problem.reason == "is too large for judging how long a match may take"


@pytest.mark.parametrize("regex", FAST)
def test_a_regex_that_is_fast_enough(regex: str) -> None:
    assert slowness_of(re.compile(regex)) is None


@pytest.mark.parametrize("regex", [*EXPONENTIAL, *POLYNOMIAL, *FINITE, *FAST])
def test_the_judgement_is_bounded(regex: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = slowness_of(re.compile(regex))
    monkeypatch.setattr(backtracking, "MAX_JUDGEMENT_STEPS", 90_000)
    monkeypatch.setattr(regexes, "MAX_BUILDING_STEPS", 8_000)
    assert slowness_of(re.compile(regex)) == expected


def test_a_judgement_that_meets_its_bound_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtracking, "MAX_JUDGEMENT_STEPS", 10)
    (problem,) = problems_of(allow_origin_regex=r"https://.*\.example\.com")
    assert problem.reason == "is too large for judging how long a match may take"


def test_a_part_that_a_later_python_may_add(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = import_module("re._parser")
    regex = re.compile(r"https://example\.com")
    tree = parser.parse(regex.pattern)
    tree.append(("NEW_KIND", None))
    with monkeypatch.context() as patched:
        patched.setattr(parser, "parse", lambda *_: tree)
        without = problems_of(allow_origin_regex=regex)
        (problem,) = problems_of(allow_origin_regex=regex, allow_credentials=True)
    assert without == ()
    assert problem.reason.endswith("it has a part of the unknown kind NEW_KIND")


def test_a_parser_of_another_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    regex = re.compile(r"https://example\.com")
    with monkeypatch.context() as patched:
        patched.setattr(import_module("re._parser"), "parse", lambda *_: None)
        (problem,) = problems_of(allow_origin_regex=regex, allow_credentials=True)
    assert problem.reason.endswith("reading it fails with AttributeError")
