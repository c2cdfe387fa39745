"""Which reply a conversation gets."""

import base64
import io

from PIL import Image

from pipecat_voicelive.protocol.items import ConversationItem, ItemContent
from pipecat_voicelive.simulator import Scenario
from pipecat_voicelive.simulator.brain import Brain
from pipecat_voicelive.simulator.replies import Call, Say, ToolRules
from pipecat_voicelive.simulator.templates import filled

SCENARIO = Scenario.from_dict(
    {
        "greeting": "Hello!",
        "turns": [
            {"user": "What is the weather in Lisbon?", "call": {"name": "weather"}, "then": "{result.sky}"},
            {"user": "Tell me a joke", "say": "Knock, knock."},
            {"user": r"order (\d+)", "say": "Found it.", "match": "pattern", "repeat": True},
            {"user": "Goodbye", "say": "Bye.", "match": "exact"},
        ],
        "otherwise": "Sorry?",
    }
)


def message(role, text, item_id):
    kind = "text" if role == "assistant" else "input_text"
    return ConversationItem(
        type="message", id=item_id, role=role, content=[ItemContent(type=kind, text=text)]
    )


def said(brain, *items, tools=("weather",)):
    reply = brain.reply(items, ToolRules(offered=tuple(tools)))
    assert len(reply.parts) == 1
    part = reply.parts[0]
    return part.text if isinstance(part, Say) else part


def test_nobody_has_spoken_so_it_greets():
    assert said(Brain(SCENARIO), message("system", "Be nice.", "s")) == "Hello!"


def test_a_typed_turn_takes_the_line_most_like_it():
    assert said(Brain(SCENARIO), message("user", "tell me a joke, please", "u")) == "Knock, knock."


def test_a_line_is_used_once():
    brain = Brain(SCENARIO)
    first, second = (message("user", "Tell me a joke", name) for name in "ab")
    assert said(brain, first) == "Knock, knock."
    assert said(brain, first, message("assistant", "Knock, knock.", "x"), second) == "Sorry?"


def test_a_repeatable_line_is_used_again():
    brain = Brain(SCENARIO)
    for name in "ab":
        assert said(brain, message("user", "Where is order 7?", name)) == "Found it."


def test_an_exact_line_wants_the_same_words_in_any_dress():
    assert said(Brain(SCENARIO), message("user", "GOODBYE!", "a")) == "Bye."
    assert said(Brain(SCENARIO), message("user", "Goodbye now", "a")) == "Sorry?"


def test_voice_turns_take_the_lines_in_order_but_for_those_that_nobody_can_say():
    brain = Brain(SCENARIO)
    heard = [brain.hear(name, 1000.0, []).turn for name in "abcd"]
    assert [turn and turn.user for turn in heard] == [
        "What is the weather in Lisbon?",
        "Tell me a joke",
        "Goodbye",
        None,
    ]


def test_a_replayed_history_has_used_its_lines():
    history = [message("user", "What is the weather in Lisbon?", "u"), message("assistant", "Sunny.", "a")]
    assert Brain(SCENARIO).hear("v", 1000.0, history).turn == SCENARIO.turns[1]


def test_an_answered_turn_is_not_answered_again():
    items = [message("user", "Tell me a joke", "u"), message("assistant", "Knock, knock.", "a")]
    assert said(Brain(SCENARIO), *items) == "Sorry?"


def test_a_call_is_made_and_its_output_told():
    brain = Brain(SCENARIO)
    asked = message("user", "What is the weather in Lisbon?", "u")
    assert said(brain, asked) == Call("weather", "{}")
    call = ConversationItem(type="function_call", id="c", call_id="1", name="weather", arguments="{}")
    output = ConversationItem(type="function_call_output", id="o", call_id="1", output='{"sky": "blue"}')
    assert said(brain, asked, call, output) == "blue"


def test_gaps_are_filled_from_what_is_there():
    values = {"result": {"a": [1, {"b": "x"}], "n": 1.5}, "results": {"f": True}, "user": {}}
    assert filled("{result.a.1.b} {result.n} {results.f} {result.a}", values) == 'x 1.5 true [1, {"b": "x"}]'


def test_doubled_braces_are_plain_ones():
    assert filled("{{result}} {result}", {"result": "text"}) == "{result} text"


def test_a_gap_that_cannot_be_filled_says_so():
    assert filled("{result.a.b} {other} {}", {"result": "text"}) == "(no result.a.b) (no other) {}"


def picture(color, item_id, text="", size=(30, 20)):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    words = [ItemContent(type="input_text", text=text)] if text else []
    return ConversationItem(
        type="message",
        id=item_id,
        role="user",
        content=[*words, ItemContent(type="input_image", image_url=url)],
    )


LOOK = Scenario.from_dict(
    {
        "turns": [
            {"user": "What is this?", "image": True, "say": "{image.color}, {image.width} by {image.height}"},
            {"user": "", "image": True, "say": "One of {image.count}.", "repeat": True},
        ],
        "otherwise": "Sorry?",
    }
)


def test_a_line_about_an_image_fits_once_one_was_shown():
    typed = message("user", "What is this?", "a")
    assert said(Brain(LOOK), typed) == "Sorry?"
    assert said(Brain(LOOK), picture("red", "p"), typed) == "red, 30 by 20"
    assert said(Brain(LOOK), picture("green", "p", "What is this?")) == "green, 30 by 20"


def test_the_newest_image_is_looked_at():
    typed = message("user", "What is this?", "a")
    assert said(Brain(LOOK), picture("red", "p"), picture("white", "q"), typed) == "white, 30 by 20"


def test_an_image_without_a_word_after_a_question_is_no_question():
    typed = message("user", "What is this?", "a")
    assert said(Brain(LOOK), picture("red", "p"), typed, picture("blue", "q")) == "blue, 30 by 20"


def test_images_without_a_word_are_answered_if_nothing_else_was_asked():
    assert said(Brain(LOOK), picture("red", "p"), picture("blue", "q")) == "One of 2."


def test_of_an_image_on_the_web_only_the_number_is_known():
    part = ItemContent(type="input_image", image_url="https://example.com/a.png")
    shown = ConversationItem(type="message", id="p", role="user", content=[part])
    assert said(Brain(LOOK), shown) == "One of 1."
    asked = message("user", "What is this?", "a")
    assert said(Brain(LOOK), shown, asked).startswith("(no image.color)")
