"""The pictures of the documentation show what Ringfence tells today."""

from __future__ import annotations

import importlib.util
import unittest
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

_DOCS = Path(__file__).resolve().parents[3] / "docs"


def _pictures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_pictures", _DOCS / "make_pictures.py")
    if spec is None or spec.loader is None:
        raise AssertionError("docs/make_pictures.py cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Pictures(unittest.TestCase):
    def test_the_committed_ones_are_those_of_today(self) -> None:
        for name, draw in _pictures().PICTURES.items():
            with self.subTest(name):
                self.assertEqual((_DOCS / name).read_text("utf-8"), draw(), "run python3 docs/make_pictures.py")

    def test_the_email_is_the_whole_beginning_of_the_text(self) -> None:
        svg = _pictures().finding_email()
        shown = " ".join(ElementTree.fromstring(svg).itertext())
        for words in ("[CRITICAL] bounded:", "What", "Who", "Done", "Effect", "Next", "Undo", "PermissionsBoundary: arn:"):
            self.assertIn(words, shown)
