"""The Zimun Booking API as a local server, for the demo and for tests. Needs the extra `demo`.

    salon = make_salon(clock)                        # believable data; clock: a callable giving the aware time now
    async with SandboxServer(Sandbox(salon)) as server:
        server.url                                   # the base URL
        server.salon.book("s_haircut", start, location_id="loc_mitte")   # "the customer", without HTTP; also
        server.salon.move(booking_id, start)                             # move and cancel
        server.faults.append(Fault("POST", "/api/v1/appointments/reschedule", Kind.LOSE_ANSWER))
        server.calls                                 # every Call: method, path, query, status, idempotency_key, body

`Sandbox` holds the client's credentials, the tokens' lifetime, the page limit and the rate limit. A salon of one's own
is `Salon(clock, locations, services, staff)`. `serve` runs until it is cancelled. `Unknown`, `Conflict` and `Invalid`
are what the salon says no with (404, 409, 422). The sandbox shares no code with the client: each reads the API's
contract by itself.
"""

from syncd.sandbox.data import make_salon
from syncd.sandbox.faults import Call, Fault, Kind
from syncd.sandbox.model import Appointment, Conflict, Invalid, Location, Service, Slot, Staff, Status, Unknown
from syncd.sandbox.run import SandboxServer, serve
from syncd.sandbox.salon import Salon
from syncd.sandbox.server import RateLimit, Sandbox

__all__ = [
    "Appointment",
    "Call",
    "Conflict",
    "Fault",
    "Invalid",
    "Kind",
    "Location",
    "RateLimit",
    "Salon",
    "Sandbox",
    "SandboxServer",
    "Service",
    "Slot",
    "Staff",
    "Status",
    "Unknown",
    "make_salon",
    "serve",
]
