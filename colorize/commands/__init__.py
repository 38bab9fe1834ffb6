"""What can be typed behind ``colorize``: a module a command, each with ``run(arguments, root)``."""
