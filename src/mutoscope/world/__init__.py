"""The rendered world: scenes with true captions, in any number, drawn from a seed.

`spec` and `captions` know no tensor; `render` draws with PyTorch.
"""
