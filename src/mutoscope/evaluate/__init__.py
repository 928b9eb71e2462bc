"""What a model makes, judged: `suite.run(painter, out, ...)` measures pictures and clips and writes what it found.

    painter      the model under test: functions from a prompt and a seed to pixels
    prompts      what is asked: captions of held-out scenes with the facts they say, and free-worded prompts
    judge        three networks trained on other renders: what a picture shows, features, how well words fit
    tally        asked against read: shares with intervals, the floor of chance, mix-ups
    frechet, kernel, manifold     features of two sets -> a number
    fidelity     these numbers in tables, with controls that must come out worse or be found
    motion       frame-to-frame change of clips against the renders' own
    restoration, speed            the codec's loss; seconds by stage
    standard     FID, KID, CLIPScore and FVD, where the public networks lie on this machine
    intervals    bootstrap; preference: votes of people -> strengths with intervals
    suite        all of it in one run; report, page, sheets: what it writes; compare: two models on the same prompts

Features, statistics and numbers are pure functions. Knows no training and no command line. A metric has a standard name on the
standard network alone; on our own it ends in -own.
"""
