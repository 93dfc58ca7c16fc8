"""Fuzzing of all that comes from outside: API answers, calendar objects, WebDAV answers, the config.

Reading order: mutate and the four makers (what is tried), the checks (what must hold), targets, runner, __main__.
"""
