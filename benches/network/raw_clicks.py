"""Reads a table of clicks into DuckDB and asks the same question again and again: prints the seconds of each answer.

Arguments: the file, the question, how often.
"""

import sys
import time

import duckdb

file, question, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = duckdb.connect()
connection.execute("set threads = 1")
connection.execute("create table clicks as select * from read_csv(?)", [file])
for _ in range(times):
    begun = time.perf_counter()
    rows = connection.execute(question).fetchall()
    print(time.perf_counter() - begun)
    assert rows, "there are days with clicks"
