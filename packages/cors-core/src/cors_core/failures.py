"""What goes wrong while serving: logged with its cause, the same thing at most once a minute."""

import logging
import time
from typing import Final

logger: Final = logging.getLogger("cors_core")

_QUIET_SECONDS: Final = 60.0


class FailureLog:
    """Logs one kind of failure: the first at once, then one a minute with the count of the rest."""

    __slots__ = ("_next", "_suppressed")

    def __init__(self) -> None:
        self._next = float("-inf")
        self._suppressed = 0

    def report(self, message: str, *arguments: object, cause: BaseException | None = None) -> None:
        """Log the failure, with the traceback of its cause, unless one was logged just now.

        Two threads may both find the minute over, and log twice: not worth a lock.
        """
        now = time.monotonic()
        if now < self._next:
            self._suppressed += 1
            return
        self._next = now + _QUIET_SECONDS
        suppressed, self._suppressed = self._suppressed, 0
        if suppressed:
            message += f" ({suppressed} more since the last record)"
        logger.error(message, *arguments, exc_info=cause)
