"""Pictures that compute by themselves on a web page: no Python behind them, and no network.

Each is a few charts in Vega-Lite with the same parameters. Their data are sequences of whole
numbers, their values expressions of Vega: the second writing of an equation of the kit, which tests
hold equal to the first.
"""
