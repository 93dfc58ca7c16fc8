"""With which login each calendar of a config is read."""

from base64 import b64decode
from pathlib import Path

from syncd.app.config import load
from syncd.app.wiring import Accounts
from tests.calendars.rogue import Rogue, collection, multistatus
from tests.loop.ground import HandClock

CONFIG = """
[zimun]
client_id = "c"
client_secret = "s"
[caldav]
url = "{url}/"
username = "u"
password = "first"
[[calendars]]
url = "{url}/a/"
[[calendars]]
url = "{url}/b/"
username = "u"
password = "second"
[[calendars]]
url = "{url}/c/"
username = "u"
password = "third"
[[calendars]]
url = "{url}/d/"
username = "u"
password = "third"
[state]
path = "state.db"
"""


async def test_each_calendar_is_read_with_its_own_password(tmp_path: Path) -> None:
    """One login may have several, one for each app."""
    async with Rogue() as rogue:
        path = tmp_path / "config.toml"
        path.write_text(CONFIG.format(url=rogue.url))
        path.chmod(0o600)
        config = load(path, {})
        accounts = Accounts(config, HandClock())
        for entry in config.calendars:
            where = entry.url.removeprefix(rogue.url)
            rogue.on("PROPFIND", where, multistatus(collection(where, "t1")))
            await (await accounts.calendar(entry)).changes(None)
        await accounts.aclose()
        with_what = {
            request.path: b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
            for request in rogue.requests
        }
        assert {where: with_what[where] for where in ("/a/", "/b/", "/c/", "/d/")} == {
            "/a/": "u:first", "/b/": "u:second", "/c/": "u:third", "/d/": "u:third"
        }  # fmt: skip
        assert len(accounts.all) == 3
