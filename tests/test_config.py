"""Settings go to JSON and back, fit one another in every preset, and refuse what they do not know with the nearest name."""

import dataclasses
import json
from typing import Any

import pytest

from mutoscope.config import PRESETS, CodecConfig, ModelConfig, TextConfig, TransformerConfig, preset, replace
from mutoscope.errors import SettingError

PARTS = ("transformer", "codec", "text", "image_tower")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_to_json_and_back(name: str):
    text = json.dumps(PRESETS[name].to_dict())
    back = ModelConfig.from_dict(json.loads(text))
    assert back == PRESETS[name] == preset(name)
    assert isinstance(back.codec.widths, tuple), "lists of JSON must not make two equal settings differ"


@pytest.mark.parametrize("name", PRESETS)
def test_the_parts_of_a_preset_fit_each_other(name: str):
    config = PRESETS[name]
    width, heads = config.transformer.width, config.transformer.heads
    assert config.preset == name
    assert width % heads == 0 and width // heads in (32, 64) and (width // heads) % 8 == 0
    assert config.transformer.text_width == config.text.width == config.image_tower.embedding
    assert config.transformer.latent_channels == config.codec.latent_channels
    assert config.text.width % config.text.heads == 0 and config.image_tower.width % config.image_tower.heads == 0
    assert config.transformer.hidden % 32 == 0 and 0 <= config.transformer.hidden - width * 8 / 3 < 32


def test_missing_keys_take_their_defaults():
    assert ModelConfig.from_dict({}) == ModelConfig()
    assert ModelConfig.from_dict({"text": {"depth": 3}}).text == TextConfig(depth=3)


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"presett": "tiny"}, ("'presett'", "did you mean 'preset'?")),
        ({"transfomer": {}}, ("'transfomer'", "did you mean 'transformer'?")),
        ({"transformer": {"widht": 3}}, ("'widht'", "did you mean 'width'?", "depth")),
        ({"codec": {"latent_chanels": 3}}, ("did you mean 'latent_channels'?",)),
        ({"image_tower": {"zzz": 3}}, ("'zzz'", "known: width, depth, heads, embedding")),
        ({"transformer": {"width": "256"}}, ("width", "int like 256", "'256'")),
        ({"transformer": {"width": 256.0}}, ("width", "256.0")),
        ({"transformer": {"width": True}}, ("width", "True")),
        ({"transformer": {"width": None}}, ("width", "None")),
        ({"codec": {"widths": [1, 2]}}, ("widths", "[1, 2]")),
        ({"codec": {"widths": [1, 2, "3"]}}, ("widths", "'3'")),
        ({"codec": {"widths": 7}}, ("widths", "7")),
        ({"preset": 5}, ("preset", "str", "5")),
        ({"codec": 5}, ("codec", "5")),
        ({"codec": None}, ("codec", "None")),
        ([], ("model", "[]")),
    ],
)
def test_damaged_settings_are_refused(values: Any, parts: tuple[str, ...]):
    with pytest.raises(SettingError) as caught:
        ModelConfig.from_dict(values)
    assert all(part in str(caught.value) for part in parts), caught.value


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(SettingError, match=r"'nanno'.*did you mean 'nano'.*tiny, nano, mini"):
        preset("nanno")


def test_replace_changes_what_it_is_told_and_no_more():
    old = TransformerConfig()
    new = replace(old, depth=3, window=2)
    assert (new.depth, new.window) == (3, 2)
    assert dataclasses.replace(new, depth=old.depth, window=old.window) == old == TransformerConfig()


def test_a_part_cannot_be_replaced_by_a_bare_dict():
    with pytest.raises(SettingError, match="codec"):
        replace(ModelConfig(), codec={"blocks": 1})
    assert replace(ModelConfig(), codec=CodecConfig(blocks=1)).codec.blocks == 1


@pytest.mark.parametrize("part", PARTS)
def test_settings_are_frozen(part: str):
    config = getattr(ModelConfig(), part)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, dataclasses.fields(config)[0].name, 1)
