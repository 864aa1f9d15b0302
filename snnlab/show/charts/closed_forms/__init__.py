"""Pictures that compute their numbers in the browser, without Python and without internet access.

Each consists of a few Vega-Lite charts with the same parameters. Their data are sequences of whole
numbers; their values are expressions of Vega. These repeat equations of the kit in another
language, and tests compare both.
"""
