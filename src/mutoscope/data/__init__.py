"""Data for training: rendered folders, people's own pictures and clips, and the arrays that training reads.

folder      draws scenes of the world into a captioned folder
tables      CSV, TSV and JSON lines of captions, and which file a row is about
sidecars    the caption file beside a picture
sources     where people's own items are found: folders, tables, shards, hub data sets, class folders
collect     any source -> a captioned folder
rows        captions.jsonl, one row at a time in one order
claim       a folder says what it holds, and refuses to become something else half-way
workers     one function over many items in several processes
captions    a caption made clean, or the reason why it is none
measures    numbers that tell blank, blurred, letterboxed, still and cut
hashes      what two pictures that look the same have in common, and finding them
check       every item looked at, kept or dropped with a reason
report      what the check found, as JSON and as one page
buckets     shapes, crops, rates: which pixels of an item are kept
shards      tar files with an index, read at any place
pack        a captioned folder -> shards in buckets
cache       a captioned folder or a pack -> memory-mapped arrays
augment     flips, crops and wordings that leave the caption true
show        a contact sheet and statistics
"""
