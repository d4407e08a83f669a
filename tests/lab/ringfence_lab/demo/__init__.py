"""`make demo` and `make lab`: the story in the terminal, and a lab that stays up.

`command` is what the command line calls, `stage` gets Ringfence running, `story` and the scenes are what is told;
everything that prints is in `screen` and `progress`.
"""
