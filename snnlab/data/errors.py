"""The one error of the data room."""


class DataError(ValueError):
    """A data set cannot be found, read or split as asked.

    The message quotes what was given and says what would be valid.
    """
