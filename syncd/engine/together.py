"""Several works at once, none of which outlives the others' fall."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar, overload

A = TypeVar("A")
B = TypeVar("B")


@overload
async def together(a: Awaitable[A], b: Awaitable[B], /) -> tuple[A, B]: ...
@overload
async def together(*works: Awaitable[A]) -> tuple[A, ...]: ...
async def together(*works: Awaitable[Any]) -> tuple[Any, ...]:
    """What each of them returns. Raises what the first that fails raises, once all others have ended too.

    Plain gather leaves the others running: where the store cannot be written any more, they would go on writing to
    calendars and to Zimun after the cycle is over, beside the next one.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return tuple(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
