"""LoRA files of other programs: found by name or path, looked through by their headers, put on a pipeline and taken off it.

The libraries load a file of which no layer fits without a word, and draw the base's picture. So every layer of a file is looked up
in the pipeline first (lora_keys.py), and what does not fit is said.
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from mutoscope.adapter import CHANGE, DOWN, ENDING, UP, adapters_folder, known_adapters, open_adapter
from mutoscope.engines.diffusers.lora_keys import OF_TUNER, Layer, Reading, count_layers, name_modules, read_layers
from mutoscope.errors import CheckpointError, MutoscopeError, SettingError, did_you_mean
from mutoscope.hub.endings import PICKLES, check_ending
from mutoscope.hub.hashing import hash_model
from mutoscope.hub.headers import read_header
from mutoscope.prompt.request import MAX_ADAPTERS, UsedAdapter

REFUSED = {  # in a key -> what such a file is
    "dora_scale": "a DoRA: besides two factors it scales every row of the weights, and without that it draws something else",
    "hada_": "a LoHa: its change is a product of two LoRAs, element by element",
    "lokr_": "a LoKr: its change is a Kronecker product",
    "oft_blocks": "an OFT: it turns the weights instead of adding to them",
    "lora_mid": "a LoCon with three factors for each convolution",
}
NETWORKS = ("unet", "transformer", "transformer_2")  # that remove noise; the second is for low noise
MAX_NAMED = 3

# What was said of each LoRA that a pipeline has in memory, by the name it has there.
_loaded: WeakKeyDictionary[Any, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


def find_adapters(names: tuple[tuple[str, float], ...]) -> tuple[UsedAdapter, ...]:
    """Return what a request says of LoRA files, names or paths with their scales; SettingError, CheckpointError."""
    found = []
    for name, scale in names:
        path = find_file(name)
        check_file(path)
        found.append(UsedAdapter(name, scale, hash_model(path)))
    return tuple(found)


def find_file(name: str) -> Path:
    """Return the file of a LoRA: a path, or the name of one among the user's adapters; SettingError."""
    if "/" in name or "\\" in name or name.lower().endswith((ENDING, *PICKLES)):
        path = Path(name)
        if not path.is_file():
            raise SettingError(f"there is no LoRA file {name!r}")
        check_ending(path)
        return path
    path = adapters_folder() / (name + ENDING)
    if not path.is_file():
        known = known_adapters()
        there = f"; known: {', '.join(known[:20])}" if known else "; there is none yet: put .safetensors files there"
        raise SettingError(f"no adapter {name[:80]!r} in {adapters_folder()}{did_you_mean(name, known)}{there}")
    return path


def check_file(path: Path) -> None:
    """Refuse a file that is no LoRA, or one of a kind that is not read; SettingError, CheckpointError."""
    keys = read_header(path)
    for part, kind in REFUSED.items():
        if any(part in key for key in keys):
            raise SettingError(f"{path} is {kind}; only LoRA is read here: merge it into a model, or take another file")
    if any(key.endswith((UP, DOWN, CHANGE)) for key in keys):
        raise SettingError(
            f"{path} was trained on {open_adapter(path).facts.base}; give that model with --model, "
            "or take a LoRA that was made for this one"
        )
    if not any("lora" in key.lower() for key in keys):
        example = next(iter(keys), "none")
        raise SettingError(
            f"{path} is no LoRA: its {len(keys)} tensors have names such as {example[:80]!r}, "
            "a LoRA's are called ….lora_A.weight or ….lora_down.weight"
        )


def find_again(used: UsedAdapter) -> Path:
    """Return the file of an adapter in a request; CheckpointError when the file of this name is another one by now."""
    path = find_file(used.name)
    there = hash_model(path)
    if used.hash and there != used.hash:
        raise CheckpointError(
            f"the request was made with adapter {used.name!r} {used.hash}, {path} is {there}; "
            "give the right file with --adapter"
        )
    return path


