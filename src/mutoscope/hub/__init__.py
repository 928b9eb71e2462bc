"""Models made elsewhere, on this disk: where they lie, what they hold, whether they can be trusted, and how they get here.

names.py            find_place(name): a folder, a .safetensors file, a short name, OWNER/NAME[@REVISION]
known.py            the models with a short name, read from known_models.toml
endings.py          which files of weights are opened, by their ending
headers.py          what a .safetensors file holds, by its first bytes: bytes by component and type of number
checks.py           check_folder, check_file: everything that can be said of a model before a library opens it
hashing.py          the hash of a model, by which a request names it
kept.py             list_kept, remove: the models in the cache
shelf.py            list_offers: what a user may choose from, here or not
fetch.py            plan, fetch: the only file that speaks to a network, and only when it is asked to

Neither PyTorch nor diffusers is imported here, and huggingface_hub by fetch.py alone. The cache is that of the Hugging Face
libraries: what `hf download` or diffusers brought is found, and they find what was brought from here.
"""
