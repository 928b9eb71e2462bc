"""The prompt: from what was typed to what is drawn, one module a step.

request.py     Request: everything that decides the pixels, as data
weighting.py   (fog:1.4)            wildcards.py   {a|b}, __colors__          styles.py   names, strengths, words
objects.py     which objects a prompt names, how many, where
"""

from mutoscope.prompt.request import Request

__all__ = ["Request"]
