"""Reports of a request's progress, delivered on the thread that waits for it.

The library calls the two functions below on its own threads. They only put what they get into a
queue; the caller's function runs where it called, and what it raises is raised there.
"""

from __future__ import annotations

import itertools
import queue
from typing import TYPE_CHECKING, Any, Callable

from . import _abi
from ._result_records import Progress

if TYPE_CHECKING:
    from ._job import Job

_keys = itertools.count(1)
_queues: dict[int, queue.SimpleQueue[Progress | None]] = {}


def _put_report(progress: Any, key: int) -> int:
    if (reports := _queues.get(key)) is not None:
        reports.put(Progress.from_c(progress[0]))
    return 0


def _put_end(tag: int, status: int, key: int) -> None:
    if (reports := _queues.pop(key, None)) is not None:
        reports.put(None)


_report = _abi.ProgressCallback(_put_report)
_done = _abi.DoneCallback(_put_end)


class Reports:
    """The reports of one request. `c`: its struct, before it is submitted."""

    def __init__(self, c: Any) -> None:
        self._key = next(_keys)
        self._queue: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()
        _queues[self._key] = self._queue
        c.on_progress, c.on_done, c.user_data = _report, _done, self._key

    def drop(self) -> None:
        """For a request that was refused."""
        _queues.pop(self._key, None)

    def deliver(self, job: Job, progress: Callable[[Progress], object]) -> None:
        """Call `progress` with each report until the job is done."""
        while not (job.done and self._queue.empty()):
            try:
                report = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            if report is None:
                return
            progress(report)