def wear(pipeline: Any, adapters: tuple[UsedAdapter, ...]) -> tuple[str, ...]:
    """Let a pipeline draw with these adapters and no others; returns warnings. SettingError, CheckpointError.

    What was loaded once stays in memory. Adapters are added in the order of their hashes, so that no other order gives other bytes.
    """
    loaded = _loaded.setdefault(pipeline, {})
    scales: dict[str, float] = {}
    for one in sorted(adapters, key=lambda one: (one.hash, one.name)):
        if one.scale:
            name = f"lora_{one.hash}"
            if name not in loaded:
                loaded[name] = load(pipeline, name, find_again(one))
            scales[name] = scales.get(name, 0.0) + one.scale
    for name in [name for name in loaded if name not in scales][: max(0, len(loaded) - MAX_ADAPTERS)]:
        forget(pipeline, name)
        del loaded[name]
    switch(pipeline, scales)
    return tuple(warning for name in scales for warning in loaded[name])


def switch(pipeline: Any, scales: Mapping[str, float]) -> None:
    """Set which of the loaded adapters change the layers, and how much; none: the layers are the base's."""
    for layer in tuned_layers(pipeline):
        here = [name for name in scales if name in layer.lora_A]
        layer.enable_adapters(bool(here))
        if here:
            layer.set_adapter(here)
        for name in here:
            layer.set_scale(name, scales[name])
    for part in parts_of(pipeline):
        network = getattr(pipeline, part)
        if hasattr(network, "peft_config"):
            # peft freezes what it changes, and PyTorch multiplies frozen matrices in another order: last bits of the base's picture.
            for name, weight in network.named_parameters():
                if not OF_TUNER.search(name) and weight.is_floating_point():
                    weight.requires_grad_(not scales)


def load(pipeline: Any, name: str, path: Path) -> tuple[str, ...]:
    """Load a file beside the weights of a pipeline under a name; returns warnings. SettingError when nothing of it fits."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); fetch or copy it again") from error
    reading = read_file(pipeline, tensors, path)
    try:
        for part in dict.fromkeys(layer.part for layer in reading.layers):
            inject(pipeline, part, name, [layer for layer in reading.layers if layer.part == part])
    except BaseException as error:
        forget(pipeline, name)
        if isinstance(error, MutoscopeError) or not isinstance(error, ValueError | KeyError | RuntimeError | TypeError):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise SettingError(f"the LoRA {path.name} cannot be used with this model: {reason}") from error
    carried = count_carried(pipeline, name)
    if carried != len(reading.layers):
        forget(pipeline, name)
        raise SettingError(
            f"the LoRA {path.name} cannot be used with this model: {carried} of {len(reading.layers)} layers took it"
        )
    return warn_of(reading, path)


def read_file(pipeline: Any, tensors: Mapping[str, Any], path: Path) -> Reading:
    """Return which layers of a pipeline a file changes; SettingError when it is none, or one has another shape."""
    parts = {part: name_modules(getattr(pipeline, part)) for part in parts_of(pipeline)}
    networks = choose_networks(pipeline, path)
    reading = read_layers(tensors, parts, networks)
    if reading.unknown or reading.rest or reading.misfits:
        # Names of the first publication, which the pipeline's own class may know: matrices that were split, for example.
        other = convert(pipeline, tensors)
        other = None if other is None else read_layers(other, parts, networks)
        if other is not None and len(other.layers) > len(reading.layers):
            reading = other
    if reading.misfits:
        raise SettingError(
            f"the LoRA {path.name} is for another kind of model: the layer {reading.misfits[0]}"
            + (f", and {len(reading.misfits) - 1} more" if len(reading.misfits) > 1 else "")
        )
    if not reading.layers:
        example = next(iter(tensors))
        raise SettingError(
            f"the LoRA {path.name} is for another kind of model: none of its {count_layers(tensors)} layers is in this one; "
            f"its keys look like {example[:120]!r}, which is no layer of {type(pipeline).__name__} in a spelling that is known"
        )
    return reading


def convert(pipeline: Any, tensors: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the tensors under the names of diffusers, as the pipeline's class converts them; None where it cannot."""
    read = getattr(pipeline, "lora_state_dict", None)
    if read is None:
        return None
    try:
        found = read(dict(tensors))
    except (ValueError, KeyError, RuntimeError, TypeError, IndexError, AttributeError, NotImplementedError):
        return None  # each family fails in a way of its own on names that it does not expect
    found = found[0] if isinstance(found, tuple) else found
    return found if isinstance(found, dict) else None


