"""A server with a certificate that nobody vouches for."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from syncd.calendars.account import Account
from syncd.domain.errors import Unavailable
from tests.calendars.rogue import CAL, Rogue, collection, multistatus
from tests.calendars.samples import NOW, draft


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for loopback, with its key in the same file."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    itself = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(itself)
        .issuer_name(itself)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made = tmp_path / "server.pem"
    made.write_bytes(signed.public_bytes(pem) + secret)
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
