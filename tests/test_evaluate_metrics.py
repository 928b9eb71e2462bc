"""The metrics by independent truth: closed forms, scipy, torchmetrics (where installed), and sets whose answer is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mutoscope.errors import DataError, MissingExtraError, OutputError, SettingError
from mutoscope.evaluate import fidelity, standard
from mutoscope.evaluate.frechet import Moments, frechet, frechet_distance, moments
from mutoscope.evaluate.intervals import bootstrap, bootstrap_difference, bootstrap_mean
from mutoscope.evaluate.kernel import kernel_distance, kernel_within
from mutoscope.evaluate.manifold import find_nearest, is_memorised, precision_recall, radii
from mutoscope.evaluate.preference import estimate_strengths, preference, read_votes
from mutoscope.evaluate.restoration import psnr, ssim


def gaussian(n: int = 300, width: int = 12, seed: int = 0, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.standard_normal((n, width)) @ random.standard_normal((width, width)) + shift


# -------------------------------------------------------------------------------------------------------------- frechet


def test_equal_sets_have_no_distance():
    a = gaussian()
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)
    few = gaussian(5, 40)  # fewer rows than features: singular covariances
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)


def test_shifted_and_stretched_gaussians_are_exact():
    a = gaussian()
    assert frechet_distance(a, a + 3) == pytest.approx(12 * 9, rel=1e-9)
    centred = a - a.mean(0)  # C and 4 C: the distance is tr C + 4 tr C - 2 tr 2 C = tr C
    assert frechet_distance(centred, 2 * centred) == pytest.approx(np.trace(np.cov(a.T)), rel=1e-9)


def test_diagonal_gaussians_have_a_closed_form():
    one = Moments(101, np.zeros(3), np.diag([1.0, 4.0, 9.0]) * 100)
    other = Moments(11, np.ones(3), np.diag([4.0, 4.0, 1.0]) * 10)
    assert frechet(one, other) == pytest.approx(3 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2, rel=1e-12)


@pytest.mark.parametrize("sizes", [(1,) * 300, (300,), (7,) * 42 + (6,), (0, 299, 1)])
def test_moments_do_not_depend_on_the_batches(sizes: tuple[int, ...]):
    a = gaussian() + 1e4  # a large mean: naive sums of squares would lose all digits
    ends = np.cumsum((0, *sizes))
    found = moments((a[x:y] for x, y in zip(ends, ends[1:], strict=False)), 12)
    assert found.count == 300 and found.mean == pytest.approx(a.mean(0), rel=1e-12)
    assert found.covariance == pytest.approx(np.cov(a.T), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_refused(broken: float):
    """Both distances say how many rows are broken, whichever set they stand in, instead of a LinAlgError or a silent NaN."""
    whole, holed = gaussian(9, 3), gaussian(9, 3)
    holed[2, 1] = holed[2, 0] = holed[5, 0] = broken
    for distance in (frechet_distance, kernel_distance):
        for pair in ((whole, holed), (holed, whole)):
            with pytest.raises(SettingError, match="finite features, got NaN or infinity in 2 of 9 rows"):
                distance(*pair)


@pytest.mark.parametrize("rows", [0, 1])
def test_a_set_of_one_picture_has_no_distance(rows: int):
    few, many = gaussian(9, 3)[:rows], gaussian(9, 3)
    for distance in (frechet_distance, kernel_distance):
        for pair in ((few, many), (many, few)):
            with pytest.raises(SettingError, match=f"two pictures or more in each set, got {rows}; draw more"):
                distance(*pair)


@pytest.mark.parametrize("sizes", [(5, 40), (40, 7), (20, 30), (31, 31)])
def test_few_rows_give_the_number_of_their_moments(sizes: tuple[int, int]):
    a, b = (np.random.default_rng(number).normal(number, 2, (rows, 32)) for number, rows in enumerate(sizes))
    assert frechet_distance(a, b) == pytest.approx(frechet(moments([a], 32), moments([b], 32)), rel=1e-6)


def test_frechet_agrees_with_scipy():
    linalg = pytest.importorskip("scipy.linalg")
    a, b = gaussian(), gaussian(200, seed=1, shift=0.5)
    ca, cb, step = np.cov(a.T), np.cov(b.T), a.mean(0) - b.mean(0)
    wanted = step @ step + np.trace(ca + cb - 2 * np.real(linalg.sqrtm(ca @ cb)))
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-6)


# ------------------------------------------------------------------------------------------------ kernel, neighbours


def test_the_kernel_distance_is_its_definition():
    a, b = gaussian(7, 3), gaussian(5, 3, seed=1)

    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float(x @ y / 3 + 1) ** 3

    within = [np.mean([k(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j]) for s in (a, b)]
    wanted = sum(within) - 2 * np.mean([k(x, y) for x in a for y in b])
    assert kernel_distance(a, b) == pytest.approx(wanted, rel=1e-10)
    assert kernel_distance(a, b, kernel_within(b)) == kernel_distance(a, b)


def test_the_kernel_distance_has_no_bias():
    values = [kernel_distance(*np.random.default_rng(seed).standard_normal((2, 20, 6))) for seed in range(200)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 200**0.5
    assert min(values) < 0 < kernel_distance(gaussian(), gaussian() + 1)


def test_precision_and_recall_of_sets_that_are_known():
    reals, random = gaussian(80), np.random.default_rng(5)
    for samples, precision, recall in (
        (reals, 1, 1),
        (reals + 1000, 0, 0),
        (np.repeat(reals[:1], 20, 0), 1, 1 / 80),  # good but always the same: the balls of equal rows are points
        (np.concatenate([reals, 1000 + gaussian(80, seed=2)]), 0.5, 1),
        (reals[:40] + 1e-9 * random.standard_normal((40, 12)), 1, None),
    ):
        inside, reached = precision_recall(samples, reals)
        assert inside.mean() == precision
        assert recall is None or reached.mean() == pytest.approx(recall)
    assert radii(np.arange(10.0)[:, None], 3)[0] == 9


def test_copies_are_caught_and_neighbours_are_not():
    random = np.random.default_rng(0)
    training, held_out, fresh = random.standard_normal((3, 400, 8))
    copies = training[:50] + 0.01 * random.standard_normal((50, 8))
    assert is_memorised(copies, held_out, training)[0].all()
    assert is_memorised(fresh, held_out, training)[0].mean() < 0.04
    assert is_memorised(held_out, held_out, training)[0].mean() == pytest.approx(0.01, abs=0.003)
    distance, place = find_nearest(copies, training)
    assert place.tolist() == list(range(50)) and distance.max() < 0.1
    table = fidelity.find_copies(fresh, held_out, training, copies)
    assert table["planted copies"]["value"] == 1 and table["training_pictures"] == 400


def test_controls_of_a_table():
    random = np.random.default_rng(0)
    reference, reals = random.standard_normal((300, 6)), random.standard_normal((100, 6))
    found = fidelity.compare_sets({"renders": reals, "shifted": reals + 1}, reference)
    assert found["shifted"]["FD-own"]["low"] > found["renders"]["FD-own"]["high"]
    assert found["shifted"]["KID-own"]["low"] > found["renders"]["KID-own"]["high"]
    assert found["shifted"]["precision"]["value"] < found["renders"]["precision"]["value"]


def test_wrong_captions_are_every_other_caption():
    random = np.random.default_rng(0)
    texts, noise = (x / np.linalg.norm(x, axis=1)[:, None] for x in random.standard_normal((2, 30, 9)))
    found = fidelity.align_texts({"generated": texts, "renders": noise}, texts)
    assert found["generated"]["value"] == pytest.approx(100)
    wanted = np.mean([100 * texts[i] @ texts[j] for i in range(30) for j in range(30) if i != j])
    assert found["wrong captions"]["value"] == pytest.approx(wanted)
    assert "wrong captions" not in fidelity.align_texts({"generated": texts[:1]}, texts[:1])


def test_planted_copies_are_nearly_the_training_pictures():
    training = [np.full((8, 8, 3), level, np.uint8) for level in range(60, 160)]
    copies = fidelity.plant_copies(training)
    assert len(copies) == fidelity.PLANTED_COPIES == len({round(float(copy.mean()), 3) for copy in copies})
    assert all(2 < copy.std() < 6 for copy in copies)


# ------------------------------------------------------------------------------------------------------------ intervals


def test_the_bootstrap_has_the_spread_of_the_mean():
    values = np.random.default_rng(0).standard_normal(400)
    found = bootstrap_mean(values)
    half = 1.96 * values.std() / 20
    assert found["value"] == pytest.approx(values.mean()) and found["n"] == 400
    assert found["high"] - found["value"] == pytest.approx(half, rel=0.15)
    assert found["value"] - found["low"] == pytest.approx(half, rel=0.15)
    assert bootstrap_mean(values) == found
    assert bootstrap(lambda rows: 3.0, 1) == {"value": 3.0, "low": 3.0, "high": 3.0, "n": 1}


def test_pairs_take_out_what_is_hard_for_both():
    random = np.random.default_rng(0)
    hard = 10 * random.standard_normal(100)
    a, b = hard + random.standard_normal(100), hard + 1 + random.standard_normal(100)
    paired = bootstrap_difference(a, b)
    assert paired["low"] > 0 and paired["value"] == pytest.approx((b - a).mean())
    assert paired["high"] - paired["low"] < (bootstrap_mean(b)["high"] - bootstrap_mean(b)["low"]) / 4


# --------------------------------------------------------------------------------------------------------------- codec


def test_psnr_in_closed_form():
    a = np.full((2, 16, 16, 3), 100, np.uint8)
    assert psnr(a, a + np.uint8(10)) == pytest.approx(20 * np.log10(255 / 10))
    assert psnr(a, a).tolist() == [100, 100]


def test_ssim_of_equal_and_of_unrelated_pictures():
    a, b = np.random.default_rng(0).integers(0, 256, (2, 1, 32, 40, 3), np.uint8)
    assert ssim(a, a) == pytest.approx(1) and abs(ssim(a, b)[0]) < 0.1
    flat, other = (np.full((1, 16, 16, 3), level, np.uint8) for level in (50, 150))
    c1 = (0.01 * 255) ** 2  # without contrast only the means are compared
    assert ssim(flat, other)[0] == pytest.approx((2 * 50 * 150 + c1) / (50**2 + 150**2 + c1))


def test_ssim_agrees_with_torchmetrics():
    torchmetrics = pytest.importorskip("torchmetrics.functional.image")
    a = np.random.default_rng(0).integers(0, 256, (3, 32, 40, 3), np.uint8)
    b = (a * 0.7 + 20).astype(np.uint8)
    ours, theirs = (torch.from_numpy(x).permute(0, 3, 1, 2).double() for x in (a, b))
    _, full = torchmetrics.structural_similarity_index_measure(
        ours, theirs, data_range=255.0, reduction="none", return_full_image=True
    )
    wanted = full[..., 5:-5, 5:-5].mean(
        (1, 2, 3)
    )  # pixels with a whole window; torchmetrics' own mean takes the rim too
    assert ssim(a, b) == pytest.approx(wanted.numpy(), abs=1e-6)


# ---------------------------------------------------------------------------------------------------- public networks


class Looks(torch.nn.Module):
    """A random network with the call of the public Inception file."""

    def __init__(self):
        super().__init__()
        self.project = torch.nn.Linear(3 * 16, 10)

    def forward(self, pixels: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        small = torch.nn.functional.adaptive_avg_pool2d(pixels.float() / 255, 4)
        return torch.tanh(self.project(small.flatten(1)))


class Watches(torch.nn.Module):
    """A random network with the call of the public I3D file."""

    def __init__(self):
        super().__init__()
        self.project = torch.nn.Linear(3 * 8, 6)

    def forward(
        self, video: torch.Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False
    ) -> torch.Tensor:
        assert video.shape[1] == 3
        small = torch.nn.functional.adaptive_avg_pool3d(video.float() / 255, 2)
        return torch.tanh(self.project(small.flatten(1)))


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Random networks as TorchScript files, and themselves."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("networks")
    found: dict[str, Any] = {"inception": Looks().eval(), "i3d": Watches().eval()}
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in ("inception", "i3d"):
            torch.jit.script(found[name]).save(str(folder / f"{name}.pt"))
    return {**found, "folder": folder}


def test_fid_and_kid_are_torchmetrics_own(networks: dict[str, Any]):
    image = pytest.importorskip("torchmetrics.image.fid")
    random = np.random.default_rng(0)
    ours, theirs = (
        random.integers(0, 200, (40, 16, 16, 3), np.uint8),
        random.integers(0, 256, (60, 16, 16, 3), np.uint8),
    )
    opened = standard.open_standard(str(networks["folder"] / "inception.pt"), None, None)
    assert opened and opened.i3d is None and opened.clip is None
    found = opened.distances(list(ours), list(theirs))
    metric: Any = image.FrechetInceptionDistance(feature=networks["inception"], input_img_size=(3, 16, 16))
    networks["inception"].requires_grad_(False)
    for rows, real in ((theirs, True), (ours, False)):
        metric.update(torch.from_numpy(rows).permute(0, 3, 1, 2), real=real)
    assert found["FID"]["value"] == pytest.approx(float(metric.compute()), rel=1e-4)
    assert found["FID"]["low"] < found["FID"]["value"] < found["FID"]["high"] and found["FID"]["n"] == 40
    assert opened.inception
    a, b = opened.inception(ours), opened.inception(theirs)
    assert frechet_distance(a, b) == pytest.approx(float(metric.compute()), rel=1e-4)
    kernel = standard.kid(a, b)["value"]
    assert kernel == pytest.approx(kernel_distance(a, b), rel=0.2) and kernel == found["KID"]["value"]


def test_on_random_features_both_agree():
    pytest.importorskip("torchmetrics")
    a, b = gaussian(500, 16), gaussian(400, 16, seed=3, shift=0.3)
    assert standard.fid(a, b)["value"] == pytest.approx(frechet_distance(a, b), rel=1e-4)
    whole = standard.kid(a[:300], b[:300])  # every subset is the whole set
    assert whole["value"] == pytest.approx(kernel_distance(a[:300], b[:300]), rel=1e-4)


def test_fvd_is_the_frechet_distance_of_the_video_network(networks: dict[str, Any]):
    pytest.importorskip("torchmetrics")
    random = np.random.default_rng(0)
    ours, theirs = (
        random.integers(0, 200, (20, 5, 8, 8, 3), np.uint8),
        random.integers(0, 256, (20, 5, 8, 8, 3), np.uint8),
    )
    opened = standard.open_standard(None, None, str(networks["folder"] / "i3d.pt"))
    assert opened and opened.i3d
    with torch.no_grad():
        wanted = networks["i3d"](torch.from_numpy(ours).permute(0, 4, 1, 2, 3)).numpy()
    assert opened.i3d(ours) == pytest.approx(wanted, abs=1e-5)
    found = opened.video_distance(list(ours), list(theirs))
    assert found["value"] == pytest.approx(frechet_distance(wanted, opened.i3d(theirs)), rel=1e-4)


def test_clip_score_is_torchmetrics_own(tmp_path: Path):
    pytest.importorskip("torchmetrics")
    transformers = pytest.importorskip("transformers")
    folder = tiny_clip(tmp_path, transformers)
    pictures = list(np.random.default_rng(0).integers(0, 256, (4, 20, 24, 3), np.uint8))
    prompts = ["a lake", "a b c", "lake", "a lake a lake"]
    opened = standard.open_standard(None, str(folder), None)
    assert opened
    found = opened.clip_score(pictures, prompts)
    model, processor = (
        transformers.CLIPModel.from_pretrained(folder),
        transformers.CLIPProcessor.from_pretrained(folder),
    )
    with torch.no_grad():
        both = model(**processor(text=prompts, images=pictures, return_tensors="pt", padding=True))
    cosines = (
        100
        * (both.image_embeds * both.text_embeds).sum(1)
        / both.image_embeds.norm(dim=1)
        / both.text_embeds.norm(dim=1)
    )
    assert found["value"] == pytest.approx(max(0.0, float(cosines.mean())), abs=1e-3) and found["n"] == 4
    assert found["low"] <= found["high"]


def tiny_clip(folder: Path, transformers: Any) -> Path:
    """Save a random CLIP of a few thousand weights with a processor over a handful of pieces."""
    pieces = ["<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz"]
    pieces += [f"{letter}</w>" for letter in "abcdefghijklmnopqrstuvwxyz"]
    (folder / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={**sizes, "vocab_size": len(pieces), "max_position_embeddings": 77, "bos_token_id": 0, "eos_token_id": 1},
        vision_config={**sizes, "image_size": 32, "patch_size": 16}, projection_dim=8,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.CLIPModel(config).save_pretrained(folder)
    tokenizer = transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)
    images = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    transformers.CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def test_paths_that_hold_no_network_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert standard.open_standard(None, None, None) is None
    for names in (("nothing.pt", None, None), (None, "nothing", None), (None, None, "nothing.pt")):
        with pytest.raises(OutputError, match="nothing"):
            standard.open_standard(*names)
    (tmp_path / "words.pt").write_text("no network")
    pytest.importorskip("torchmetrics")
    with pytest.raises(OutputError, match="no TorchScript file"):
        standard.open_standard(str(tmp_path / "words.pt"), None, None)
    monkeypatch.setattr(standard.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="metrics"):
        standard.open_standard(str(tmp_path / "words.pt"), None, None)


# ----------------------------------------------------------------------------------------------------------- preference


def test_strengths_of_two_models_are_their_share_of_wins():
    """Of two models the odds are the ratio of strengths; the prior of half a win each hardly shows with 4000 votes."""
    pairs, wins = np.array([[0, 1]] * 4000), np.array([1.0] * 3000 + [0.0] * 1000)
    a, b = estimate_strengths(pairs, wins, 2) / 100
    assert (a / (1 - a)) / (b / (1 - b)) == pytest.approx(3, rel=0.01)
    assert a == pytest.approx(1 - b, abs=1e-6)


def test_votes_of_three_models_with_intervals(tmp_path: Path):
    random = np.random.default_rng(0)
    skill = {"a": 4.0, "b": 2.0, "c": 1.0}
    lines = []
    for _ in range(1500):
        left, right = random.choice(list(skill), 2, replace=False)
        won = random.random() < skill[left] / (skill[left] + skill[right])
        lines.append(json.dumps({"left": left, "right": right, "winner": "left" if won else "right", "seed": 1}))
    (tmp_path / "votes.jsonl").write_text("\n".join(lines) + "\n\n")
    found = preference(read_votes(tmp_path / "votes.jsonl"))
    assert found and found["votes"] == 1500
    for name, part in found["models"].items():
        wanted = 100 * (skill[name] / 2) / (skill[name] / 2 + 1)  # 2 is their geometric mean
        assert part["low"] < wanted < part["high"] and part["high"] - part["low"] < 10
    ties = preference([("a", "b", 0.5)] * 20)
    assert ties and ties["models"]["a"]["value"] == pytest.approx(50)


def test_no_votes_no_number(tmp_path: Path):
    path = tmp_path / "votes.jsonl"
    path.write_text("")
    assert preference(read_votes(path)) is None
    for line in ("{", '{"left": "a", "right": "b"}', '{"left": "a", "right": "b", "winner": "c"}', "[]"):
        path.write_text(line)
        with pytest.raises(DataError, match="line 1"):
            read_votes(path)
    path.write_text('{"left": "a", "right": "a", "winner": "tie"}')
    with pytest.raises(DataError, match="against itself"):
        read_votes(path)
