"""The table: every server in every situation, the verdict reached beside the one expected."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from examples.demo.browser import Cookies, Exchange, Outcome, Send, outcome_of
from examples.demo.servers import Server
from examples.demo.situations import SITUATIONS, Situation
from examples.demo.wire import NoAnswer, sender

NO_ANSWER = "no answer"
NO_COOKIE = "no cookie"


@dataclass(frozen=True)
class Origins:
    """Where pages are: one origin that the policy allows, one that it refuses."""

    allowed: str
    refused: str


@dataclass(frozen=True)
class Cell:
    """What one framework's server made a browser do in one situation."""

    framework: str
    situation: Situation
    verdict: str
    reason: str
    exchanges: tuple[Exchange, ...]

    @property
    def ok(self) -> bool:
        """Whether the verdict is the expected one."""
        return self.verdict == self.situation.expected


def judge(servers: Sequence[Server], origins: Origins) -> list[Cell]:
    """Try every situation on every server."""
    return [
        judge_one(server.app.framework, situation, origins, sender(server.port))
        for server in servers
        for situation in SITUATIONS
    ]


def judge_one(framework: str, situation: Situation, origins: Origins, send: Send) -> Cell:
    """Try one situation on what answers `send`."""
    origin = origins.refused if situation.from_refused_origin else origins.allowed
    cookies: Cookies = {}
    outcomes: list[Outcome] = []
    try:
        for fetch in situation.fetches:
            outcomes.append(outcome_of(fetch, origin, cookies, send))  # noqa: PERF401  # each fetch in its turn
    except NoAnswer as error:
        outcomes.append(Outcome(NO_ANSWER, str(error), ()))
    verdicts = dict.fromkeys(outcome.verdict for outcome in outcomes)
    reasons = dict.fromkeys(outcome.reason for outcome in outcomes)
    exchanges = tuple(exchange for outcome in outcomes for exchange in outcome.exchanges)
    as_expected = list(verdicts) == [situation.expected]
    if as_expected and situation.counts_visits and not _cookie_came_back(exchanges):
        verdicts[NO_COOKIE] = None
    return Cell(framework, situation, " / ".join(verdicts), "; ".join(reasons), exchanges)


def _cookie_came_back(exchanges: Sequence[Exchange]) -> bool:
    """Say whether every visit counted one more than the last, which only a cookie can tell."""
    try:
        counts = [json.loads(exchange.response.body)["visits"] for exchange in exchanges]
    except (ValueError, TypeError, KeyError):
        return False
    return len(counts) > 1 and counts == list(range(counts[0], counts[0] + len(counts)))
