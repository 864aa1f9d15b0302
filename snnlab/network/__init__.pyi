from .models import build as build
from .net import ANN as ANN
from .net import SpikingNet as SpikingNet
from .net import Stage as Stage
from .net import StagedNet as StagedNet
from .probes import Recording as Recording
from .probes import record as record
from .spec import Architecture as Architecture
