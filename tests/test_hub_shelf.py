"""What a user may choose from: here, half here, away."""

from pathlib import Path

import pytest

from hub_folders import COMMIT, make_folder, put_in_cache
from mutoscope.errors import MissingModelError
from mutoscope.hub.known import known_models
from mutoscope.hub.shelf import AWAY, HALF, HERE, find_here, list_offers, missing_library

SD, TURBO = known_models()["sd15"], known_models()["sd-turbo"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def states() -> dict[str, str]:
    return {offer.name: offer.state for offer in list_offers()}


def test_an_empty_cache_has_the_whole_table_away(cache: Path):
    assert states() == dict.fromkeys(known_models(), AWAY) and not cache.exists()
    assert all(offer.known and offer.bytes == 0 and not offer.obstacle for offer in list_offers())
    with pytest.raises(MissingModelError, match="'sd15' is whole on this disk"):
        find_here("sd15")


def test_here_half_and_others(cache: Path):
    put_in_cache(cache, SD.repository, SD.revision)
    snapshot = put_in_cache(cache, TURBO.repository, TURBO.revision)
    (snapshot / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    put_in_cache(cache, "me/mine", COMMIT)
    pickled = put_in_cache(cache, "me/pickled", "c" * 40)
    weights = pickled / "vae" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    offers = {offer.name: offer for offer in list_offers()}
    assert list(offers)[-2:] == ["me/mine", "me/pickled"] and len(offers) == len(known_models()) + 2
    assert (offers["sd15"].state, offers["sd-turbo"].state, offers["me/mine"].state) == (HERE, HALF, HERE)
    assert 0 < offers["sd-turbo"].bytes < offers["sd15"].bytes
    assert "as a pickle" in offers["me/pickled"].obstacle and not offers["me/mine"].obstacle
    assert find_here("sd15") == find_here(SD.repository) == offers["sd15"]
    with pytest.raises(MissingModelError):
        find_here("sd-turbo")


@pytest.mark.parametrize("name", ["", "..", "/etc", "./here", "me/mine@main"])
def test_only_names_of_the_list_are_found(cache: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    put_in_cache(cache, "me/mine")
    monkeypatch.chdir(cache)
    make_folder(cache / "here")
    with pytest.raises(MissingModelError):
        find_here(name)


def test_the_library_that_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mutoscope.hub.shelf.find_spec", lambda name: None if name == "transformers" else object())
    assert missing_library() == "transformers"
    monkeypatch.setattr("mutoscope.hub.shelf.find_spec", lambda name: object())
    assert missing_library() == ""
