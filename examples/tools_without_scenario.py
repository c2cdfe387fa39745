"""A bot's tools are called though there is no scenario: the simulator goes by their names and descriptions.

python examples/tools_without_scenario.py
"""

import asyncio

from pipecat.services.llm_service import FunctionCallParams

from offline import call, print_conversation, voice_live
from pipecat_voicelive import VoiceLiveLLMService


async def get_weather(params: FunctionCallParams, city: str):
    """Get the weather in a city.

    Args:
        params: Where the result goes.
        city: Name of the city.
    """
    print(f"(the weather in {city} is looked up)")
    await params.result_callback({"temperature": 21, "conditions": "sunny"})


async def main() -> None:
    async with voice_live(None) as connection:
        llm = VoiceLiveLLMService(**connection, settings=VoiceLiveLLMService.Settings(model="gpt-4.1"))
        context = await call(llm, "What is the weather in Lisbon?", tools=[get_weather])
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
