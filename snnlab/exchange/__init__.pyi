from .nir_reading import from_nir as from_nir
from .nir_reading import read_nir as read_nir
from .nir_writing import to_nir as to_nir
from .nir_writing import write_nir as write_nir
from .onnx_writing import write_onnx as write_onnx
