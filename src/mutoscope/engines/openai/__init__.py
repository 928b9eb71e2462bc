"""The engine "openai": a server elsewhere that speaks the OpenAI images and videos API draws; nothing is computed here.

    address.py   "http://localhost:8000/v1#Qwen/Qwen-Image" -> where the server is, and the model's name there
    client.py    HTTP: the key, refusals, waiting, how much is read
    fields.py    a request -> the fields and files that are sent
    engine.py    pictures, clips, what is said of the model

What is taken from which documentation:

    developers.openai.com/api/reference  POST /images/generations, POST /images/edits (multipart: image, mask, a PNG whose
                                         transparent pixels are drawn anew), POST /videos (multipart: seconds, size,
                                         input_reference), GET and DELETE /videos/{id}, GET /videos/{id}/content, GET /models
    docs.vllm.ai/projects/vllm-omni      the extra fields seed, negative_prompt, num_inference_steps, guidance_scale,
                                         true_cfg_scale; for clips num_frames and fps; mask_image, white where it is drawn
                                         anew; DELETE /videos/{id} stops a job; errors as {"detail": ...}
    docs.sglang.io (SGLang Diffusion)    the same extra fields; a clip without a first frame is asked for in JSON; relative
                                         addresses of pictures; jobs end as "cancelled" too
    openai-python                        jobs are asked for again after `openai-poll-after-ms`; `retry-after-ms`

Neither documents a strength. It is sent where it is asked for, since servers that have it call it that.
"""

from mutoscope.engines.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]
