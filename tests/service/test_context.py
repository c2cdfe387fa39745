"""What the service has to be told of a context, and what it knows of itself."""

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import AdapterType, ToolsSchema
from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage

from pipecat_voicelive.service.context import ContextReader, VoiceLiveLLMAdapter, history_items, tool_output
from pipecat_voicelive.session.effects import TextDelta, ToolCall, ToolCalls, UserTranscript


def told(items):
    return [(item.role or item.type, item.words or item.output or item.name) for item in items]


def test_a_history_becomes_items_one_by_one_with_roles_and_tool_pairs():
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "L"}'}}
    history = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"t": 21}'},
        {"role": "assistant", "content": "It is 21."},
        {"role": "developer", "content": "Be brief."},
    ]
    items = history_items(history)
    assert told(items) == [
        ("user", "Weather?"),
        ("function_call", "get_weather"),
        ("function_call_output", '{"t": 21}'),
        ("assistant", "It is 21."),
        ("system", "Be brief."),
    ]
    assert items[1].call_id == items[2].call_id == "c1"
    assert [part.type for item in items for part in item.content or ()] == [
        "input_text",
        "text",
        "input_text",
    ]


def test_parts_of_text_and_images_are_kept_in_order():
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    (item,) = history_items([{"role": "user", "content": content}])
    assert [(part.type, part.text or part.image_url) for part in item.content] == [
        ("input_text", "What is this?"),
        ("input_image", "data:image/png;base64,AAAA"),
    ]


def test_a_call_that_still_runs_is_left_out_of_a_history():
    calls = [
        {"id": i, "type": "function", "function": {"name": i, "arguments": "{}"}} for i in ("sync", "async")
    ]
    history = [
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "sync", "content": "IN_PROGRESS"},
        async_tool_messages.build_started_message("async"),
        {"role": "user", "content": "Well?"},
    ]
    assert told(history_items(history)) == [("user", "Well?")]


def test_a_first_look_finds_everything_but_the_system_prompt_and_what_was_spoken():
    context = LLMContext([{"role": "system", "content": "prompt"}, {"role": "assistant", "content": "Hi."}])
    reader = ContextReader()
    reader.transcribed("Hello.")
    context.add_message({"role": "user", "content": "Hello."})
    news = reader.news(context)
    assert told(news.items) == [("assistant", "Hi.")]
    assert news.spoken


def test_a_system_prompt_that_comes_into_an_empty_context_is_no_message_either():
    context = LLMContext()
    reader = ContextReader()
    reader.news(context)
    context.add_message({"role": "system", "content": "prompt"})
    context.add_message({"role": "user", "content": "typed"})
    assert told(reader.news(context).items) == [("user", "typed")]


def test_afterwards_only_what_the_service_cannot_know_is_new():
    context = LLMContext([{"role": "user", "content": "typed"}])
    reader = ContextReader()
    reader.news(context)
    reader.transcribed("spoken one")
    reader.transcribed("spoken two")
    for message in (
        {"role": "assistant", "content": "an answer"},
        {"role": "user", "content": "spoken one spoken two"},
        {"role": "tool", "tool_call_id": "c", "content": "result"},
        {"role": "user", "content": "typed again"},
        LLMSpecificMessage(llm="other", message={}),
        {"role": "developer", "content": "told"},
    ):
        context.add_message(message)
    news = reader.news(context)
    assert told(news.items) == [("user", "typed again"), ("system", "told")]
    assert not news.spoken
    assert not news.rebuilt
    assert reader.news(context).items == ()


def test_a_spoken_turn_is_known_also_when_its_tools_were_called_before_it_was_looked_at():
    context, reader = LLMContext([]), ContextReader()
    reader.news(context)
    reader.transcribed("weather?")
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    context.add_message({"role": "user", "content": "weather?"})
    context.add_message({"role": "assistant", "tool_calls": [call]})
    assert reader.news(context).spoken


def test_what_was_spoken_counts_once_so_the_same_words_typed_are_new():
    context, reader = LLMContext([]), ContextReader()
    reader.news(context)
    reader.transcribed("yes")
    context.add_message({"role": "user", "content": "yes"})
    assert reader.news(context).spoken
    context.add_message({"role": "user", "content": "yes"})
    news = reader.news(context)
    assert told(news.items) == [("user", "yes")]
    assert not news.spoken


