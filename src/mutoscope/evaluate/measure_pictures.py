"""The measures of pictures: facts as asked, styles both ways, sets against renders, copies, free wording, things, the codec."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from mutoscope.errors import MissingExtraError
from mutoscope.evaluate import things
from mutoscope.evaluate.evaluation import Evaluation, Pictures, list_answers, summarise
from mutoscope.evaluate.fidelity import align_texts, compare_sets, find_copies, plant_copies
from mutoscope.evaluate.intervals import bootstrap_mean
from mutoscope.evaluate.prompt_sets import DEVELOPMENT_FILES, HASH_LENGTH, BlindSet
from mutoscope.evaluate.prompts import REFERENCE_SEED, SEED, Question, ask_free_prompts, draw_known_scenes, pair_styles
from mutoscope.evaluate.renders import PICTURE_SIDE, soften
from mutoscope.evaluate.restoration import psnr, ssim
from mutoscope.evaluate.sheets import draw_sheets
from mutoscope.evaluate.tally import count_mixups, examine, floor, share
from mutoscope.evaluate.thing_reader import ThingReader, load_thing_reader
from mutoscope.events import Event

CODEC_PICTURES = 100  # that PSNR and SSIM are measured on, at most
Events = Generator[Event, None, None]
Sets = dict[str, Pictures]  # "generated", "renders", "softened renders": the same scenes in the same order


def measure_pictures(run: Evaluation, questions: list[Question]) -> Generator[Event, None, Sets]:
    """Pictures of held-out combinations; beside them renders of exactly the same scenes, sharp and softened. Returns them."""
    pictures = yield from run.draw(questions, "draw")
    renders = yield from run.render([q.spec for q in questions if q.spec], "render")
    sets = {"generated": pictures, "renders": renders, "softened renders": [soften(picture) for picture in renders]}
    read = {name: run.judge.classify(rows) for name, rows in sets.items()}
    asked, styles = [q.asked for q in questions], [q.style for q in questions]
    run.numbers["pictures"] = {
        "n": len(questions),
        "combinations": len({(q.spec.scene, q.spec.light, q.style) for q in questions if q.spec}),
        "world_seed": SEED,
        **{name.replace("softened ", "soft_"): examine(asked, rows, styles) for name, rows in read.items()},
        "floor": floor(asked, read["generated"]),
        "mixups": count_mixups(asked, read["generated"]),
        "answers": list_answers(questions, read["generated"]),
    }
    run.sheets["pictures"] = draw_sheets(pictures, asked, read["generated"])
    _measure_texts(run, questions, sets)
    return sets


def _measure_texts(run: Evaluation, questions: list[Question], sets: Sets) -> None:
    """How well pictures fit their prompts: TextSim-own, and CLIPScore where its network is here."""
    prompts = [q.prompt for q in questions]
    seen = {name: run.judge.embed_pictures(rows) for name, rows in sets.items()}
    run.numbers["text"] = align_texts(seen, run.judge.embed_texts(prompts))
    if run.standard and run.standard.clip:
        run.add_standard("CLIPScore", {name: run.standard.clip_score(rows, prompts) for name, rows in sets.items()})


def measure_styles(run: Evaluation, questions: list[Question], sets: Sets) -> Events:
    """The same scenes and seeds with the style in the prompt and with the style as an argument."""
    pairs = pair_styles(questions, run.model.known)
    if not pairs:
        run.missing["styles, both ways"] = "no scene that was asked for has a style other than photo"
        return
    places = {q.seed: place for place, q in enumerate(questions)}
    rows = [places[pair.in_prompt.seed] for pair in pairs]
    in_argument = yield from run.draw([pair.as_argument for pair in pairs], "draw styles", style_argument=True)
    asked, styles = [pair.in_prompt.asked for pair in pairs], [pair.in_prompt.style for pair in pairs]
    read = {
        "prompt": run.judge.classify([sets["generated"][row] for row in rows]),
        "argument": run.judge.classify(in_argument),
        "renders": run.judge.classify([sets["renders"][row] for row in rows]),
    }
    run.numbers["styles"] = {
        "n": len(pairs),
        "world_seed": SEED,
        **{way: examine(asked, answers, styles) for way, answers in read.items()},
        "floor": {way: floor(asked, read[way]) for way in ("prompt", "argument")},
        "answers": list_answers([pair.as_argument for pair in pairs], read["argument"]),
    }
    run.sheets["styles"] = draw_sheets(in_argument, asked, read["argument"])


def measure_sets(run: Evaluation, sets: Sets) -> Generator[Event, None, Pictures]:
    """Sets of pictures against renders of other scenes; returns those renders."""
    scenes = draw_known_scenes(run.model.known, REFERENCE_SEED)
    reference = yield from run.render([next(scenes) for _ in range(run.plan.reference)], "render reference")
    features = {name: run.judge.features(rows) for name, rows in sets.items()}
    run.numbers["fidelity"] = {
        "n": run.plan.count,
        "reference": len(reference),
        "world_seed": REFERENCE_SEED,
        **compare_sets(features, run.judge.features(reference)),
    }
    if run.standard and run.standard.inception:
        rows = {name: run.standard.distances(pictures, reference) for name, pictures in sets.items()}
        for metric in ("FID", "KID"):
            run.add_standard(metric, {name: part[metric] for name, part in rows.items()})
    return reference


def measure_copies(run: Evaluation, pictures: Pictures, reference: Pictures, training: Pictures | None) -> None:
    """Look for copies among the pictures; all others go through the model's codec, as a copy out of its memory would."""
    if training is None:
        run.missing["memorisation"] = "give the pictures it learned from: --training DIR"
        return
    others = [_reconstruct(run, rows) for rows in (reference, training, plant_copies(training))]
    run.numbers["memorisation"] = find_copies(*(run.judge.features(rows) for rows in (pictures, *others)))


