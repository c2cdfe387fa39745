"""What to do about what the service says in `error` events and failed responses, by its code.

Codes are those of the documentation of Voice Live, of the Azure OpenAI Realtime API behind it, and of what
both answer handshakes with. Those that are not here tell enough themselves, or nothing that helps.
"""

from __future__ import annotations

from typing import Final

_CREDENTIAL = "Check the key or the token, and that it belongs to this resource."
_MODEL = (
    "Check the model's name, and that the resource's region has it; with a `profile` it is the name of your "
    "deployment."
)
_QUOTA = "The quota of the resource is used up: raise it in the portal, or use another resource."
_FAULT = "The service failed: try again, and if it goes on, ask Azure's support with the session's id."

_BY_CODE: Final = {
    "401": _CREDENTIAL,
    "invalid_api_key": _CREDENTIAL,
    "unauthorized": _CREDENTIAL,
    "permissiondenied": "Give the identity the role Cognitive Services User, and wait five minutes.",
    "permission_denied": "Give the identity the role Cognitive Services User, and wait five minutes.",
    "authenticationtypedisabled": "The resource takes no keys: leave the key out, and sign in with a token.",
    "deploymentnotfound": _MODEL,
    "model_not_found": _MODEL,
    "model_not_supported": _MODEL,
    "unsupported_model": _MODEL,
    "unsupported_country_region_territory": "Use a resource in a region that has Voice Live.",
    "rate_limit_exceeded": "Wait before the next try, or raise the quota of the resource.",
    "toomanyrequests": "Wait before the next try, or raise the quota of the resource.",
    "429": "Wait before the next try, or raise the quota of the resource.",
    "insufficient_quota": _QUOTA,
    "quota_exceeded": _QUOTA,
    "billing_hard_limit_reached": _QUOTA,
    "billing_not_active": "Have the subscription paid for again.",
    "account_deactivated": "Have the subscription switched on again.",
    "content_filter": "Azure's content filter stopped it: change what is asked for, or the filter.",
    "context_length_exceeded": "The conversation is too long for this model: shorten instructions and tools.",
    "session_expired": "A session has an end: begin another.",
    "cannot_update_voice": "Set the voice before the bot has spoken.",
    "unknown_parameter": "Check its spelling; or leave it out, since this api_version may not have it.",
    "internal_error": _FAULT,
    "server_error": _FAULT,
}


def hint_for(code: str | None) -> str:
    """What to do about an error with this code, in a sentence; "" if that is not known."""
    return _BY_CODE.get((code or "").lower(), "")
