"""Calendar apps as their files in tests/recorded/apps tell them, and their hands on a calendar."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, urljoin

from tests.clients.rewriting import rewritten
from tests.loop.ics import prop, unfold
from tests.loop.world import World

FOLDER = Path(__file__).parents[1] / "recorded" / "apps"
NEW = "4C6F2D0E-0000-4000-8000-00000000B001"
"""The UID that an app gives to what it makes anew."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a sequence. `changes` is what the body is made by; None for none."""

    method: str
    path: str
    headers: dict[str, str]
    changes: list[str] | None


@dataclass(frozen=True, slots=True)
class Script:
    """One app: its traits, and its sequences by name."""

    traits: dict[str, str]
    sequences: dict[str, list[Request]]


def script(name: str) -> Script:
    """One file of tests/recorded/apps."""
    lines = [line for line in (FOLDER / f"{name}.txt").read_text().splitlines() if not line.startswith("#")]
    head, *parts = re.split(r"^== ", "\n".join(lines), flags=re.MULTILINE)
    traits = dict(re.findall(r"^([a-z]+): *(.*)$", head, flags=re.MULTILINE))
    sequences = {}
    for part in parts:
        title, _, rest = part.partition("\n")
        sequences[title] = [_request(one) for one in rest.split("\n--\n")]
    return Script(traits, sequences)


def _request(text: str) -> Request:
    head, _, body = text.strip("\n").partition("\n\n")
    first, *rest = head.split("\n")
    method, _, path = first.partition(" ")
    headers = dict(line.split(": ", 1) for line in rest)
    return Request(method, path, headers, body.strip("\n").splitlines() if method == "PUT" else None)


@dataclass
class App:
    """The app with one booking's event before it, as it last read it."""

    w: World
    script: Script
    booked: str
    other: str
    etag: str = ""
    text: str = ""
    sequence: int = 0
    answers: list[int] = field(default_factory=list)
    _sent: str = ""

    @property
    def uid(self) -> str:
        return prop(self.text, "UID").removeprefix(":")

    async def read(self) -> None:
        """The app synchronizes."""
        self.etag, self.text = await self.w.event(self.booked)
        self._seen(self.text)

    async def do(self, action: str, *, overwrite: bool = False) -> None:
        """What the app sends when a person does this. Answers other than 412 must be good ones.

        `overwrite`: without conditions, as when its user insists.
        """
        for request in self.script.sequences[action]:
            if overwrite:
                request = replace(request, headers={k: v for k, v in request.headers.items() if k != "If-Match"})
            await self._send(request)
            if self.answers[-1] == 412:
                for again in self.script.sequences.get("on 412", []):
                    await self._send(again)
                return

    async def _send(self, request: Request) -> None:
        headers = {name: await self._filled(value) for name, value in request.headers.items()}
        body = ""
        if request.changes is not None:
            changes = [await self._filled(each) for each in request.changes]
            again = changes[:1] == ["as sent"]
            if not again or changes[1:]:
                read, more = (self._sent, changes[1:]) if again else (self.text, changes)
                self._sent = rewritten(read, self.script.traits, more, self.w.clock.at, self.sequence)
            body = self._sent
            self._seen(body)
        url = urljoin(self.w.dav.calendar_url, await self._filled(request.path))
        answer = await self.w.http.request(
            request.method, url, headers=headers, content=body.replace("\n", "\r\n").encode()
        )
        self.answers.append(answer.status_code)
        if request.method == "MOVE" and answer.status_code in (403, 404, 405, 501):
            for instead in self.script.sequences.get("on MOVE refused", []):
                await self._send(instead)
            return
        assert answer.status_code in (200, 201, 204, 412), (request, answer.status_code, answer.text)
        if request.method == "PUT" and answer.is_success and "{home}{name}" in request.path:
            self.etag = answer.headers.get("etag", "")

    async def _filled(self, template: str) -> str:
        fresh = (await self.w.event(self.booked))[0] if "{fresh}" in template else ""
        named = {
            "home": self.w.dav.calendar_url, "other": self.other, "name": self.booked, "uid": quote(self.uid, safe=""),
            "new": NEW, "etag": self.etag, "fresh": fresh,
        }  # fmt: skip
        return re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], found[0]), template)

    def _seen(self, text: str) -> None:
        found = prop(unfold(text), "SEQUENCE").removeprefix(":")
        self.sequence = max(self.sequence, int(found or 0))
