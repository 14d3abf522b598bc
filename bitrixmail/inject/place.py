"""Where this machine's server is; in the installed program these lines are its own.

`bitrixmail sendmail install` writes them. Sizes in octets, 0: any.
"""

FOLDER = ""
MOST_OCTETS = 0
COMMAND: tuple[str, ...] = ("bitrixmail",)
