"""How threads, asyncio tasks and trio tasks run a lookup, or wait for one that is in flight.

Each takes the Questions and an origin, and returns the answer that its request is to use. What
they have in common is in `questions`.
"""

import sys
import time
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any, cast

from cors_core.failures import was_raised
from cors_core.origins.questions import Question, Questions

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

_THREADS = object()
"""Stands for all threads, which share their questions; each event loop has its own."""


class _ThreadQuestion(Question):
    __slots__ = ("deadline", "done")

    def __init__(self, origin: str, timeout: float) -> None:
        super().__init__(_THREADS, origin)
        self.deadline = time.monotonic() + timeout
        self.done = Event()


def ask_in_thread(questions: Questions, origin: str) -> bool:
    """Ask a sync lookup: one thread runs it, the others wait for that one, but not too long."""
    mine = _ThreadQuestion(origin, questions.timeout)
    question = questions.enter(mine)
    if isinstance(question, bool):
        return question
    if question is mine:
        try:
            question.answer = questions.run(question)
        finally:  # also when the server stops this thread: others wait for the answer
            question.done.set()
        return question.answer
    if not questions.follow():
        return questions.refuse(origin)
    try:
        done = question.done.wait(question.deadline - time.monotonic())
    finally:
        questions.unfollow()
    return question.answer if done else questions.time_out(question)


async def ask_in_event_loop(questions: Questions, origin: str) -> bool:
    """Ask in whatever runs the current task: asyncio or trio."""
    import asyncio  # late: heavy, and only what looks origins up needs it

    try:
        # Not the running loop: trio may run as a guest of one, with tasks that are not asyncio's.
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is not None:
        return await _ask_in_asyncio(questions, origin, task.get_loop())
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_task():
        return await _ask_in_trio(questions, origin, trio)
    return await _ask_alone(questions, origin)


async def _ask_alone(questions: Questions, origin: str) -> bool:
    """Ask where neither asyncio nor trio runs: nothing is shared, and there is no time limit."""
    if not questions.is_async:
        return ask_in_thread(questions, origin)
    runner = object()
    question = questions.enter(Question(runner, origin))
    if isinstance(question, bool):
        return question
    outcome: object
    try:
        outcome = await cast(Any, questions.lookup(origin))
    except Exception as error:  # noqa: BLE001  # logged; whatever fails is a no
        outcome = error
    except BaseException:
        questions.end(question)
        raise
    return questions.conclude(question, outcome)


class _LoopQuestion(Question):
    """A question that a task of its own asks, so that it outlives the request that came first."""

    __slots__ = ("future", "running", "timer", "waiting")

    running: "asyncio.Task[bool] | Future[bool]"
    timer: "asyncio.TimerHandle"

    def __init__(self, loop: "asyncio.AbstractEventLoop", origin: str) -> None:
        super().__init__(loop, origin)
        self.future = loop.create_future()
        """What requests wait for: done when the lookup has ended, or has timed out."""
        self.waiting = 0


async def _ask_in_asyncio(
    questions: Questions, origin: str, loop: "asyncio.AbstractEventLoop"
) -> bool:
    import asyncio

    mine = _LoopQuestion(loop, origin)
    question = questions.enter(mine)
    if isinstance(question, bool):
        return question
    if question is mine:
        _begin(questions, question, loop)
    question.waiting += 1
    try:
        return await asyncio.shield(question.future)
    except asyncio.CancelledError:
        # Nobody waits any more? A lookup in a thread cannot be stopped, though: it runs on.
        if question.waiting == 1 and questions.is_async and not question.future.done():
            questions.forget(question)
            question.running.cancel()
        raise
    finally:
        question.waiting -= 1


def _begin(
    questions: Questions, question: _LoopQuestion, loop: "asyncio.AbstractEventLoop"
) -> None:
    # The loop's timer keeps the question alive, and with it the task, which asyncio does not.
    question.timer = loop.call_later(questions.timeout, _time_out, questions, question)
    if not questions.is_async:
        _begin_in_thread(questions, question, loop)
        return
    task = loop.create_task(_run_in_task(questions, question))
    question.running = task
    if task.done():  # a loop with an eager task factory, and a lookup that awaited nothing
        _settle(questions, question, task)
    else:
        task.add_done_callback(lambda task: _settle(questions, question, task))


