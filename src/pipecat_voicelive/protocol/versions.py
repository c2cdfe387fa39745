"""The API versions of the service."""

from __future__ import annotations

DEFAULT_API_VERSION = "2026-07-15"
"""The version asked for unless another is named."""

API_VERSIONS = (
    "2025-05-01-preview",
    "2025-10-01",
    "2026-01-01-preview",
    "2026-04-10",
    "2026-06-01-preview",
    "2026-07-15",
)
"""Dated versions whose contract is known, oldest first."""
