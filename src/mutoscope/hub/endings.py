"""Which files of weights are opened, by their ending, and what is said of the others."""

from pathlib import Path

from mutoscope.errors import CheckpointError

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
CONVERT = (
    "ask for a .safetensors file, or convert it on a machine you can lose: "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), NEW)"
)


def check_ending(path: Path) -> None:
    """Raise CheckpointError for a file that is no .safetensors file by its ending."""
    ending = path.suffix.lower()
    if ending in PICKLES:
        raise CheckpointError(f"{path} has its weights as a pickle ({ending}), which can run code; {CONVERT}")
    if ending == ".gguf":
        raise CheckpointError(
            f"{path} is a GGUF file: a network in few bits without the rest of its model; this version opens "
            ".safetensors files and folders with a model_index.json"
        )
    if ending != ".safetensors":
        raise CheckpointError(f"{path} is no model; a model is a folder or a .safetensors file")
