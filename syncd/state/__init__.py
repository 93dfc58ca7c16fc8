"""What syncd remembers, in one SQLite file; and the locks beside it.

Reading order: schema, database, codec, pairs, history, journal, asks, known, store, lock.
"""
