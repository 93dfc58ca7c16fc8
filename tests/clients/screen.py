"""An X server that nobody sees, with a window manager, and the processes on it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path


@contextlib.asynccontextmanager
async def screen(folder: Path, zone: str, size: tuple[int, int]) -> AsyncIterator[Mapping[str, str]]:
    """A screen of this size in pixels: the environment for a process on it, in that time zone, at home in `folder`."""
    read, write = os.pipe()
    try:
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size[0]}x{size[1]}x24"]
        async with process(folder, command, os.environ, write):
            display = (await asyncio.to_thread(os.read, read, 16)).decode().strip()
            environment = {**os.environ, "DISPLAY": f":{display}", "HOME": str(folder), "TZ": zone, "LANG": "C.UTF-8"}
            environment |= {"GDK_BACKEND": "x11", "MOZ_ENABLE_WAYLAND": "0"}
            async with process(folder, ["openbox"], environment):
                yield environment
    finally:
        os.close(read)
        os.close(write)


@contextlib.asynccontextmanager
async def process(
    folder: Path, command: list[str], environment: Mapping[str, str], *descriptors: int
) -> AsyncIterator[None]:
    """A process that is ended with the block; what it says goes to `apps.log` in the folder."""
    with (folder / "apps.log").open("ab") as log:
        started = await asyncio.create_subprocess_exec(
            *command, env=dict(environment), stdout=log, stderr=log, pass_fds=descriptors
        )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.terminate()
        await started.wait()
