"""The same jobs over many machines, on Ray: nothing here that the rooms below do not do on one.

data     `data check --ray` and `data pack --ray`: the per-item functions of `mutoscope.data`, spread by Ray Data
serving  `serve --ray`: the workers of `mutoscope.serve` as replicas of Ray Serve
"""