def warn_of(reading: Reading, path: Path) -> tuple[str, ...]:
    """Return a warning where a file has more than was used."""
    left = [*reading.unknown, *reading.rest]
    if not left:
        return ()
    named = ", ".join(left[:MAX_NAMED]) + (" ..." if len(left) > MAX_NAMED else "")
    return (
        f"of the LoRA {path.name} {len(reading.layers)} layers are used, and {len(left)} of its parts are not in this model: "
        f"{named}",
    )


def inject(pipeline: Any, part: str, name: str, layers: list[Layer]) -> None:
    """Put pairs of factors beside the weights of one component."""
    network = getattr(pipeline, part)
    device, dtype = network.device, network.dtype  # each looks through the whole network
    weights = {}
    for layer in layers:
        for side, tensor in (("lora_A", layer.down), ("lora_B", layer.up)):
            weights[f"{layer.name}.{side}.weight"] = tensor.to(device, dtype).contiguous()
    rank = Counter(layer.rank for layer in layers).most_common(1)[0][0]
    facts: dict[str, Any] = {
        "r": rank,
        "lora_alpha": rank,
        "target_modules": [layer.name for layer in layers],
        # Matched from the beginning of a name, for one layer's name can be the end of another's.
        "rank_pattern": {f"^{layer.name}": layer.rank for layer in layers if layer.rank != rank},
    }
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # "Already found a `peft_config`": of an adapter that was loaded before, as it should
        put_in(pipeline, network, weights, name, facts)
    for layer in layers:
        network.get_submodule(layer.name).lora_alpha[name] = layer.alpha


def put_in(pipeline: Any, network: Any, weights: dict[str, Any], name: str, facts: dict[str, Any]) -> None:
    """Let peft put a LoRA into a network."""
    from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict

    if hasattr(network, "load_lora_adapter"):  # it knows of parts that are moved to a GPU and back
        network.load_lora_adapter(weights, prefix=None, adapter_name=name, metadata=facts, _pipeline=pipeline)
    else:
        inject_adapter_in_model(LoraConfig(**facts), network, adapter_name=name, state_dict=weights)
        set_peft_model_state_dict(network, weights, name)


def forget(pipeline: Any, name: str) -> None:
    """Take an adapter out of memory."""
    for layer in tuned_layers(pipeline):
        if name in layer.lora_A:
            layer.delete_adapter(name)
    for part in parts_of(pipeline):
        getattr(getattr(pipeline, part), "peft_config", {}).pop(name, None)


def count_carried(pipeline: Any, name: str) -> int:
    """Return how many layers carry an adapter."""
    return sum(name in layer.lora_A for layer in tuned_layers(pipeline))


def tuned_layers(pipeline: Any) -> Iterator[Any]:
    """Yield the layers of a pipeline that carry adapters."""
    from peft.tuners.lora import LoraLayer

    for part in parts_of(pipeline):
        for module in getattr(pipeline, part).modules():
            if isinstance(module, LoraLayer):
                yield module


def parts_of(pipeline: Any) -> list[str]:
    """Return the components of a pipeline that an adapter can change."""
    names = dict.fromkeys([*NETWORKS, *getattr(pipeline, "_lora_loadable_modules", ())])
    return [name for name in names if getattr(pipeline, name, None) is not None]


def choose_networks(pipeline: Any, path: Path) -> tuple[str, ...]:
    """Return the networks that a file is for: where there is one for much noise and one for little, its name says which."""
    there = tuple(name for name in NETWORKS if getattr(pipeline, name, None) is not None)
    if len(there) > 1:
        stem = path.stem.lower()
        if "low" in stem:
            return there[1:]
        if "high" in stem:
            return there[:1]
    return there
