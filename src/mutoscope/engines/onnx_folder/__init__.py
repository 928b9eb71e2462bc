"""Public checkpoints of the Stable Diffusion kind on ONNX Runtime: folders in diffusers layout with ONNX files.

engine.py          OnnxFolderEngine, what open_engine returns
folder.py          what a folder holds, by its configurations alone
drawing.py         load, text, draw, decode
graphs.py          the ONNX files on ONNX Runtime
texts.py           prompts: windows of 77 tokens, bracket weights, templates of styles
clip_tokenizer.py  words to token ids
schedulers.py      from noise to latents, a step at a time; stepping.py and noise_levels.py are what they share
previews.py        the picture so far

`mutoscope.export.diffusers_onnx` writes such folders.
"""

from mutoscope.engines.onnx_folder.engine import OnnxFolderEngine
from mutoscope.engines.onnx_folder.folder import is_onnx_folder

__all__ = ["OnnxFolderEngine", "is_onnx_folder"]
