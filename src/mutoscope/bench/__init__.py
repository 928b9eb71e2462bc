"""What drawing costs on this machine: seconds, memory, and the share of the fastest that the machine can multiply.

results.py    what is found, as plain values, to JSON and back
flops.py      how much a call of a network multiplies, counted from the config
measure.py    seconds of cases in turn, the peak of the machine, memory of a process of its own
cases.py      what is measured: each call of a model, and whole pictures and clips
against.py    networks of diffusers, for a comparison of time
run.py        measures everything
page.py       a result as a page of Markdown; plot.py draws its picture

Nothing that draws knows of this package.
"""
