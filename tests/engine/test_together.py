"""Works at once: all their results, or none of them goes on."""

import asyncio

import pytest

from syncd.engine.together import together


class Fall(BaseException):
    """Ends more than its own work."""


async def test_each_result_in_its_place() -> None:
    async def one(number: int) -> int:
        for _ in range(5 - number):
            await asyncio.sleep(0)
        return number

    assert await together(one(1), one(2), one(3)) == (1, 2, 3)
    assert await together() == ()


@pytest.mark.parametrize("fall", [ValueError, Fall])
async def test_one_falls_and_none_goes_on(fall: type[BaseException]) -> None:
    done: list[str] = []

    async def writes() -> None:
        try:
            await asyncio.sleep(0.01)
            done.append("went on")
        finally:
            await asyncio.sleep(0)
            done.append("let go")

    async def falls() -> None:
        await asyncio.sleep(0)
        raise fall

    with pytest.raises(fall):
        await together(writes(), falls(), writes())
    assert done == ["let go", "let go"]
    await asyncio.sleep(0.03)
    assert done == ["let go", "let go"]


async def test_who_waits_is_cancelled_and_none_goes_on() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("let go")

    task = asyncio.ensure_future(together(waits(), waits()))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["let go", "let go"]
