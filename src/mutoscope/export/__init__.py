"""Export: from a training run to a checkpoint folder that draws without PyTorch."""
