"""The shell around the planner: settle, observe, plan, guard, journal, execute, record.

Start reading in cycle.
"""
