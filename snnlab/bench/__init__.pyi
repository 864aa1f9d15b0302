from .speed import Row as Row
from .speed import speed_rows as speed_rows
