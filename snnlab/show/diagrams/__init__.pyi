from .diagram import Diagram as Diagram
from .folding import folding as folding
from .stages import stages as stages
from .timesteps import timesteps as timesteps
from .training import training as training
