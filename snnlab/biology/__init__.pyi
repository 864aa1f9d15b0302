from .channel_noise import ThresholdFit as ThresholdFit
from .channel_noise import first_spikes as first_spikes
from .channel_noise import fit_threshold as fit_threshold
from .channel_noise import pulse_response as pulse_response
from .hodgkin_huxley import MembraneTrace as MembraneTrace
from .hodgkin_huxley import simulate_membrane as simulate_membrane
