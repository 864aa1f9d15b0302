from .navigation import main as main
