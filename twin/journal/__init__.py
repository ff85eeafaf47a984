"""The journal: every fact in order, chained by hash, on disk before it counts.

`open_journal` of `twin.journal.opening` chooses SQLite or PostgreSQL. `verify.py` needs nothing but
Python and may be copied away; keep this file free of imports for its sake.
"""
