"""Calls that block, for programs with an event loop.

The library has no function that waits for many jobs and their samples at a time, so each call that
waits has a thread meanwhile. The engine's queue bounds how many can be useful. The threads are
daemons: a program may end while they wait.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


async def in_thread(call: Callable[[], T], cancel: Callable[[], object]) -> T:
    """Return what `call` does. If the task is cancelled, `cancel` must make `call` return."""
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(set_outcome: Callable[[Any], None], outcome: Any) -> None:
        def set_if_waited_for() -> None:
            if not future.done():
                set_outcome(outcome)

        try:
            loop.call_soon_threadsafe(set_if_waited_for)
        except RuntimeError:  # the loop is closed, nobody waits
            pass

    def work() -> None:
        try:
            outcome = call()
        except BaseException as error:
            deliver(future.set_exception, error)
        else:
            deliver(future.set_result, outcome)

    threading.Thread(target=work, name="chatterbox-wait", daemon=True).start()
    try:
        return await future
    except asyncio.CancelledError:
        cancel()
        raise
