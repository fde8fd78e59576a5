"""The server's parent process: starts workers, and puts others in the place of those that die."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from granian import Granian

from serve import draining, metrics

log = logging.getLogger("matching.serve")
_SETTLED_SECONDS = 30  # a worker that is so old has shown that workers can run


class Supervisor(Granian):
    """Granian that is stopped by what makes every worker fail, and by nothing else.

    Granian takes a worker that dies twice within 5.5 seconds for one that can never run, and stops
    the whole server. But one that was killed, by the kernel for its memory or by a person, tells
    nothing about the next; and while others serve, one that cannot start is tried again.
    """

    _failed_starts = 0

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        if delay:  # a reload that was asked for, of workers that live
            super()._respawn_workers(workers, spawn_target, target_loader, delay)
            return
        # All that are dead: one that dies while granian reads its list of them would be forgotten.
        codes = [worker.inner.exitcode for worker in self.wrks]
        dead = {n: self.wrks[n].inner for n, code in enumerate(codes) if code is not None}
        for place, process in dead.items():
            self._tell(place, process)
        if self._is_hopeless(codes):
            log.critical("no worker can start; the log says why")
            self.interrupt_signal = True
            self.interrupt_children.extend(dead)  # lets granian end with code 1
            self.main_loop_interrupt.set()
            return
        super()._respawn_workers(list(dead), spawn_target, target_loader)
        self.respawned_wrks.clear()  # granian's own suspicion

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop, after the workers had time to say so to their clients."""
        for worker in self.wrks:
            worker.interrupt_by_parent = True  # whatever its end is called, it was asked for
            if worker.is_alive():
                draining.tell(worker.inner.pid)
        time.sleep(draining.SECONDS)
        super().shutdown(exit_code)

    def _tell(self, place: int, process: Any) -> None:
        log.error("worker %d (%d) ended, code %d", place + 1, process.pid, process.exitcode)
        metrics.worker_lost(process.pid)

    def _is_hopeless(self, codes: Sequence[int | None]) -> bool:
        """Whether workers keep ending by themselves (code above 0), and none has settled."""
        now = time.monotonic()
        ages = [now - w.birth for w, code in zip(self.wrks, codes, strict=True) if code is None]
        if any(age > _SETTLED_SECONDS for age in ages):
            self._failed_starts = 0
            return False
        self._failed_starts += sum(code is not None and code > 0 for code in codes)
        return self._failed_starts > self.workers
