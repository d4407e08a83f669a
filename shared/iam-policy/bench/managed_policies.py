#!/usr/bin/env python3
"""The policies that AWS manages, as the bench reads them, from the PyPI package `moto` (Apache-2.0).

    python3 managed_policies.py documents     one JSON object a line on standard output: name, document; by name
    python3 managed_policies.py pairs         data/pairs.txt anew, on standard output

`moto` has to be installed for this Python in the version that MOTO names; it is read, not imported, and needs none of its
own dependencies. `make bench-policy` does the first. The second is for a change of MOTO or of the rule below.

The rule of the pairs. Related ones first, of which a comparison has most to do:
- the policies of one service, that is those whose names are equal without FullAccess, ReadOnlyAccess and their like and
  without a version: each with each other one, both ways;
- AdministratorAccess, PowerUserAccess, ReadOnlyAccess, SecurityAudit and ViewOnlyAccess with every policy that has Lambda
  in its name and with each other, both ways;
- the policies with Lambda in their names, each with the one that follows by name.
Then unrelated ones, until there are PAIRS: the numbers 0, 1, 2, ... are hashed with SHA-256, and the first two groups of
eight bytes, modulo the number of policies, are the places of the two by name. A pair that is there already is left out.
"""

import ast
import hashlib
import importlib.util
import json
import re
import sys
from itertools import permutations
from pathlib import Path

MOTO = "5.2.5"
PAIRS = 2_000

WIDE = ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "SecurityAudit", "ViewOnlyAccess"]
KIND = re.compile(r"[_-]?(Full|ReadOnly|Read|Write|ReadWrite|PowerUser|Admin|Administrator|Console)+_?(Access|Only)?$")
VERSION = re.compile(r"[_-]?[vV]\d+$")


def documents():
    spec = importlib.util.find_spec("moto")
    if spec is None:
        raise SystemExit(f"moto is not installed; run `pip install --no-deps moto=={MOTO}`")
    package = Path(spec.origin).parent
    if not (package.parent / f"moto-{MOTO}.dist-info").is_dir():
        raise SystemExit(f"moto is there in another version; run `pip install --no-deps moto=={MOTO}`")
    module = ast.parse((package / "iam" / "aws_managed_policies.py").read_text(encoding="utf-8"))
    text = next(
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "aws_managed_policies_data"
    )
    return {name: policy["Document"] for name, policy in sorted(json.loads(text).items())}


def service(name):
    return KIND.sub("", VERSION.sub("", name))


def related(names):
    for wide in permutations(WIDE, 2):
        yield wide
    lambdas = [name for name in names if "Lambda" in name]
    for name in lambdas:
        for wide in WIDE:
            yield name, wide
            yield wide, name
    yield from zip(lambdas, lambdas[1:])
    families = {}
    for name in names:
        families.setdefault(service(name), []).append(name)
    for family in families.values():
        yield from permutations(family, 2)


def unrelated(names):
    number = 0
    while True:
        digest = hashlib.sha256(str(number).encode()).digest()
        first, second = (int.from_bytes(digest[at : at + 8], "big") % len(names) for at in (0, 8))
        if first != second:
            yield names[first], names[second]
        number += 1


def pairs(names):
    chosen = dict.fromkeys(related(names))
    for pair in unrelated(names):
        if len(chosen) == PAIRS:
            return list(chosen)
        chosen[pair] = None


def main(arguments):
    policies = documents()
    if arguments == ["documents"]:
        for name, document in policies.items():
            print(json.dumps({"name": name, "document": document}, separators=(",", ":"), ensure_ascii=False))
    elif arguments == ["pairs"]:
        print(f"# AWS managed policies of moto {MOTO}, two a line: is the first within the second? By managed_policies.py.")
        for inner, outer in pairs(list(policies)):
            print(inner, outer)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
