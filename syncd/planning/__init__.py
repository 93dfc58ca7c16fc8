"""Decisions: what a cycle should do, as pure functions of what was seen. No I/O, no clock.

Reading order: snapshot (what a decision knows), sides (each side against the base), planner (the table), then moves,
deletions and newcomers for its harder cells, looks (what must be looked at before deciding), guard.
"""
