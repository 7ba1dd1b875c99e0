"""Many requests, a few of them in the engine at a time."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable

from ._errors import Busy, Error
from ._request import Request

if TYPE_CHECKING:
    from ._engine import Engine
    from ._job import Job
    from ._result import Speech


def run(
    engine: Engine, requests: Sequence[Request], progress: Callable[[int, int], object] | None
) -> list[Speech | Error]:
    """Return one outcome per request, in the same order.

    As many requests are in the engine as it can run, and as many again, so that the next ones are
    there when the first ones end and the queue keeps room for others.
    """
    outcomes: list[Speech | Error] = []
    jobs: deque[Job | Error] = deque()
    window = 2 * engine.limits.max_batch
    try:
        for request in requests:
            while len(jobs) >= window:
                _end_first(jobs, outcomes, progress, len(requests))
            _submit(engine, request, jobs, outcomes, progress, len(requests))
        while jobs:
            _end_first(jobs, outcomes, progress, len(requests))
    except BaseException:
        for job in jobs:
            if not isinstance(job, Error):
                job.cancel()
        raise
    return outcomes


def _submit(
    engine: Engine,
    request: Request,
    jobs: deque[Job | Error],
    outcomes: list[Speech | Error],
    progress: Callable[[int, int], object] | None,
    total: int,
) -> None:
    while True:
        # With no job of its own to wait for, it waits for room.
        asked = dataclasses.replace(request, wait_for_room=0 if jobs else None)
        try:
            jobs.append(engine.submit(asked))
            return
        except Busy as error:
            if not jobs:
                jobs.append(error)
                return
            _end_first(jobs, outcomes, progress, total)
        except Error as error:
            jobs.append(error)
            return


def _end_first(
    jobs: deque[Job | Error],
    outcomes: list[Speech | Error],
    progress: Callable[[int, int], object] | None,
    total: int,
) -> None:
    first = jobs[0]
    if isinstance(first, Error):
        outcomes.append(first)
    else:
        try:
            outcomes.append(first.wait())
        except Error as error:
            outcomes.append(error)
    jobs.popleft()
    if progress is not None:
        progress(len(outcomes), total)
