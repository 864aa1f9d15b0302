from .conversion.folding import streamline as streamline
from .conversion.noise_calibration import calibrate_noise as calibrate_noise
from .conversion.timesteps import Certificate as Certificate
from .conversion.timesteps import convert as convert
from .data.images import Data as Data
from .data.images import Images as Images
from .data.sources import load_data as load_data
from .learning.fit import fit as fit
from .learning.objectives import BPTT as BPTT
from .learning.objectives import PlainANN as PlainANN
from .learning.objectives import SingleStep as SingleStep
from .learning.spec import Training as Training
from .measure.accuracy import accuracy as accuracy
from .measure.accuracy import accuracy_against_timesteps as accuracy_against_timesteps
from .measure.residuals import residuals as residuals
from .network.models import build as build
from .network.net import ANN as ANN
from .network.net import SpikingNet as SpikingNet
from .network.probes import record as record
from .network.spec import Architecture as Architecture
from .neuron.layer import NeuronLayer as NeuronLayer
from .neuron.spec import Neuron as Neuron
from .neuron.spec import Noise as Noise
from .neuron.spec import Surrogate as Surrogate
from .neuron.transfer import firing_probability as firing_probability
from .neuron.transfer import multi_step_rate as multi_step_rate

__version__: str
