from .nir_writing import to_nir as to_nir
from .nir_writing import write_nir as write_nir
