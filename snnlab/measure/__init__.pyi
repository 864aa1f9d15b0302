from .accuracy import AccuracyCurve as AccuracyCurve
from .accuracy import accuracy as accuracy
from .accuracy import accuracy_against_timesteps as accuracy_against_timesteps
from .operations import fan_outs as fan_outs
from .residuals import ResidualSummary as ResidualSummary
from .residuals import residuals as residuals
