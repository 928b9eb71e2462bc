"""Makes src/mutoscope/world/nouns.tsv: what each noun of the sprite sets is, where it belongs, how big it is, how it moves.

    python dev/make_nouns.py SETS      SETS = a folder of unpacked sprite sets (each with captions.jsonl)

A name of the sets becomes a noun when it passes the rules of `plain_name` and is either the name of an emoji or a
physical thing of WordNet 3.0 (Debian's wordnet-base in /usr/share/wordnet, read here only). RULES give facts by hypernym;
`dev/nouns_by_hand.tsv` has the last word: `noun kind places size motion`, `noun -` to leave a noun out, `old = noun` for another name.
"""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

from mutoscope.world.nouns import COLORS, plain_name

HERE = Path(__file__).parent
TABLE = HERE.parent / "src/mutoscope/world/nouns.tsv"
WORDNET = Path("/usr/share/wordnet")
PHYSICAL = {
    "05",
    "06",
    "08",
    "13",
    "17",
    "18",
    "20",
}  # lexicographer files: animal, artifact, body, food, object, person, plant
PREFIXES = (
    "animal products", "animal", "monsters", "amusement park", "modern music", "instruments", "instrument", "office",
    "kitchenware", "laundry", "school", "fitness", "food", "computer", "game", "medical", "lab", "rain", "party",
)  # fmt: skip
# The first hypernym that fits decides: kind, places, size, motion.
RULES = (
    ("bat", "animal", "air,plain", "tiny", "fly"),
    ("penguin", "animal", "ground,plain", "small", "walk"),
    ("duck", "animal", "water,ground,plain", "small", "bob"),
    ("swan", "animal", "water,plain", "small", "bob"),
    ("bird", "animal", "air,ground,plain", "small", "fly"),
    ("whale", "animal", "water,plain", "huge", "swim"),
    ("dolphin", "animal", "water,plain", "large", "swim"),
    ("shark", "animal", "water,plain", "large", "swim"),
    ("seal", "animal", "water,plain", "person", "swim"),
    ("fish", "animal", "water,plain", "small", "swim"),
    ("cephalopod", "animal", "water,plain", "small", "swim"),
    ("coelenterate", "animal", "water,plain", "small", "swim"),
    ("sea_turtle", "animal", "water,plain", "small", "swim"),
    ("butterfly", "animal", "air,plain", "tiny", "fly"),
    ("bee", "animal", "air,plain", "tiny", "fly"),
    ("dipterous_insect", "animal", "air,plain", "tiny", "fly"),
    ("invertebrate", "animal", "ground,plain", "tiny", "walk"),
    ("frog", "animal", "ground,plain", "tiny", "hop"),
    ("leporid", "animal", "ground,plain", "small", "hop"),
    ("kangaroo", "animal", "ground,plain", "person", "hop"),
    ("rodent", "animal", "ground,plain", "tiny", "walk"),
    ("equine", "animal", "ground,plain", "person", "walk"),
    ("bovine", "animal", "ground,plain", "person", "walk"),
    ("big_cat", "animal", "ground,plain", "person", "walk"),
    ("bear", "animal", "ground,plain", "person", "walk"),
    ("proboscidean", "animal", "ground,plain", "large", "walk"),
    ("dinosaur", "animal", "ground,plain", "large", "walk"),
    ("animal", "animal", "ground,plain", "small", "walk"),
    ("spacecraft", "vehicle", "air,plain", "large", "fly"),
    ("aircraft", "vehicle", "air,plain", "large", "fly"),
    ("vessel", "vessel", "water,plain", "large", "sail"),
    ("bicycle", "vehicle", "ground,plain", "person", "drive"),
    ("motorcycle", "vehicle", "ground,plain", "person", "drive"),
    ("train", "vehicle", "ground,plain", "large", "drive"),
    ("motor_vehicle", "vehicle", "ground,plain", "large", "drive"),
    ("wheeled_vehicle", "vehicle", "ground,plain", "person", "drive"),
    ("vehicle", "vehicle", "ground,plain", "person", "drive"),
    ("food", "food", "plain", "tiny", "none"),
    ("beverage", "food", "plain", "tiny", "none"),
    ("fruit", "food", "plain", "tiny", "none"),
    ("vegetable", "food", "plain", "tiny", "none"),
    ("flower", "plant", "plain", "tiny", "none"),
    ("tree", "plant", "ground,plain", "large", "none"),
    ("plant", "plant", "ground,plain", "small", "none"),
    ("plant_part", "plant", "plain", "tiny", "none"),
    ("imaginary_being", "person", "ground,plain", "person", "walk"),
    ("person", "person", "ground,plain", "person", "walk"),
    ("building", "building", "ground,plain", "huge", "none"),
    ("structure", "building", "ground,plain", "large", "none"),
    ("furniture", "furniture", "ground,plain", "person", "none"),
    ("clothing", "clothing", "plain", "small", "none"),
    ("footwear", "clothing", "plain", "small", "none"),
    ("ball", "toy", "ground,plain", "small", "spin"),
    ("toy", "toy", "ground,plain", "small", "none"),
    ("musical_instrument", "instrument", "plain", "small", "none"),
    ("tool", "tool", "plain", "small", "none"),
    ("weapon", "tool", "plain", "small", "none"),
    ("body_part", "body", "plain", "small", "none"),
    ("physical_entity", "object", "plain", "small", "none"),
)  # fmt: skip


