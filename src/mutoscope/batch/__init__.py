"""Many prompts from one file into one folder, a part at a time if need be: what is there is not drawn again.

lines     the file: prompts, options or whole requests, one a line
drawing   Batch: a line becomes its files; a line that cannot be drawn stops no other
manifest  what was drawn, one JSON object a line
"""
