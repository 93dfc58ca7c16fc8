"""The whole engine in a simulated world: real planner, engine and store; all else is faked, and one seed decides.

Reading order: steps (a history), world (who takes the steps), zimun and calendars (the two sides), faults, oracle.
"""