class WordNet:
    """The nouns of WordNet: senses of a lemma, and everything above a sense."""

    def __init__(self, folder: Path):
        self._senses, self._synsets = {}, {}
        for line in (folder / "index.noun").read_text("ascii").splitlines():
            if line[0] != " ":
                parts = line.split()
                self._senses[parts[0]] = parts[-int(parts[2]) :]
        for line in (folder / "data.noun").read_text("utf-8").splitlines():
            if line[0] != " ":
                parts = line.split(" | ")[0].split()
                words = 2 * int(parts[3], 16)
                pointers = parts[5 + words :]
                above = [pointers[i + 1] for i in range(0, len(pointers) - 3, 4) if pointers[i] in ("@", "@i")]
                self._synsets[parts[0]] = (parts[1], [word.lower() for word in parts[4 : 4 + words : 2]], above)

    def senses(self, name: str) -> list[str]:
        """Return the physical ones of the first three senses, or []."""
        lemma = name.replace(" ", "_")
        for form in (lemma, lemma.removesuffix("s"), lemma.removesuffix("es")):
            if form in self._senses:
                return [sense for sense in self._senses[form][:3] if self._synsets[sense][0] in PHYSICAL]
        return []

    def first_is_physical(self, name: str) -> bool:
        senses = self._senses.get(name.replace(" ", "_"))
        return bool(senses) and self._synsets[senses[0]][0] in PHYSICAL

    def above(self, sense: str) -> set[str]:
        _, words, above = self._synsets[sense]
        return set(words).union(*map(self.above, above))


def read_names(sets: Path) -> tuple[set[str], Counter]:
    """Return the names of emoji, and how often each name occurs."""
    emoji, count = set(), Counter()
    for file in sorted(sets.glob("*/captions.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            name = plain_name(row["name"])
            if name and not row.get("symbol") and row.get("alpha"):
                count[name] += 1
                if file.parent.name.startswith("emoji_"):
                    emoji.add(name)
    return emoji, count


def read_hand() -> tuple[dict[str, tuple[str, ...]], dict[str, str], set[str]]:
    """Return (facts, other names, nouns left out) of nouns_by_hand.tsv."""
    facts, others, out = {}, {}, set()
    for line in (HERE / "nouns_by_hand.tsv").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if " = " in line:
            others.update(
                dict.fromkeys((old.strip() for old in line.split(" = ")[0].split(",")), line.split(" = ")[1].strip())
            )
        elif line.startswith("- "):
            out.update(word.strip() for word in line[2:].split(","))
        else:
            where, nouns = line.split(": ")
            facts.update({noun.strip(): tuple(where.split()) for noun in nouns.split(",")})
    return facts, others, out


def facts_of(wordnet: WordNet, noun: str) -> tuple[str, ...] | None:
    for name in (noun, noun.split()[-1]):
        for sense in wordnet.senses(name):
            above = wordnet.above(sense)
            for lemma, *facts in RULES:
                if lemma in above:
                    return tuple(facts)
    return None


def main(sets: Path) -> None:
    wordnet = WordNet(WORDNET)
    emoji, count = read_names(sets)
    facts, others, out = read_hand()
    rows, unsure = {}, []
    names = [
        name for name in count if name not in out and name not in others and name.split()[0] not in (*COLORS, "gray")
    ]
    for noun in sorted({*names, *others.values(), *facts} - out - {old for old, noun in others.items() if old != noun}):
        if (
            noun not in facts
            and noun not in emoji
            and noun not in others.values()
            and not wordnet.first_is_physical(noun)
        ):
            continue
        known = facts.get(noun) or facts_of(wordnet, noun)
        if known is None:
            unsure.append(noun)
            known = ("object", "plain", "small", "none")
        rows[noun] = known
    aliases = defaultdict(set)
    for old, noun in others.items():
        if old != noun:
            aliases[noun].add(old)
    for name in count:
        for prefix in PREFIXES:
            rest = name.removeprefix(prefix + " ")
            if rest != name and name not in rows and name not in out:
                if (noun := others.get(rest, rest)) in rows:
                    aliases[noun].add(name)
                break
    lines = ["\t".join((noun, *rows[noun], "|".join(sorted(aliases[noun])))).rstrip("\t") for noun in sorted(rows)]
    TABLE.write_text(
        "# noun, kind, places, size, motion, other names; made by dev/make_nouns.py\n" + "\n".join(lines) + "\n",
        "utf-8",
    )
    print(len(rows), "nouns;", len(unsure), "without a hypernym:", ", ".join(unsure))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
