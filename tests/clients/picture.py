"""Screenshots as one picture with captions, by ImageMagick."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_INK, _FRAME = "#1c2430", "#c4c9d0"
_ARROW = "M 0,0 L 0,16 L 3.8,12.6 L 6.4,18.4 L 8.8,17.3 L 6.3,11.6 L 11.4,11.6 Z"
_GAP = 32
_TEXT = 28


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a screenshot (width, height, x, y in its pixels), what it shows, and where the pointer was."""

    screenshot: Path
    crop: tuple[int, int, int, int]
    caption: str
    pointer: tuple[float, float] | None = None


async def compose(panels: Sequence[Panel], target: Path, width: int) -> None:
    """The panels in rows of two, each under its caption; the last, an odd one, beside its caption.

    `target` is a PNG of that width in 128 colours. Raises RuntimeError where ImageMagick fails.
    """
    with tempfile.TemporaryDirectory() as name:
        parts = [await _part(panel, Path(name) / f"{number}.png") for number, panel in enumerate(panels)]
        rows: list[str] = []
        for number in range(0, len(panels) - 1, 2):
            framed = [await _under(parts[each], panels[each]) for each in (number, number + 1)]
            rows += ["(", framed[0], "-size", f"{_GAP}x1", "xc:white", framed[1], "-gravity", "North", "+append", ")"]
        if len(panels) % 2:
            both = panels[0].crop[0] + panels[1].crop[0] + _GAP + 8
            rows += ["(", await _beside(parts[-1], panels[-1], both), ")"]
        await _run(
            "convert", "-background", "white", *rows, "-append", "-bordercolor", "white", "-border", f"{_GAP // 2}",
            "-resize", f"{width}x", "+dither", "-colors", "128", "-strip", "-define", "png:compression-level=9",
            f"PNG8:{target}",
        )  # fmt: skip


async def _part(panel: Panel, target: Path) -> Path:
    """The framed part of the screenshot, with the pointer: screenshots do not show it."""
    wide, high, x, y = panel.crop
    drawn = []
    if panel.pointer:
        at = f"translate {panel.pointer[0]:.0f},{panel.pointer[1]:.0f} scale 2.2,2.2"
        drawn = ["-fill", "black", "-stroke", "white", "-strokewidth", "1", "-draw", f"{at} path '{_ARROW}'"]
    await _run(
        "convert", str(panel.screenshot), *drawn, "-crop", f"{wide}x{high}+{x}+{y}", "+repage",
        "-bordercolor", _FRAME, "-border", "2", str(target),
    )  # fmt: skip
    return target


async def _under(part: Path, panel: Panel) -> str:
    """The part under its caption."""
    target = part.with_suffix(".under.png")
    caption = _caption(panel.caption, f"{panel.crop[0] + 4}x", "West")
    caption += ["-bordercolor", "white", "-border", "0x16"]
    await _run("convert", *caption, str(part), "-append", "-gravity", "North", "-splice", "0x14", str(target))
    return str(target)


async def _beside(part: Path, panel: Panel, width: int) -> str:
    """The part to the right of its caption, so wide together."""
    target = part.with_suffix(".beside.png")
    room = width - panel.crop[0] - 4 - _GAP
    caption = _caption(panel.caption, f"{room}x{panel.crop[1] + 4}", "West")
    await _run("convert", *caption, "-size", f"{_GAP}x1", "xc:white", str(part), "+append", str(target))
    spaced = part.with_suffix(".spaced.png")
    await _run("convert", "-size", f"{width}x{_GAP}", "xc:white", str(target), "-append", str(spaced))
    return str(spaced)


def _caption(text: str, size: str, gravity: str) -> list[str]:
    look = ["-background", "white", "-fill", _INK, "-font", "DejaVu-Sans-Bold", "-pointsize", str(_TEXT)]
    return [*look, "-gravity", gravity, "-size", size, f"caption:{text}"]


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{command[0]} failed")
