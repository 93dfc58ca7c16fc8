"""Words and values. Standard library only; no I/O and no clock.

Reading order: ids, booking, event, note, link, request, actions, errors.
"""
