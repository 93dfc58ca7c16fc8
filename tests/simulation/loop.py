"""An event loop without clock, sockets and threads: what is ready runs in order, so one history is one trace."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(AssertionError):
    """Every task waits for something that nobody will do."""


class Loop(asyncio.AbstractEventLoop):
    """As much of a loop as tasks, futures, locks and semaphores need."""

    def __init__(self) -> None:
        self._ready: deque[tuple[Context, Callable[..., object], tuple[Any, ...]]] = deque()
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self.faults: list[str] = []

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def time(self) -> float:
        return 0.0

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> None:  # type: ignore[override]
        """No handle: tasks, futures, locks and semaphores take none back."""
        self._ready.append((copy_context() if context is None else context, callback, args))

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **more: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, **more)
        self._tasks[task] = None
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.faults.append(f"{context.get('message')}: {type(error).__name__}")

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run it to its end. When it raises, what else was started is cancelled, as when the process ends."""
        asyncio.events._set_running_loop(self)
        try:
            task = self.create_task(main)
            self._until(task)
            for other in list(self._tasks):
                if not other.done():
                    other.cancel()
                    self._until(other)
                if not other.cancelled():
                    other.exception()
            self._ready.clear()
            self._tasks.clear()
            result: T = task.result()
            return result
        finally:
            asyncio.events._set_running_loop(None)

    def _until(self, task: asyncio.Task[Any]) -> None:
        while not task.done():
            if not self._ready:
                raise Stuck("the tasks wait for one another")
            context, callback, args = self._ready.popleft()
            context.run(callback, *args)
