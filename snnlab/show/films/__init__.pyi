from .film import Chapter as Chapter
from .film import Film as Film
from .race import race as race
