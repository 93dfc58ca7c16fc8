"""Zimun's Booking API over HTTP, as the port that the engine asks.

Reading order: fields, shapes, wire (all pure), exchange, patience, token, calls, client.
"""

from syncd.zimun.client import ZimunClient

__all__ = ["ZimunClient"]
