from .accuracy import accuracy_chart as accuracy_chart
from .cost import cost_chart as cost_chart
from .firing import firing_chart as firing_chart
from .layers import layer_charts as layer_charts
from .potential import potential_chart as potential_chart
from .residual import residual_chart as residual_chart
from .training import training_chart as training_chart
