"""A server that loses what stands in a calendar, or sets it back to a copy of its own: nobody deleted anything."""

from random import Random
from typing import TYPE_CHECKING

from syncd.domain.link import Link
from syncd.planning.guard import EMPTIED
from tests.simulation.calendars import MANAGED
from tests.simulation.history import Step
from tests.simulation.storms import NAMES, step

if TYPE_CHECKING:
    from tests.simulation.world import World

SERVER = "a server"


class Losses:
    """What the server kept of each calendar, and what it does with that."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.copies: dict[str, dict[str, str]] = {}

    def copy(self, n: int) -> bool:
        url = MANAGED[n % len(MANAGED)]
        self.copies[url] = {href: data for href, (data, _) in self.world.server.calendars[url].objects.items()}
        return bool(self.copies[url])

    def empty(self, n: int) -> bool:
        """All that stands in a calendar is gone."""
        url = MANAGED[n % len(MANAGED)]
        return self._take(url, list(self.world.server.calendars[url].objects))

    def set_back(self, n: int) -> bool:
        """A calendar is as it was when it was copied: what came since is gone, what went since stands again."""
        url = MANAGED[n % len(MANAGED)]
        copy, there = self.copies.get(url), self.world.server.calendars[url].objects
        if copy is None:
            return False
        done = self._take(url, [href for href in there if href not in copy])
        for href, data in copy.items():
            if href in there and there[href][0] == data:
                continue
            if href in self.world.asks.noted or (href in there and "/ask-" in href):
                continue  # whoever was told why not is not told again where a backup takes the note away
            if href not in there and self.world.people.is_taken(url, data):
                continue
            # one version of an event that comes back looks like any undo of a person's
            self.world.people.put(url, href, data)
            done = True
        return done

    def _take(self, url: str, hrefs: list[str]) -> bool:
        lost = self._lost(url, hrefs)
        for href in hrefs:
            self.world.server.delete(url, href, SERVER if href in lost else "person")
        return bool(hrefs)

    def _lost(self, url: str, hrefs: list[str]) -> set[str]:
        """Those that cannot be taken for deletions: all of more than two, or just those made last, more than one."""
        links = [link for link in self.world.store.links().values() if link.calendar == url and self._is_to_come(link)]
        stand = [link for link in links if link.href in self.world.server.calendars[url].objects]
        lost = [link for link in stand if link.href in hrefs]
        kept = [link.made_at for link in stand if link.href not in hrefs]
        if not kept:
            return {link.href for link in lost} if len(lost) == len(links) > EMPTIED else set()
        made = [link.made_at for link in lost if link.made_at is not None]
        if not 1 < len(lost) == len(made) or not all(at is None or at < min(made) for at in kept):
            return set()
        # two that ask are answered by it
        return {link.href for link in lost if link.awaiting is None or len(lost) > EMPTIED}

    def _is_to_come(self, link: Link) -> bool:
        known = self.world.zimun.bookings.get(link.booking_id)
        return link.closed is None and known is not None and known.live and known.start > self.world.clock.true()


def steps_of(random: Random) -> list[Step]:
    """A calendar is copied, bookings are made, and it is set back; or all that stands in one is gone."""
    where = random.choice((0, 0, 0, 1, 2))
    later = Step("cycle", after=random.choice((60, 660, 660, 3700)))
    soon = [step(random, random.choice(("move", "rename", "drag", "delete", "restart", "notes")), random.choice(NAMES))]
    then = [*random.choice(([], [], soon)), Step("cycle", after=60), *random.choice(([], [], soon)), later]
    if random.random() < 0.4:
        return [Step("server empties", "", where), *then]
    made = [Step("book", random.choice(NAMES), random.randrange(1000)) for _ in range(random.choice((2, 3, 3)))]
    return [
        Step("server copies", "", where), *made, Step("cycle", after=60),
        Step("cycle", after=random.choice((60, 660))), Step("server sets back", "", where), *then,
    ]  # fmt: skip
