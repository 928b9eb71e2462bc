"""The engine of models made elsewhere: any text-to-image or text-to-video pipeline of diffusers, behind the package's own call.

engine.py      DiffusersEngine: what is asked of a model, from capabilities to frames
families.py    what a pipeline takes: families.toml, the signature of its class, the configs in its folder
libraries.py   diffusers imported once, offline and silent
opening.py     folder -> pipeline in memory, each component checked
single_file.py a single file of weights, with configs from a folder of its family
placing.py     device, precision, offload
quantising.py  linear layers with weights of 8 bits
arguments.py   request -> keyword arguments
calling.py     the call of a pipeline with a request's guidance and noise
outcome.py     a pipeline's output -> frames, checked
running.py     the pipeline in a thread -> events; cancelling
decoding.py    what is done when decoding fails: tiles, float32
kept_latents.py  finished latents on disk while they are decoded
previews.py    latents -> a small picture
variants.py    the same weights as image to image, inpainting, image to video
adapters.py    LoRA files of other programs
embedding.py   weights in brackets and long prompts, for CLIP
unread.py      what of a prompt a model does not read: weights, its end
"""

from mutoscope.engines.diffusers.engine import DiffusersEngine

__all__ = ["DiffusersEngine"]
