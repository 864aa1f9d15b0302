from .navigation import main as main
from .opening import get_started as get_started
from .opening import opened as opened
