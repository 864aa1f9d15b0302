from .timesteps import Certificate as Certificate
from .timesteps import certify as certify
from .timesteps import convert as convert
