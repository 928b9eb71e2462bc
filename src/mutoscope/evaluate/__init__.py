"""What a model makes, judged: `report.run(painter, out, ...)` measures pictures and clips and writes what it found.

    attributes   the judge: a classifier trained on other renders; a picture -> scene, light, weather, season, style
    prompts      what is asked: captions of held-out scenes with the facts they say, and free-worded prompts
    tally        asked against read: shares with intervals, the floor of chance, mix-ups
    motion       frame-to-frame change of clips against the renders' own
    sheets       contact sheets with the wrong ones marked
    report       all of it in one run: report.json, report.md, sheets

Knows no training and no command line. Nothing here is a standard metric, and nothing is called by the name of one.
"""
