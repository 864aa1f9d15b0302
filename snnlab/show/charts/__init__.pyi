from .neuron import firing_chart as firing_chart
from .neuron import potential_chart as potential_chart
from .neuron import residual_chart as residual_chart
from .residuals import layer_chart as layer_chart
from .runs import accuracy_chart as accuracy_chart
from .runs import cost_chart as cost_chart
from .runs import training_chart as training_chart
from .sigma_map import sigma_map_chart as sigma_map_chart
