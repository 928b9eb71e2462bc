#!/usr/bin/env python3
"""Put the shards that a GPU run handed back into a training run, and export it: `python scripts/gpu/join.py SHARDS RUN OUT`.

SHARDS holds teacher-*.safetensors, student-*.safetensors or both. RUN is made from the embedded model when it is not there.
OUT gets a checkpoint folder for each. Needs mutoscope[export].
"""

import argparse
from pathlib import Path

from safetensors.torch import load_file

from mutoscope.checkpoint import EMBEDDED, open_checkpoint
from mutoscope.config import TransformerConfig, as_student, preset
from mutoscope.export.run import export_run
from mutoscope.run_folder import begin_from, save_config, save_part
from mutoscope.transformer import Transformer

FOLDERS = {"teacher": "mini", "student": "quick"}


def load_shards(folder: Path, name: str, sizes: TransformerConfig) -> Transformer | None:
    """Return the transformer of `name`'s shards; None when there are none, ValueError when they are another's."""
    files = sorted(folder.glob(f"{name}-*.safetensors"))
    if not files:
        return None
    model = Transformer(sizes)
    state = {key: tensor.float() for file in files for key, tensor in load_file(file).items()}
    missing, strange = model.load_state_dict(state, strict=False)
    missing = [key for key in missing if "rates" not in key]  # the rates of the sines are not trained
    if missing or strange:
        raise ValueError(f"{folder}: {name} lacks {missing[:3]} and has {strange[:3]}; is a shard missing?")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", default="mini", help="of the run that the shards come from")
    parser.add_argument("--begin", type=Path, default=EMBEDDED, help="checkpoint with the other parts")
    options = parser.parse_args()
    config = preset(options.preset)
    if not (options.run / "parts").is_dir():
        print("tensors that begin anew:", begin_from(options.run, open_checkpoint(options.begin), config))
    save_config(options.run, config)
    options.out.mkdir(parents=True, exist_ok=True)
    parts = {"teacher": ("transformer", config), "student": ("student", as_student(config))}
    for name, (part, sizes) in parts.items():
        model = load_shards(options.shards, name, sizes.transformer)
        if model is None:
            continue
        save_part(options.run, part, model)
        folder = options.out / FOLDERS[name]
        export_run(options.run, folder, f"mutoscope-{FOLDERS[name]}", name == "student")
        print(f"{name}: {sum(weight.numel() for weight in model.parameters()) / 1e6:.1f} M weights in {folder}")


if __name__ == "__main__":
    main()
