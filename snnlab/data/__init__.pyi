from .drawn import as_image as as_image
from .images import Data as Data
from .images import Images as Images
from .sources import load_data as load_data
from .spec import CATALOGUE as CATALOGUE
from .spec import DataError as DataError
from .spec import DataSpec as DataSpec
from .spec import can_draw as can_draw
