"""A server with a certificate that nobody vouches for."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from syncd.calendars.account import Account
from syncd.domain.errors import Unavailable
from tests.calendars.rogue import CAL, Rogue, collection, multistatus
from tests.calendars.samples import NOW, draft

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for loopback, with its key in the same file."""
    made = tmp_path / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "key"), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    made.write_text(made.read_text() + (tmp_path / "key").read_text())
    return made


async def test_a_self_signed_certificate_is_refused_with_what_to_do_and_taken_when_named(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with Rogue(tls=context) as rogue:
        rogue.on("PROPFIND", CAL, multistatus(collection(token="t1")))
        for ca_file, trusted in (("", False), (str(certificate), True)):
            account = Account(rogue.url, "u", "p", ca_file, now=lambda: NOW)
            calendar = await account.calendar(rogue.url + CAL)
            if trusted:
                assert (await calendar.changes(None)).cursor == "t1"
            else:
                with pytest.raises(Unavailable, match=r"not trusted.*caldav\.ca_file"):
                    await calendar.changes(None)
                with pytest.raises(Unavailable, match=r"not trusted") as caught:
                    await calendar.create("b_1.ics", draft(), "")
                assert type(caught.value) is Unavailable
                assert not rogue.requests
            await account.aclose()
