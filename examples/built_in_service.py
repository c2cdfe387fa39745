"""Pipecat's built-in service in a call with the simulator, over TLS because it takes nothing else.

python examples/built_in_service.py
"""

import asyncio

from pipecat.services.azure.voice_live.llm import AzureVoiceLiveLLMService
from pipecat.services.llm_service import FunctionCallParams

from offline import Aloud, call, print_conversation, voice_live

SCENARIO = {
    "turns": [
        {
            "user": "How warm is it in Lisbon?",
            "call": {"name": "get_temperature", "arguments": {"city": "Lisbon"}},
            "then": "It is {result.celsius} degrees in Lisbon.",
        },
        {"user": "Thank you.", "say": "You are welcome."},
    ]
}


async def get_temperature(params: FunctionCallParams, city: str) -> None:
    """Get the temperature in a city.

    Args:
        params: What Pipecat gives to every function.
        city: The city.
    """
    await params.result_callback({"city": city, "celsius": 21})


async def main() -> None:
    async with voice_live(SCENARIO, tls=True) as connection:
        llm = AzureVoiceLiveLLMService(
            **connection, settings=AzureVoiceLiveLLMService.Settings(model="gpt-realtime")
        )
        context = await call(
            llm, None, Aloud("How warm is it in Lisbon?"), Aloud("Thank you."), tools=[get_temperature]
        )
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
