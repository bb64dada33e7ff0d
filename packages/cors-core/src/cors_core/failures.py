"""What goes wrong while serving: logged with its cause, the same thing at most once a minute."""

import logging
import sys
import time
from typing import Final

logger: Final = logging.getLogger("cors_core")

_QUIET_SECONDS: Final = 60.0


def was_raised(error: BaseException) -> bool:
    """Say whether code that was awaited raised `error`, rather than that the server cancels us.

    asyncio's CancelledError is both: the task that the server cancels knows of it.
    """
    asyncio = sys.modules.get("asyncio")  # whoever could raise its error has imported it
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return isinstance(error, Exception)
    try:
        task = asyncio.current_task()
    except RuntimeError:  # another library runs this, and cancels in its own way
        return True
    return task is None or not task.cancelling()


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
