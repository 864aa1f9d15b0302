from .navigation import main as main
from .opening import opened as opened
