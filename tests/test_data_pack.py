"""`data pack` and what reads it: nothing is distorted, workers and kills change no byte, a trainer opens the result."""

import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image, ImageDraw

from hostile import clip, data, pan, scene
from mutoscope.cli import main
from mutoscope.data import buckets
from mutoscope.data.buckets import Bucket
from mutoscope.data.cache import open_folders
from mutoscope.data.check import Demands, check
from mutoscope.data.collect import collect
from mutoscope.data.pack import Packing, pack
from mutoscope.data.rows import Rows
from mutoscope.data.shards import read_index
from mutoscope.data.workers import on_this_machine
from mutoscope.errors import DataError, MediaError, OutputError, SettingError, SizeError
from mutoscope.events import drain

ROOT = Path(__file__).resolve().parent.parent
SMALL = Packing(tuple(buckets.around(64)), shard=4)


def content(folder: Path) -> dict[str, str]:
    """Path -> hash of every file under a folder, the trainer's cache left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".cache" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write(folder: Path, items: dict[str, tuple[bytes, dict]]) -> Path:
    folder.mkdir(parents=True)
    with open(folder / "captions.jsonl", "w") as rows:
        for name, (file, row) in items.items():
            (folder / name).write_bytes(file)
            rows.write(json.dumps({"file": name, "captions": [f"discs, {name[:2]}"], **row}) + "\n")
    return folder


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> Path:
    """A checked folder: 21 pictures of three shapes and 3 clips; one picture is letterboxed, one blank."""
    shapes = ((96, 96), (160, 100), (90, 150))
    items: dict[str, tuple[bytes, dict]] = {
        f"{i:02d}.png": (data(scene(i, *shapes[i % 3]), "PNG"), {"licence": "CC0-1.0"}) for i in range(20)
    }
    boxed = np.asarray(scene(40, 128, 128)).copy()
    boxed[:20] = boxed[-20:] = 0
    items["20.png"] = (data(Image.fromarray(boxed), "PNG"), {"facts": {"style": "photo"}})
    items["21.png"] = (data(Image.new("RGB", (99, 99)), "PNG"), {})
    items |= {f"3{i}.mp4": (clip(pan(60 + i)), {}) for i in range(3)}
    folder = write(tmp_path_factory.mktemp("pack") / "set", items)
    assert drain(check(folder))["kept"] == 24
    return folder


@pytest.fixture(scope="module")
def packed(checked, tmp_path_factory):
    """(the pack of that folder, what the packing told)."""
    out = tmp_path_factory.mktemp("packed") / "out"
    return out, drain(pack(checked, out, SMALL))


class TestPack:
    def test_every_kept_item_is_in_one_bucket(self, checked, packed):
        out, told = packed
        assert told.buckets == {"64x64": 7, "64x96": 6, "96x64": 8, "64x64x9": 3} and not told.left_out
        origins = [row["origin"] for name in told.buckets for row in Rows(out / name)]
        assert sorted(origins) == sorted(set(origins)) and len(origins) == 24 and "21.png" not in origins

    def test_webdataset_readers_find_what_they_look_for(self, packed):
        out, _ = packed
        with tarfile.open(out / "64x64" / "00000.tar") as tar:
            names = tar.getnames()
            assert names[:3] == ["00000000.png", "00000000.json", "00000000.txt"] and len(names) == 12
            held = {name: file.read() for name in names if (file := tar.extractfile(name))}
            row = json.loads(held["00000001.json"])
            assert row["captions"] == ["discs, 03"] and row["origin"] == "03.png" and row["licence"] == "CC0-1.0"
            assert held["00000001.txt"] == b"discs, 03\n"
            assert Image.open(io.BytesIO(held["00000001.png"])).size == (64, 64)

    def test_the_index_finds_any_item_without_the_others(self, packed):
        out, _ = packed
        for row in Rows(out / "64x96"):
            with open(out / "64x96" / row["shard"], "rb") as shard:
                shard.seek(row["offset"])
                assert Image.open(io.BytesIO(shard.read(row["bytes"]))).size == (64, 96)

    def test_a_trainer_opens_it(self, packed):
        folders = open_folders(packed[0])
        shapes = {folder.path.name: folder.pixels.shape for folder in folders}
        assert shapes == {"64x64": (7, 1, 64, 64, 3), "64x96": (6, 1, 96, 64, 3), "96x64": (8, 1, 64, 96, 3),
                          "64x64x9": (3, 9, 64, 64, 3)}  # fmt: skip
        assert all(len(folder.captions) == len(folder.facts) == len(folder) for folder in folders)
        assert [folder.digest for folder in open_folders(packed[0])] == [folder.digest for folder in folders]

    def test_pixels_are_those_of_the_source(self, checked, packed):
        folder = next(f for f in open_folders(packed[0]) if f.path.name == "64x64")
        row = Rows(packed[0] / "64x64")[0]
        source = Image.open(checked / row["origin"]).resize((64, 64), Image.Resampling.LANCZOS, box=row["crop"]["box"])
        assert np.array_equal(folder.pixels[0, 0], np.asarray(source))

    def test_bars_are_cut_off(self, packed):
        (row,) = [row for row in Rows(packed[0] / "96x64") if row["origin"] == "20.png"]
        _, top, _, bottom = row["crop"]["box"]
        assert top >= 20 and bottom <= 108 and row["crop"]["of"] == [128, 128] and row["facts"] == {"style": "photo"}

    def test_workers_change_nothing(self, checked, packed, tmp_path):
        drain(pack(checked, tmp_path / "out", SMALL, on_this_machine(3)))
        assert content(tmp_path / "out") == content(packed[0])

    def test_order_of_the_lines_changes_nothing(self, checked, packed, tmp_path):
        folder = Path(shutil.copytree(checked, tmp_path / "set"))
        lines = (folder / "captions.jsonl").read_text().splitlines(keepends=True)
        (folder / "captions.jsonl").write_text("".join(reversed(lines)))
        drain(check(folder))
        drain(pack(folder, tmp_path / "out", SMALL))
        assert content(tmp_path / "out") == content(packed[0])

    def test_a_pack_is_a_source(self, packed, tmp_path):
        done = drain(collect(str(packed[0] / "96x64"), tmp_path / "again", kind="shards"))
        assert done.items == 8 and done.kind == "shards"
        assert all(row["captions"][0].startswith("discs, ") for row in Rows(tmp_path / "again"))

    def test_a_second_go_does_nothing(self, checked, packed):
        before = {path: path.stat().st_mtime_ns for path in packed[0].rglob("*.tar")}
        told = drain(pack(checked, packed[0], SMALL))
        assert told.done_before == told.shards == len(before)
        assert before == {path: path.stat().st_mtime_ns for path in packed[0].rglob("*.tar")}

    def test_other_settings_need_another_folder(self, checked, packed):
        with pytest.raises(OutputError, match="shard"):
            drain(pack(checked, packed[0], Packing(SMALL.buckets, shard=5)))

    def test_a_changed_shard_is_refused(self, packed, tmp_path):
        out = Path(shutil.copytree(packed[0] / "64x64", tmp_path / "64x64", ignore=shutil.ignore_patterns(".cache")))
        shard = bytearray((out / "00000.tar").read_bytes())
        shard[700] ^= 1
        (out / "00000.tar").write_bytes(shard)
        with pytest.raises(MediaError, match=r"00000\.tar was changed"):
            open_folders(out)


class TestRefused:
    def test_without_a_check(self, tmp_path, capsys):
        folder = write(tmp_path / "set", {"a.png": (data(scene(1), "PNG"), {})})
        assert main(["data", "pack", str(folder), "--out", str(tmp_path / "out")]) == 2
        assert f"mutoscope data check {folder}" in capsys.readouterr().err
        drain(check(folder))
        (folder / "captions.jsonl").write_text('{"file": "a.png", "captions": ["new"]}\n')
        with pytest.raises(DataError, match="has changed since the check"):
            drain(pack(folder, tmp_path / "out"))

    def test_items_smaller_than_their_bucket(self, tmp_path, capsys):
        folder = write(tmp_path / "set", {"a.png": (data(scene(1, 100, 90), "PNG"), {})})
        drain(check(folder))
        words = ["data", "pack", str(folder), "--out", str(tmp_path / "out"), "--workers", "1"]
        assert main(words) == 2
        assert "smaller than its bucket" in capsys.readouterr().err
        assert main([*words[:3], "--out", str(tmp_path / "large"), "--enlarge", "--workers", "1"]) == 0
        assert open_folders(tmp_path / "large")[0].pixels.shape == (1, 1, 128, 128, 3)

    @pytest.mark.parametrize(
        ("words", "expected"),
        [("--size 100", "96"), ("--size 64 --bucket 64x64", "one or the other"), ("--bucket 64by64", "WIDTHxHEIGHT"),
         ("--format gif", "known"), ("--shard 0", "--shard"), ("--frames 3", "--frames"), ("--fps 0", "--fps")],
    )  # fmt: skip
    def test_words(self, checked, tmp_path, capsys, words, expected):
        assert main(["data", "pack", str(checked), "--out", str(tmp_path / "out"), *words.split()]) == 2
        told = capsys.readouterr().err
        assert expected in told and told.count("\n") == 1 and not (tmp_path / "out" / "pack.json").exists()

    def test_two_at_once(self, checked, tmp_path):
        first = pack(checked, tmp_path / "out", SMALL)
        next(first)
        with pytest.raises(OutputError, match="another pack is at work"):
            drain(pack(checked, tmp_path / "out", SMALL))
        first.close()  # type: ignore[attr-defined]  # the events are a generator
        drain(pack(checked, tmp_path / "out", SMALL))

    def test_a_half_pack_is_no_data(self, checked, tmp_path):
        events = pack(checked, tmp_path / "out", SMALL)
        while next(events).phase != "pack":
            pass
        next(events)
        events.close()  # type: ignore[attr-defined]  # the events are a generator
        with pytest.raises(OutputError, match="not finished"):
            open_folders(tmp_path / "out")
        drain(pack(checked, tmp_path / "out", SMALL))
        assert len(open_folders(tmp_path / "out")) == 4
        (tmp_path / "out" / ".plan").mkdir()  # as when a later run was killed in its last moment
        with pytest.raises(OutputError, match="not finished"):
            open_folders(tmp_path / "out")

    def test_items_that_went_bad_are_named(self, checked, tmp_path):
        folder = Path(shutil.copytree(checked, tmp_path / "set"))
        (folder / "03.png").write_bytes(b"gone")
        with pytest.raises(DataError, match="cannot be read any more"):
            drain(pack(folder, tmp_path / "out", SMALL))
        (line,) = map(json.loads, (tmp_path / "out" / "left_out.jsonl").read_text().splitlines())
        assert line["file"] == "03.png" and "no PNG" in line["reason"]


class TestKill:
    """A pack that is killed again and again ends as one that was left in peace."""

    def start(self, folder: Path, out: Path, workers: int) -> subprocess.Popen:
        words = [
            "data",
            "pack",
            str(folder),
            "--out",
            str(out),
            "--size",
            "64",
            "--shard",
            "2",
            "--workers",
            str(workers),
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        return subprocess.Popen(
            [sys.executable, "-m", "mutoscope", *words, "-q"],
            env=environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # so that its workers are one group with it
        )

    @staticmethod
    def wait_for_workers(process: subprocess.Popen) -> None:
        """Wait until the workers of a killed process have seen that it is gone."""
        for _ in range(300):
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)
        raise AssertionError("workers outlive their parent by 30 s")

    @pytest.mark.timeout(300)
    @pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
    @pytest.mark.parametrize(("workers", "wanted"), [(1, 5), (2, 2), pytest.param(2, 5, marks=pytest.mark.slow)])
    def test_sigkill_at_random_moments(self, checked, tmp_path, workers, wanted):
        """Slow with two workers and many kills: their start is most of the time."""
        whole, out = tmp_path / "whole", tmp_path / "out"
        drain(pack(checked, whole, Packing(tuple(buckets.around(64)), shard=2)))
        moments, finished, kills = random.Random(workers), {}, 0
        for _ in range(40):
            process = self.start(checked, out, workers)
            target = sum(1 for _ in out.glob("*/*.json")) + moments.randint(0, 3)
            while process.poll() is None and sum(1 for _ in out.glob("*/*.json")) < target:
                time.sleep(0.001)
            time.sleep(moments.uniform(0, 0.3) if not target else moments.uniform(0, 0.01))
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.wait_for_workers(process)
            kills += process.returncode == -signal.SIGKILL
            for shard, stamp in finished.items():
                assert shard.stat().st_mtime_ns == stamp, f"{shard.name} was written again"
            for index in out.glob("*/*.json"):
                assert read_index(index.parent, int(index.stem)) is not None
                finished[index.with_suffix(".tar")] = index.with_suffix(".tar").stat().st_mtime_ns
            if kills >= wanted and finished:
                break
            if process.returncode == 0:  # it was quicker than the kill: from the beginning
                shutil.rmtree(out)
                finished.clear()
        assert kills >= wanted
        process = self.start(checked, out, workers)
        assert process.wait(120) == 0
        assert content(out) == content(whole)
        assert not list(out.rglob("*.tmp"))


def test_the_same_frames_give_the_same_film():
    """Moving discs, which x264 on one thread encoded in up to seven ways before its processor-dependent routines were off."""
    for seed in (100, 103, 110):
        assert len({clip(pan(seed, 13, 96)) for _ in range(8)}) == 1


class TestBuckets:
    def test_names_and_sizes(self):
        assert [bucket.name for bucket in buckets.around(128)] == ["128x128", "192x128", "128x192"]
        for size in range(32, 337, 16):
            for bucket in buckets.around(size):
                assert min(bucket.width, bucket.height) == size

    @given(some.integers(1, 9000), some.integers(1, 9000), some.integers(2, 10))
    def test_a_crop_is_never_distorted(self, width, height, size):
        bucket = buckets.nearest(width, height, buckets.around(32 * size))
        left, top, right, bottom = buckets.centred((0, 0, width, height), bucket)
        assert 0 <= left < right <= width + 1e-6 and 0 <= top < bottom <= height + 1e-6
        assert (right - left) / (bottom - top) == pytest.approx(bucket.width / bucket.height, rel=1e-9)
        assert right - left == pytest.approx(width) or bottom - top == pytest.approx(height)
        others = [buckets.centred((0, 0, width, height), other) for other in buckets.around(32 * size)]
        area = (right - left) * (bottom - top)
        assert area >= max((b[2] - b[0]) * (b[3] - b[1]) for b in others) * (1 - 1e-9)  # the nearest keeps most

    def test_a_circle_stays_a_circle(self, tmp_path):
        image = Image.new("RGB", (700, 430), "white")
        ImageDraw.Draw(image).ellipse((250, 115, 450, 315), fill="black")
        ImageDraw.Draw(image).line((0, 0, 700, 430), fill="red", width=9)
        folder = write(tmp_path / "set", {"a.jpg": (data(image, "JPEG", quality=95), {})})
        drain(check(folder, Demands(keep=("blurred",))))
        drain(pack(folder, tmp_path / "out", Packing(tuple(buckets.around(128)))))
        pixels = open_folders(tmp_path / "out")[0].pixels[0, 0].astype(int)
        black = pixels.sum(axis=2) < 200
        rows, columns = (np.flatnonzero(black.any(axis=axis)) for axis in (1, 0))
        assert abs(np.ptp(rows) - np.ptp(columns)) <= 1

    def test_a_large_photograph_with_bars_is_not_made_coarse(self, tmp_path):
        """JPEGs are decoded at a fraction, but never at less than what the crop needs."""
        image = Image.new("RGB", (2400, 1800), "black")
        image.paste(scene(1, 800, 600).resize((2400, 600)), (0, 600))
        folder = write(tmp_path / "set", {"a.jpg": (data(image, "JPEG", quality=95), {})})
        drain(check(folder))
        drain(pack(folder, tmp_path / "out", Packing((Bucket(256, 256),))))
        (row,) = Rows(tmp_path / "out" / "256x256")
        with Image.open(folder / "a.jpg") as whole:
            best = np.asarray(whole.resize((256, 256), Image.Resampling.LANCZOS, box=row["crop"]["box"])).astype(float)
        got = open_folders(tmp_path / "out")[0].pixels[0, 0].astype(float)
        assert np.abs(got - best).mean() < 3

    @given(some.integers(1, 400), some.sampled_from([None, 5.0, 12.0, 12.5, 23.976, 30.0, 60.0]), some.integers(5, 60))
    def test_frames_are_evenly_spaced_and_inside(self, frames, rate, most):
        chosen, new = buckets.thin(frames, rate, 12.0, most)
        assert len(chosen) in (0, *buckets.CLIP_FRAMES) and len(chosen) <= most
        if chosen:
            assert 0 <= chosen[0] and chosen[-1] < frames and len(set(np.diff(chosen).tolist())) == 1
            assert new is None if rate is None else new == pytest.approx(rate / (chosen[1] - chosen[0]))
            assert new is None or rate is None or 8 <= new <= 18 or (rate < 8 and new == rate)

    def test_refused(self):
        with pytest.raises(SizeError, match="no bucket"):
            buckets.read_buckets([])
        with pytest.raises(SizeError):
            Bucket(100, 64)
        with pytest.raises(SettingError, match="known"):
            Packing(format="bmp")
