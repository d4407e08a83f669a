"""Tells the story, and says so where it goes otherwise."""

from __future__ import annotations

import botocore.exceptions

from . import scenes
from .observer import Observer
from .screen import Screen, Style
from .story import NotAsTold

_LOG_LINES = 5


def is_as_told(screen: Screen, url: str, environment: dict[str, str]) -> bool:
    """Tell it; False where something was not as told, which is then on the screen."""
    try:
        scenes.tell(scenes.set_the_scene(screen, url, environment))
    except NotAsTold as difference:
        _explain(screen, url, difference.expected, difference.saw)
        return False
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        _explain(screen, url, "the local account to do what it was asked", str(error))
        return False
    screen.blank()
    return True


def _explain(screen: Screen, url: str, expected: str, saw: str) -> None:
    screen.blank()
    screen.say("This is not what should have happened.", Style.BAD)
    screen.say(f"expected  {expected}")
    screen.say(f"saw       {saw}")
    complaints = Observer(url).complaints()[-_LOG_LINES:]
    if complaints:
        screen.say("Ringfence's last words in its logs:")
        for line in complaints:
            screen.say(f"- {line}", Style.QUIET)