def test_a_turn_that_the_aggregator_wrote_differently_is_still_known():
    context, reader = LLMContext([]), ContextReader()
    reader.news(context)
    for transcript in ("first", "muted away", "third"):
        reader.transcribed(transcript)
    reader.turn_written("first third")
    context.add_message({"role": "user", "content": "first third"})
    assert reader.news(context).spoken


@pytest.mark.parametrize("change", ["shorter", "replaced", "same length"])
def test_a_context_that_was_replaced_is_noticed(change):
    context, reader = LLMContext([{"role": "user", "content": str(n)} for n in range(3)]), ContextReader()
    reader.news(context)
    length = {"shorter": 1, "replaced": 5, "same length": 3}[change]
    context.set_messages([{"role": "user", "content": f"new {n}"} for n in range(length)])
    assert reader.news(context).rebuilt
    assert not reader.news(context).rebuilt


@pytest.mark.parametrize(
    ("result", "output"),
    [
        ({"t": 21}, '{"t": 21}'),
        ("already text", "already text"),
        ("grüß", "grüß"),
        ({"city": "Köln"}, '{"city": "Köln"}'),
        ([1, 2], "[1, 2]"),
        (None, "COMPLETED"),
        ("", "COMPLETED"),
        ({}, "COMPLETED"),
    ],
)
def test_a_result_is_encoded_exactly_once(result, output):
    assert tool_output(result) == output


def test_tools_of_the_wire_travel_beside_functions():
    mcp = {"type": "mcp", "server_label": "docs", "server_url": "https://mcp.example"}
    schema = ToolsSchema(
        [FunctionSchema("f", "d", {"x": {"type": "string"}}, ["x"])],
        custom_tools={AdapterType.OPENAI: [mcp]},
    )
    tools = VoiceLiveLLMAdapter().to_provider_tools_format(schema)
    assert [tool["type"] for tool in tools] == ["function", "mcp"]


def test_what_is_logged_of_a_context_holds_no_words():
    context = LLMContext([{"role": "user", "content": "SECRET"}, {"role": "user", "content": "SECRET"}])
    assert VoiceLiveLLMAdapter().get_messages_for_logging(context) == [{"role": "user", "messages": 2}]


def test_parts_that_a_conversation_cannot_hold_are_named_once(caplog_loguru):
    reader = ContextReader()
    paper = {
        "type": "file_base64",
        "file": {"mime_type": "application/pdf", "file_data": "x", "filename": ""},
    }
    context = LLMContext([{"role": "user", "content": [{"type": "text", "text": "Read this."}, paper]}])
    (item,) = reader.news(context).items
    assert item.words == "Read this."
    context.add_message({"role": "user", "content": [{"type": "text", "text": "And this."}, paper]})
    reader.news(context)
    assert sum("file_base64" in line for line in caplog_loguru) == 1


def test_words_that_the_service_was_told_to_say_before_the_first_look_are_known_to_it():
    reader = ContextReader()
    reader.spoke("Welcome to the museum.")
    reader.spoke("Please wait.")
    heard = [
        {"role": "assistant", "content": text} for text in ("Welcome to", "Please wait.", "Please wait.")
    ]
    assert [item.words for item in reader.news(LLMContext(heard)).items] == ["Please wait."]


def test_what_was_said_and_called_before_the_first_look_is_known_to_the_service():
    reader = ContextReader()
    reader.note(UserTranscript("u1", "Weather?", None))
    for delta in ("Let me ", "see, it may take a while."):
        reader.note(TextDelta("r1", "i1", delta, spoken=True))
    reader.note(ToolCalls("r1", (ToolCall("c1", "look", {}),)))
    calls = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    context = LLMContext(
        [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": "Let me see,"},
            {"role": "assistant", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            {"role": "user", "content": "What do you say?"},
        ]
    )
    news = reader.news(context)
    assert [(item.role, item.words) for item in news.items] == [
        ("system", "Be brief."),
        ("user", "What do you say?"),
    ]
    assert not news.spoken
