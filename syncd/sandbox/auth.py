"""OAuth 2.0 client credentials (RFC 6749 §4.4) and bearer tokens (RFC 6750), in memory."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

ALL_SCOPES = ("org:read", "availability:read", "appointments:read", "appointments:write")


class TokenRefused(Exception):
    """The token endpoint says no, in the words of RFC 6749 §5.2; `error` is its code."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error


class Unauthorized(Exception):
    """The bearer token is missing, unknown or expired (401)."""


class ScopeMissing(Exception):
    """The token does not cover this call (403)."""


@dataclass(slots=True)
class TokenOffice:
    """Issues and checks tokens for one client. `lifetime` is a token's; `scopes` is what the client may have."""

    client_id: str
    client_secret: str
    lifetime: timedelta = timedelta(seconds=300)
    scopes: tuple[str, ...] = ALL_SCOPES
    _tokens: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict, init=False, repr=False)

    def issue(self, authorization: str, form: Mapping[str, str], now: datetime) -> dict[str, object]:
        """The answer of RFC 6749 §5.1 to the client's Basic credentials; raises `TokenRefused`."""
        if not self._is_client(authorization):
            raise TokenRefused(401, "invalid_client", "Unknown client, or wrong secret.")
        if "grant_type" not in form:
            raise TokenRefused(400, "invalid_request", "grant_type is required.")
        if form["grant_type"] != "client_credentials":
            raise TokenRefused(400, "unsupported_grant_type", "Only client_credentials is supported.")
        wanted = form["scope"].split() if form.get("scope") else list(self.scopes)
        if not set(wanted) <= set(self.scopes):
            raise TokenRefused(400, "invalid_scope", "This client may not have that scope.")
        self._tokens = {token: record for token, record in self._tokens.items() if now < record[0]}
        token = secrets.token_urlsafe(24)
        self._tokens[token] = (now + self.lifetime, frozenset(wanted))
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self.lifetime.total_seconds()),
            "scope": " ".join(wanted),
        }

    def check(self, authorization: str, scope: str, now: datetime) -> None:
        """Let a call through, or raise `Unauthorized` or `ScopeMissing`."""
        scheme, _, token = authorization.partition(" ")
        expires, scopes = self._tokens.get(token.strip(), (None, frozenset[str]()))
        if scheme.lower() != "bearer" or expires is None or expires <= now:
            raise Unauthorized
        if scope not in scopes:
            raise ScopeMissing

    def revoke_all(self) -> None:
        """Forget every token, as after a restart or a changed secret."""
        self._tokens.clear()

    def _is_client(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            pair = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return False
        given = pair.partition(":")
        # RFC 6749 §2.3.1 wants both parts form-encoded; most clients, the vendor's examples among them, send them plain
        spellings = ((given[0], given[2]), (unquote_plus(given[0]), unquote_plus(given[2])))
        return scheme.lower() == "basic" and any(self._matches(*spelling) for spelling in spellings)

    def _matches(self, client_id: str, client_secret: str) -> bool:
        right = f"{self.client_id}\0{self.client_secret}".encode()
        return hmac.compare_digest(f"{client_id}\0{client_secret}".encode(), right)