async def _run_in_task(questions: Questions, question: _LoopQuestion) -> bool:
    outcome: object
    try:
        outcome = await cast(Any, questions.lookup(question.origin))
    except BaseException as error:  # logged; whatever fails is a no
        if not was_raised(error):
            raise
        outcome = error
    return questions.conclude(question, outcome)


def _begin_in_thread(
    questions: Questions, question: _LoopQuestion, loop: "asyncio.AbstractEventLoop"
) -> None:
    from contextvars import copy_context

    def hand_over(future: "Future[bool]") -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(_settle, questions, question, future)

    context = copy_context()
    try:
        future = questions.executor().submit(context.run, _run_in_pool, questions, question)
    except RuntimeError as error:  # the interpreter is ending
        question.timer.cancel()
        question.future.set_result(questions.conclude(question, error))
        return
    question.running = future
    future.add_done_callback(hand_over)


def _run_in_pool(questions: Questions, question: Question) -> bool:
    try:
        return questions.run(question)
    except BaseException as error:  # noqa: BLE001  # an exit would end this thread, not the server
        return questions.conclude(question, error)


def _time_out(questions: Questions, question: _LoopQuestion) -> None:
    if not question.running.done():  # else what it found is about to be handed over
        question.future.set_result(questions.time_out(question))
        question.running.cancel()


def _settle(
    questions: Questions, question: _LoopQuestion, done: "asyncio.Task[bool] | Future[bool]"
) -> None:
    question.timer.cancel()
    failed = done.cancelled() or done.exception() is not None
    if failed:  # timed out before it ended or began; or stopped from outside
        questions.end(question)
    if not question.future.done():
        question.future.set_result(False if failed else done.result())


class _TrioQuestion(Question):
    """A question that the request that came first asks itself, or else the next that waits."""

    __slots__ = ("answered", "done", "token")

    def __init__(self, token: object, done: Any, origin: str) -> None:
        super().__init__(token, origin)
        self.token = token
        """Kept, so that no other one gets its id."""
        self.done = done
        self.answered = False


async def _ask_in_trio(questions: Questions, origin: str, trio: Any) -> bool:
    token = trio.lowlevel.current_trio_token()
    deadline = trio.current_time() + questions.timeout
    while True:
        mine = _TrioQuestion(token, trio.Event(), origin)
        question = questions.enter(mine)
        if isinstance(question, bool):
            return question
        if question is mine:
            return await _run_in_trio(questions, question, trio)
        with trio.move_on_at(deadline):
            await question.done.wait()
        if question.answered:
            return question.answer
        if trio.current_time() >= deadline:
            return questions.time_out(question)
        # The request that asked was cancelled.


async def _run_in_trio(questions: Questions, question: _TrioQuestion, trio: Any) -> bool:
    try:
        with trio.move_on_after(questions.timeout) as scope:
            question.answer = await _answer_in_trio(questions, question, trio)
        if scope.cancelled_caught:
            question.answer = questions.time_out(question)
        question.answered = True
    finally:
        if questions.is_async:
            questions.end(question)
        elif not question.answered:
            questions.forget(question)
        question.done.set()
    return question.answer


async def _answer_in_trio(questions: Questions, question: _TrioQuestion, trio: Any) -> bool:
    outcome: object
    try:
        if not questions.is_async:
            # A limiter of its own each time, because max_in_flight limits the threads already.
            limiter = trio.CapacityLimiter(1)
            in_thread = trio.to_thread.run_sync
            answer: bool = await in_thread(
                _run_in_pool, questions, question, abandon_on_cancel=True, limiter=limiter
            )
            return answer
        outcome = await cast(Any, questions.lookup(question.origin))
    except Exception as error:  # noqa: BLE001  # logged; whatever fails is a no
        outcome = error
    return questions.conclude(question, outcome)
