"""Our errors in Pipecat's categories."""

from __future__ import annotations

from pipecat.utils.errors import ErrorCategory

from pipecat_voicelive.errors import AuthenticationError, ConnectionFailedError


def category_of(exception: Exception) -> ErrorCategory | None:
    """The category of one of our errors, None for any other."""
    match exception:
        case AuthenticationError(status=403):
            return ErrorCategory.AUTHORIZATION
        case AuthenticationError():
            return ErrorCategory.AUTHENTICATION
        case ConnectionFailedError(status=429):
            return ErrorCategory.RATE_LIMIT
        case ConnectionFailedError(status=400 | 404):
            return ErrorCategory.INVALID_REQUEST
        case ConnectionFailedError():
            return ErrorCategory.CONNECTIVITY
        case _:
            return None
