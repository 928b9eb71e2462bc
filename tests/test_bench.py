"""The bench: FLOPs counted twice, what is refused, results to JSON and back, the page, and the command on a tiny model."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mutoscope.bench import flops
from mutoscope.bench.cases import CountedRuntime
from mutoscope.bench.page import MOVED, as_page, as_table, write_page
from mutoscope.bench.results import Machine, Peak, Ratio, Result, Row, read_result
from mutoscope.cli import main
from mutoscope.codec import Codec
from mutoscope.config import as_student, preset
from mutoscope.text_encoder import TextTower
from mutoscope.transformer import Transformer

TEXT_TOKENS, TOKENS, CELLS = 9, 64, 16


def result(before: float = 90.0, after: float = 88.0) -> Result:
    """Return a result with a row of each kind; the machine multiplies 90 GFLOP in a second."""
    rows = (
        Row("velocity, 128 px", "stage", 1, 0.020, 0.018, gflop=0.9, peak_memory_mb=210.0),
        Row("clip of 5 s, 128 px", "whole", 1, 4.0, 3.9, gflop=180.0, first_frame_seconds=0.3),
        Row("mutoscope --help", "process", 1, 0.2, 0.19, peak_memory_mb=40.0, processor_seconds=0.18),
        Row("ours", "against", 1, 0.5, 0.5, gflop=18.0),
        Row("theirs", "against", 1, 2.0, 2.0),
        *(
            Row(f"steps {n}", "growth", 1, 0.1 * n, 0.1 * n, gflop=1.0 * n, axis="steps", value=float(n))
            for n in (1, 2)
        ),
    )
    machine = Machine("A processor", ("avx", "avx2"), 2, "Linux x86_64", "3.11.7", {"numpy": "2.4"})
    ratios = (Ratio("theirs / ours", 1, "theirs", "ours"),)
    return Result("2026-01-01", "0.2.0", "mutoscope-nano", "nano", "f" * 64, 9, False, machine,
                  (Peak(1, before, after),), rows, ratios)  # fmt: skip


def count(call: Callable[[], Any]) -> tuple[int, Any]:
    """Return what torch counts and what the call returns; with gradients attention is plain products, which are counted."""
    with FlopCounterMode(display=False) as counter:
        out = call()
    return counter.get_total_flops(), out


def test_flops_are_those_of_torch():
    """Of a few-step model, whose decoder has other widths than its encoder: nothing is counted with a number of another part."""
    config = as_student(preset("nano"))
    transformer, codec, tower = Transformer(config.transformer), Codec(config.codec), TextTower(config.text)
    sizes = config.transformer
    ids, mask = torch.ones(1, TEXT_TOKENS, dtype=torch.long), torch.ones(1, TEXT_TOKENS, dtype=torch.bool)
    reading, text = count(lambda: transformer.adapt(tower(ids, mask), mask))
    context, (pooled, keys, values) = count(lambda: transformer.read_text(text))
    patches, rotary = (
        torch.randn(1, TOKENS, sizes.latent_channels * 4),
        torch.randn(2, TOKENS, sizes.width // sizes.heads // 2),
    )
    one = torch.ones(1, 1)
    velocity, _ = count(lambda: transformer.step(patches, one, pooled, keys, values, rotary, one, one))
    latents = torch.randn(1, sizes.latent_channels, 1, CELLS, CELLS)
    first, (_, state) = count(lambda: codec.decode_step(latents, None))
    after, _ = count(lambda: codec.decode_step(latents, state))
    encoding, _ = count(lambda: codec.encode(torch.randn(1, 3, 1, 8 * CELLS, 8 * CELLS)))
    found = {
        "text": flops.count_text(config, TEXT_TOKENS) / reading,
        "read_text": flops.count_read_text(config, TEXT_TOKENS) / context,
        "velocity": flops.count_velocity(config, TOKENS, TEXT_TOKENS) / velocity,
        "first": flops.count_decode(config, CELLS, CELLS, first=True) / first,
        "next": flops.count_decode(config, CELLS, CELLS, first=False) / after,
        "encode": flops.count_encode(config, CELLS, CELLS) / encoding,
    }
    assert found == pytest.approx(dict.fromkeys(found, 1.0), abs=0.02)


def test_a_drawing_counts_its_calls(tiny_checkpoint):
    """Two guided steps are four velocities; what a picture multiplies is the sum of its calls."""
    from mutoscope.models import TextToImageModel

    model = TextToImageModel(tiny_checkpoint, threads=1)
    engine: Any = model.engine
    engine.runtime = CountedRuntime(engine.runtime, engine.checkpoint.config)
    model.generate("lake", size="128x128", num_inference_steps=2, seed=1)
    config, counted = engine.checkpoint.config, engine.runtime.counted
    lengths = {flops.count_text(config, tokens): tokens for tokens in range(1, config.text.window + 1)}
    prompt, negative = (flops.count_velocity(config, 64, lengths[counted[place]]) for place in (0, 2))
    decoding = flops.count_decode(config, 16, 16, first=True)
    assert counted[4:] == [prompt, negative, prompt, negative, decoding]


class TestPeak:
    def test_a_quiet_machine_gives_shares_and_ratios(self):
        quiet = result()
        peak = quiet.peak(1)
        assert peak.complaint == "" and quiet.rows[0].share(peak) == pytest.approx(0.5)
        assert quiet.ratio(quiet.ratios[0]) == 4.0

    @pytest.mark.parametrize(("before", "after"), [(90.0, 80.0), (80.0, 90.0)])
    def test_nothing_is_compared_when_the_peak_moves(self, before, after):
        moved = result(before, after)
        words = f"peak moved from {before:.0f} to {after:.0f} GFLOP/s (1 thread); run again on a quiet machine"
        assert moved.complaints == [words]
        assert moved.rows[0].share(moved.peak(1)) is None and moved.ratio(moved.ratios[0]) is None
        held = json.loads(moved.to_json())
        assert held["rows"][0]["share_of_peak"] == held["ratios"][0]["ratio"] == words
        assert held["rows"][2]["share_of_peak"] is None  # nothing is multiplied
        page = as_page(moved, "a.svg")
        assert words in page and f"| {MOVED} |" in page and "%" not in page.split("## The calls")[1]

    def test_a_tenth_is_allowed(self):
        assert not result(100.0, 90.0).complaints and result(100.0, 89.9).complaints


class TestResult:
    def test_json_and_back(self, tmp_path):
        file = tmp_path / "bench.json"
        file.write_text(result().to_json())
        assert read_result(file) == result()
        assert json.loads(file.read_text())["rows"][0]["share_of_peak"] == pytest.approx(0.5)

    def test_page_of_a_stored_result(self, tmp_path, capsys):
        file, page = tmp_path / "bench.json", tmp_path / "page.md"
        file.write_text(result().to_json())
        assert main(["bench", "--from", str(file), "--page", str(page), "--quiet"]) == 0
        assert capsys.readouterr().out.splitlines() == [str(page), str(page.with_suffix(".svg"))]
        text = page.read_text()
        assert "| velocity, 128 px | 1 | 0.9 | 20 ms | 18 ms | 50 % | 210 MB |" in text
        assert "| theirs / ours | 1 | 4.00 |" in text and "A processor, 2 cores" in text and "](page.svg)" in text

    def test_threads_of_a_thing_stand_run_parallel(self):
        rows = [Row(name, "stage", threads, 1.0, 1.0) for threads in (1, 2) for name in ("b", "a")]
        found = replace(result(), rows=tuple(rows), peaks=(Peak(1, 9, 9), Peak(2, 9, 9)))
        head, lines = as_table(found, rows)
        assert list(head) == ["what", "threads", "median", "least"]
        assert [line[:2] for line in lines] == [("b", "1"), ("b", "2"), ("a", "1"), ("a", "2")]

    def test_the_plot(self, tmp_path):
        """Two steps stand twice as far along as one; where the peak moved there is no floor."""
        _, picture = write_page(result(), tmp_path / "a.md")
        lines = [line.get("points", "") for line in ElementTree.parse(picture).iter() if line.tag.endswith("polyline")]
        assert len(lines) == 2
        (x1, y1), (x2, y2) = ([float(n) for n in place.split(",")] for place in lines[0].split())
        assert x2 == 2 * x1 and y2 == 0 and y1 > y2
        assert "floor" not in write_page(result(90, 50), tmp_path / "b.md")[1].read_text()

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 7}', '{"format": 1, "machine": {}}'])
    def test_another_file_is_refused(self, tmp_path, capsys, text):
        file = tmp_path / "bench.json"
        file.write_text(text)
        assert main(["bench", "--from", str(file)]) == 2
        assert "bench.json is no result of mutoscope bench" in capsys.readouterr().err


def test_the_tiny_decoder_in_onnx_runtime_is_the_one_of_pytorch(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("diffusers")
    from mutoscope.bench import against

    monkeypatch.setattr(against, "CELLS", 4)  # quicker
    assert against._can_export()
    session = against._open_decoder(1)
    latents = np.random.default_rng(3).standard_normal((1, 4, against.CELLS, against.CELLS)).astype(np.float32)
    with torch.inference_mode():
        expected = against._decoder(4).decoder(torch.from_numpy(latents)).numpy()
    (given,) = session.run(None, {session.get_inputs()[0].name: latents})
    np.testing.assert_allclose(given, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--runs 0", "--runs must be from 1 to 1000, got 0"),
        ("--runs many", "--runs must be a whole number"),
        ("--threads 0", "--threads must be whole numbers from 1 to 1024, got 0"),
        ("--threads 1,,2", "--threads must be a whole number, for example 2, got ''"),
        ("--page performance.html", "endings that can be written: .md"),
        ("--page nowhere/performance.md", "there is no folder nowhere"),
        ("--json nowhere/bench.json", "there is no folder nowhere"),
        ("--json bench.txt", "endings that can be written: .json"),
        ("--from nowhere.json", "nowhere.json: No such file"),
        ("--model nowhere", "nowhere"),
        ("--model world", "the renderer has no networks to measure"),
        ("--against difusers", "did you mean 'diffusers'"),
    ],
)
def test_refused(outputs, capsys, words, expected):
    assert main(["bench", *words.split()]) == 2
    said = capsys.readouterr()
    assert expected in said.err and said.err.count("\n") == 1 and not said.out


def test_a_comparison_names_what_to_install(outputs, capsys, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "diffusers" else sys)
    assert main(["bench", "--against", "diffusers"]) == 1
    assert (
        "this needs diffusers, which is not installed; run: pip install 'mutoscope[bench]'" in capsys.readouterr().err
    )


def test_the_command(outputs: Path, tiny_checkpoint: Path, capsys):
    """A whole run on a tiny model: everything that is promised is there, and nothing is quicker than its floor."""
    words = ["bench", "--quick", "--runs", "1", "--threads", "1", "--model", str(tiny_checkpoint), "--json", "a.json"]
    assert main([*words, "--page", "a.md"]) == 0
    assert "velocity, 256 px, int8" in capsys.readouterr().out
    found = read_result(Path("a.json"))
    rows = {row.name: row for row in found.rows}
    assert (found.preset, found.runs, found.quick, len(found.peaks)) == ("tiny", 1, True, 1)
    assert {row.group for row in found.rows} == {"stage", "whole", "process", "growth"}
    clip, cold = rows["clip of 1 s, 128 px"], rows["mutoscope image, 256 px, cold"]
    assert clip.first_frame_seconds and 0 < clip.first_frame_seconds < clip.median_seconds
    assert cold.processor_seconds and cold.peak_memory_mb and cold.peak_memory_mb > 20
    one, four = rows["picture, 128 px"], rows["4 pictures of 128 px in one call"]
    assert one.gflop and four.gflop == pytest.approx(4 * one.gflop)
    assert as_page(replace(found, date="today"), "a.svg").startswith("# Performance") and Path("a.svg").is_file()


def test_the_script_reads_rows_that_are_there(tiny_checkpoint):
    """scripts/bench makes the README's figures of rows; their names are those of the cases."""
    from mutoscope.bench.cases import Bench

    script = Path(__file__).parent.parent / "scripts" / "bench"
    held: dict[str, Any] = {"__file__": str(script), "__name__": "bench"}
    exec(compile(script.read_text("utf-8"), str(script), "exec"), held)
    names = {case.name for case in Bench(str(tiny_checkpoint), 1).cases()}
    assert {name for _, name, *_ in held["FIGURES"]} <= names
