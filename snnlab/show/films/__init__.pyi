from .film import Chapter as Chapter
from .film import Film as Film
from .idea import example_idea as example_idea
from .idea import idea as idea
from .race import race as race
