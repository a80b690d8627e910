"""Which tasks a client asks for, and how an index finds them: docs/adr/0016-each-filter-names-its-index.md.

parameters.py reads the query, indexes.py lists what serves which filter and order, search.py chooses one of them, and
statements.py writes the SQL.
"""
