"""What the server promises, measured against real processes: `scripts/reliability` runs these and writes docs/reliability.md.

measured     what a measurement returns, and the machine it ran on
observing    memory and descriptors of processes, listeners that count events; asking  how long /healthz takes meanwhile
bad_requests, fuzzing, tally             requests that nobody should send, how they are made, and what answers them
many_streams, stalled_readers            listeners: many, and some that read nothing
kills, signals, ctrl_c                   the end, sent from outside
soak                                     an hour of everything
equal_bytes, stock_clients, newcomer     what users meet
running, page                            the command, the page

Every measurement is a module with NAME, WHAT, FULL and SHORT (words of `measure`) and `measure(folder, **words) -> Measured`. The tests
run the short ones (test_reliability.py).
"""
