from colorize.paint.painter import Painter as Painter

__version__: str
