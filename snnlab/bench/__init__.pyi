from .spec import SpeedConfig as SpeedConfig
from .speed import Row as Row
from .speed import Speed as Speed
from .speed import measure_speed as measure_speed
