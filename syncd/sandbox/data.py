"""Believable data around a given day: two salons in two time zones, and customers that nobody is.

E-mail addresses are of domains reserved for examples (RFC 2606), telephone numbers of ranges kept free for fiction.
"""

import random
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta

from syncd.sandbox.model import Location, Service, Staff, Status, Week
from syncd.sandbox.salon import Salon

MITTE = Location("loc_mitte", "Salon Mitte", "Europe/Berlin", "Scherengasse 3, 10117 Berlin")
SHOREDITCH = Location("loc_shoreditch", "Salon Shoreditch", "Europe/London", "12 Comb Lane, London E2")

_BOTH = (MITTE.id, SHOREDITCH.id)
SERVICES = (
    Service("s_haircut", "Haircut", timedelta(minutes=45), _BOTH),
    Service("s_beard", "Beard trim", timedelta(minutes=30), _BOTH),
    Service("s_blowdry", "Wash & blow-dry", timedelta(minutes=30), _BOTH),
    Service("s_colour", "Colour and highlights", timedelta(minutes=120), (MITTE.id,)),
    Service("s_kids", "Children's haircut", timedelta(minutes=30), (MITTE.id,)),
    Service("s_manicure", "Manicure", timedelta(minutes=60), (SHOREDITCH.id,)),
)

_OFFERS = [
    (service, place) for service in SERVICES for place in (MITTE, SHOREDITCH) if place.id in service.location_ids
]


def _week(days: range, *shifts: tuple[int, int]) -> Week:
    return {day % 7: tuple((time(opens), time(closes)) for opens, closes in shifts) for day in days}


# days are counted from Monday, 0; somebody works on each of the seven
STAFF = (
    Staff(
        "st_jana",
        "Jana Köhler",
        MITTE.id,
        frozenset({"s_haircut", "s_blowdry", "s_colour", "s_kids"}),
        _week(range(5), (9, 13), (14, 18)),
    ),
    Staff(
        "st_emre", "Emre Aydın", MITTE.id, frozenset({"s_haircut", "s_beard", "s_kids"}), _week(range(1, 6), (10, 19))
    ),
    Staff(
        "st_aoife",
        "Aoife Byrne",
        SHOREDITCH.id,
        frozenset({"s_haircut", "s_blowdry", "s_manicure"}),
        _week(range(5), (9, 13), (14, 18)),
    ),
    Staff(
        "st_tomasz",
        "Tomasz Zieliński",
        SHOREDITCH.id,
        frozenset({"s_haircut", "s_beard", "s_manicure"}),
        _week(range(2, 7), (10, 18)),
    ),
)

_CUSTOMERS = (
    "Dana Lee", "Jürgen Großmann", "Zoë O'Connor", "María José Núñez", "François Lefèvre", "Nguyễn Thị Hương",
    "Łukasz Wiśniewski", "Aylin Öztürk", "Søren Kjær", "Chidi Okonkwo", "Priya Raghunathan", "Marta Šimůnková",
    "Hélène D'Amboise", "Yuki Tanaka", "Ágnes Szőke", "Olena Kovalenko", "Björk Sigurðardóttir", "Luca De Santis",
    "Fatima Al-Sayed", "Tom Barker", "Ines Carvalho", "Mehmet Yıldız", "Katharina von Stein", "Rhys Llewellyn",
    "Ioana Țepeș", "Anouk van den Berg", "Wei Zhang", "Siobhán Murphy", "Jonas Weiß", "Amara Diallo", "Elif Çelik",
    "Grace Adeyemi", "Petra Novák", "Noah Fischer", "Καλλιόπη Παππά", "Дарья Соколова", "田中 美咲", "Sofia Bergström",
    "Hamid Rezaei", "Leonie Schäfer",
)  # fmt: skip

_NOTES = (
    "First visit",
    "Allergic to PPD; patch test before any colour",
    "Comes with a pushchair",
    "Prefers a quiet chair",
    "Möchte es etwas kürzer als sonst",
    "May run late, will call ahead",
    "Gift voucher no. 2217",
)


def make_salon(clock: Callable[[], datetime], *, seed: int = 1, count: int = 32, days: int = 14) -> Salon:
    """A salon with `count` bookings from yesterday until `days` days ahead, the same for one seed and one UTC date.

    Raises ValueError where so many do not fit.
    """
    salon = Salon(clock, (MITTE, SHOREDITCH), SERVICES, STAFF)
    today = salon.now().date()
    rng = random.Random(f"{seed} {today.isoformat()}")  # noqa: S311 -- invented data, the same again for a seed
    open_days = list(range(-1, days + 1))
    # each day once, so that there is something to see on each, then wherever chance puts them
    each_once = open_days.copy()
    made = 0
    while made < count:
        if not open_days:
            raise ValueError(f"only {made} of {count} bookings fit into {days} days")
        offset = each_once.pop(0) if each_once else rng.choice(open_days)
        if _place_one(salon, rng, offset, made):
            made += 1
        else:
            open_days.remove(offset)
    return salon


def _place_one(salon: Salon, rng: random.Random, offset: int, number: int) -> bool:
    """One booking on that day; False where the day is full."""
    now = salon.now()
    day = now.date() + timedelta(days=offset)
    for service, location in rng.sample(_OFFERS, len(_OFFERS)):
        free = salon.openings(service, location, day)
        if free:
            break
    else:
        return False
    start = rng.choice(list(free))
    person = rng.choice(free[start])
    salon.place(
        service.id,
        start,
        person.id,
        booking_id=f"b_{rng.getrandbits(48):012x}",
        status=_status(number),
        updated_at=now - timedelta(days=2, minutes=rng.randint(0, 20_000)),
        notes=rng.choice(_NOTES) if rng.random() < 0.3 else "",
        **_contact(rng, number, person.location_id),
    )
    return True


def _status(number: int) -> Status:
    if number % 16 == 9:
        return Status.CANCELLED
    return Status.SCHEDULED if number % 6 == 4 else Status.CONFIRMED


def _contact(rng: random.Random, number: int, location_id: str) -> Mapping[str, str]:
    name = _CUSTOMERS[number % len(_CUSTOMERS)]
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    mailbox = ".".join(re.findall("[a-z0-9]+", plain)) or f"customer{number}"
    domain = rng.choice(("example.com", "example.org"))
    # +49 30 23125 and +44 20 7946 0 are the regulators' ranges for film and television
    line = f"{rng.randint(0, 999):03d}"
    phone = f"+49 30 23125{line}" if location_id == MITTE.id else f"+44 20 7946 0{line}"
    return {"name": name, "email": f"{mailbox}@{domain}", "phone": phone if rng.random() < 0.8 else ""}