def _reconstruct(run: Evaluation, pictures: Pictures) -> Pictures:
    """Return pictures through the model's codec and back, as they are where it has none."""
    if run.model.reconstruct is None:
        return pictures
    found: list[Any] = [None] * len(pictures)
    for size in {picture.shape for picture in pictures}:
        rows = [row for row, picture in enumerate(pictures) if picture.shape == size]
        for row, picture in zip(rows, run.model.reconstruct(np.stack([pictures[row] for row in rows])), strict=True):
            found[row] = picture
    return found


def measure_free_prompts(run: Evaluation) -> Events:
    """The free-worded prompts of the development set."""
    questions = ask_free_prompts(run.model.known)
    if not run.plan.free or not questions:
        return
    pictures = yield from run.draw(questions, "draw free")
    read = run.judge.classify(pictures)
    run.numbers["free"] = {"development_set": DEVELOPMENT_FILES[0], **summarise(questions, read)}
    run.sheets["free"] = draw_sheets(pictures, [q.asked for q in questions], read)


def measure_blind_set(run: Evaluation, blind: BlindSet | None, questions: list[Question]) -> Events:
    """The prompts of a blind set. Nothing of them is kept but figures: no prompt, no answer and no picture."""
    if blind is None:
        run.missing["blind set"] = "needs prompts that are not in the repository: --blind FILE"
        return
    pictures = yield from run.draw(questions, "draw blind set")
    found = summarise(questions, run.judge.classify(pictures))
    del found["answers"]
    run.numbers["blind"] = {
        "sha256": blind.sha256[:HASH_LENGTH], "date": blind.date, "prompts": len(blind.prompts), **found
    }  # fmt: skip


def measure_things(run: Evaluation) -> Events:
    """Pictures of scenes with things, read for kind, number and side; beside them renders of the scenes that have a sprite."""
    try:
        reader = load_thing_reader()
    except MissingExtraError as error:
        run.missing["things"] = str(error)
        return
    questions = things.ask_things(run.plan.things, run.model.known, reader.card["labels"]["object"])
    if not questions:
        run.missing["things"] = "this model's training had no things" if run.plan.things else "none were asked for"
        return
    pictures = yield from run.draw(questions, "draw things")
    asked, read = [q.asked for q in questions], reader.classify(pictures)
    run.numbers["things"] = {
        **summarise(questions, read),
        "reader": reader.provenance(),
        "world_seed": things.SEED,
        "mixups": count_mixups(asked, read),
    }
    run.sheets["things"] = draw_sheets(pictures, asked, read)
    yield from _render_things(run, questions, reader)


def _render_things(run: Evaluation, questions: Sequence[Question], reader: ThingReader) -> Events:
    """What the reader reads right of renders of the same scenes."""
    if run.sprites is None:
        run.missing["things, renders of the same scenes"] = "give the pictures of things: --sprites SETS"
        return
    specs = things.add_sprites(questions, run.sprites)
    renders = yield from run.render([spec for spec in specs if spec], "render things", run.sprites)
    asked = [q.asked for q, spec in zip(questions, specs, strict=True) if spec]
    run.numbers["things"]["renders"] = share(asked, reader.classify(renders))


def measure_codec(run: Evaluation, renders: Pictures) -> None:
    """What the codec gives back of renders."""
    if run.model.reconstruct is None:
        run.missing["codec"] = "the model has no encoder"
        return
    pictures = np.stack(renders[:CODEC_PICTURES])
    decoded = run.model.reconstruct(pictures)
    run.numbers["codec"] = {
        "PSNR": bootstrap_mean(psnr(pictures, decoded)),
        "SSIM": bootstrap_mean(ssim(pictures, decoded)),
        "side": PICTURE_SIDE,
    }
