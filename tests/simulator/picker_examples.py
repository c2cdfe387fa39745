"""What people say to tools, and the calls that are meant.

`DEVELOPMENT` was looked at while the rules were written. `HELD_OUT` (the same tools) and `UNSEEN` (tools of
other trades) were measured once the rules stood still, and what they showed was mended. `FRESH` (again other
tools) was written and measured after that, and mended in turn.
"""

from pipecat_voicelive.simulator.tool_picker import Tool


def tool(name, description, properties, required=()):
    return Tool(name, description, {"type": "object", "properties": properties, "required": list(required)})


def text(description="", **members):
    return {"type": "string", "description": description, **members}


TOOLS = [
    tool(
        "get_weather",
        "Get the current weather for a city",
        {"location": text("City name"), "unit": text(enum=["celsius", "fahrenheit"])},
        ["location"],
    ),
    tool(
        "book_table",
        "Book a table at a restaurant",
        {
            "people": {"type": "integer", "description": "Number of guests"},
            "time": text("Date and time"),
            "name": text("Name of the caller"),
        },
        ["people", "time"],
    ),
    tool(
        "transfer_call",
        "Transfer the caller to a department",
        {"department": text(enum=["billing", "sales", "support"])},
        ["department"],
    ),
    tool("track_order", "Look up the status of an order", {"order_id": text("Order number")}, ["order_id"]),
    tool(
        "set_light",
        "Turn a light on or off and set brightness",
        {
            "room": text(enum=["kitchen", "bedroom", "living_room"]),
            "on": {"type": "boolean"},
            "brightness": {"type": "integer", "minimum": 0, "maximum": 100},
        },
        ["room"],
    ),
    tool(
        "send_email",
        "Send an email to someone",
        {"recipient": text("Person to send to"), "body": text("What to say")},
        ["recipient", "body"],
    ),
]

OTHER_TOOLS = [
    tool(
        "find_flights",
        "Search flights between two airports",
        {
            "origin": text("City of departure"),
            "destination": text("City of arrival"),
            "date": text("Day of travel"),
        },
        ["origin", "destination"],
    ),
    tool(
        "convert_currency",
        "Convert an amount of money into another currency",
        {
            "amount": {"type": "number", "description": "Amount of money"},
            "currency": text("Target currency", enum=["EUR", "USD", "GBP"]),
        },
        ["amount", "currency"],
    ),
    tool(
        "set_timer",
        "Start a timer",
        {"minutes": {"type": "integer", "description": "Length in minutes"}},
        ["minutes"],
    ),
    tool(
        "refill_prescription",
        "Order a refill of a prescription at the pharmacy",
        {"prescription_number": text("Number on the label", pattern="^RX\\d{4}$")},
        ["prescription_number"],
    ),
    tool("end_call", "Hang up the phone when the caller says goodbye", {}),
]

NO_TOOL = (None, {})

DEVELOPMENT = [
    ("what's the weather in Lisbon?", "get_weather", {"location": "Lisbon"}),
    ("is it raining in new york right now", "get_weather", {"location": "New York"}),
    ("Will it snow in Oslo tomorrow", "get_weather", {"location": "Oslo"}),
    ("Do I need an umbrella in Paris", "get_weather", {"location": "Paris"}),
    (
        "What's the temperature in Rome in fahrenheit?",
        "get_weather",
        {"location": "Rome", "unit": "fahrenheit"},
    ),
    ("Book a table for four at 7:30 pm", "book_table", {"people": 4, "time": "7:30 pm"}),
    (
        "I'd like to reserve a table for two people tomorrow at eight",
        "book_table",
        {"people": 2, "time": "tomorrow at eight"},
    ),
    (
        "can I get a dinner reservation for six on friday at noon under Maria",
        "book_table",
        {"people": 6, "time": "friday at noon", "name": "Maria"},
    ),
    ("we are a party of five, friday at 7 pm", "book_table", {"people": 5, "time": "friday at 7 pm"}),
    ("put me through to sales", "transfer_call", {"department": "sales"}),
    ("I want to talk to someone in billing", "transfer_call", {"department": "billing"}),
    ("connect me with support please", "transfer_call", {"department": "support"}),
    ("I was charged twice", "transfer_call", {"department": "billing"}),
    ("where is my order 55012", "track_order", {"order_id": "55012"}),
    ("track my package, 55012", "track_order", {"order_id": "55012"}),
    ("status of order AB-1234", "track_order", {"order_id": "AB-1234"}),
    ("turn on the kitchen light", "set_light", {"room": "kitchen", "on": True}),
    ("set the bedroom light to 40", "set_light", {"room": "bedroom", "brightness": 40}),
    ("make it dark in the living room", "set_light", {"room": "living_room"}),
    ("email David that I will be late", "send_email", {"recipient": "David", "body": "I will be late"}),
    (
        "send an email to Jennifer saying the meeting is at three",
        "send_email",
        {"recipient": "Jennifer", "body": "the meeting is at three"},
    ),
    ("book a table", "book_table", {}),
    ("what's the weather", "get_weather", {}),
    ("tell me a joke", *NO_TOOL),
    ("hello there", *NO_TOOL),
    ("I read a book about tables", *NO_TOOL),
    ("how are you today", *NO_TOOL),
    ("what can you do", *NO_TOOL),
    ("thanks, goodbye", *NO_TOOL),
]

HELD_OUT = [
    ("How hot is it in Madrid today?", "get_weather", {"location": "Madrid"}),
    ("Give me the forecast for San Francisco", "get_weather", {"location": "San Francisco"}),
    ("will there be wind near Hamburg", "get_weather", {"location": "Hamburg"}),
    ("Is it sunny over in Tel Aviv?", "get_weather", {"location": "Tel Aviv"}),
    ("We'd like a table for eight tonight at 6:45", "book_table", {"people": 8, "time": "tonight at 6:45"}),
    (
        "Reserve dinner for three on Saturday at half past seven",
        "book_table",
        {"people": 3, "time": "saturday at half past seven"},
    ),
    (
        "Hi, this is Karen, can you book us a table for twenty five at noon",
        "book_table",
        {"people": 25, "time": "noon", "name": "Karen"},
    ),
    ("I need a table at nine", "book_table", {"time": "nine"}),
    ("Could I speak to an agent in support", "transfer_call", {"department": "support"}),
    ("Transfer me to the sales team", "transfer_call", {"department": "sales"}),
    ("there is a wrong charge on my bill", "transfer_call", {"department": "billing"}),
    ("Where's my parcel? The number is 90817", "track_order", {"order_id": "90817"}),
    ("has order seven seven two one been shipped", "track_order", {"order_id": "7721"}),
    ("switch the lamp in the kitchen off", "set_light", {"room": "kitchen", "on": False}),
    ("dim the bedroom to 15 percent", "set_light", {"room": "bedroom", "brightness": 15}),
    (
        "Please email Robert that the parts have arrived",
        "send_email",
        {"recipient": "Robert", "body": "the parts have arrived"},
    ),
    ("who won the match yesterday", *NO_TOOL),
    ("my favourite number is seven", *NO_TOOL),
    ("I sat at a table in the kitchen", *NO_TOOL),
    ("never mind, that's all", *NO_TOOL),
]

UNSEEN = [
    (
        "I want to fly from Berlin to Tokyo",
        "find_flights",
        {"origin": "Berlin", "destination": "Tokyo"},
    ),
    (
        "any flights to Boston from Denver on Monday",
        "find_flights",
        {"origin": "Denver", "destination": "Boston", "date": "monday"},
    ),
    (
        "find me a flight from new york to los angeles tomorrow",
        "find_flights",
        {"origin": "New York", "destination": "Los Angeles", "date": "tomorrow"},
    ),
    ("are there planes to Cairo", "find_flights", {"destination": "Cairo"}),
    ("convert 250 dollars to EUR", "convert_currency", {"amount": 250, "currency": "EUR"}),
    ("How much is 99.5 in GBP?", "convert_currency", {"amount": 99.5, "currency": "GBP"}),
    ("change fifty euros into USD", "convert_currency", {"amount": 50, "currency": "USD"}),
    ("what are forty pounds worth in dollars", "convert_currency", {"amount": 40, "currency": "USD"}),
    ("set a timer for ten minutes", "set_timer", {"minutes": 10}),
    ("start a 25 minute timer", "set_timer", {"minutes": 25}),
    ("wake me in twenty minutes", "set_timer", {"minutes": 20}),
    ("timer please", "set_timer", {}),
    ("I need a refill of RX4471", "refill_prescription", {"prescription_number": "RX4471"}),
    ("can you renew my prescription rx1200", "refill_prescription", {"prescription_number": "RX1200"}),
    ("I ran out of my pills", "refill_prescription", {}),
    ("okay goodbye", "end_call", {}),
    ("that's it, you can hang up now", "end_call", {}),
    ("what's the capital of France", *NO_TOOL),
    ("I flew to Rome last year", *NO_TOOL),
    ("tell me something interesting", *NO_TOOL),
]

FRESH_TOOLS = [
    tool(
        "create_reminder",
        "Create a reminder",
        {"text": text("What to be reminded of"), "when": text("Time of the reminder")},
        ["text"],
    ),
    tool(
        "check_balance",
        "Check the balance of a bank account",
        {"account": text("Kind of account", enum=["checking", "savings"])},
        ["account"],
    ),
    tool(
        "find_hotel",
        "Find a hotel room",
        {
            "city": text("City to stay in"),
            "nights": {"type": "integer", "description": "Number of nights"},
            "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        },
        ["city"],
    ),
    tool(
        "report_outage",
        "Report an internet outage at the address of a customer",
        {"customer_id": text("Customer number", pattern="^C-\\d{5}$")},
        ["customer_id"],
    ),
    tool(
        "play_music",
        "Play music of an artist",
        {"artist": text("Name of the artist"), "shuffle": {"type": "boolean"}},
        ["artist"],
    ),
]

FRESH = [
    ("remind me to water the plants", "create_reminder", {"text": "water the plants"}),
    (
        "create a reminder to call mum at 5 pm",
        "create_reminder",
        {"text": "call mum", "when": "5 pm"},
    ),
    ("set up a reminder about the meeting", "create_reminder", {"text": "the meeting"}),
    ("how much is in my savings account", "check_balance", {"account": "savings"}),
    ("What's my checking balance?", "check_balance", {"account": "checking"}),
    ("do I have enough money in checking", "check_balance", {"account": "checking"}),
    ("I need a hotel in Vienna for three nights", "find_hotel", {"city": "Vienna", "nights": 3}),
    ("find a four star hotel in Athens", "find_hotel", {"city": "Athens", "stars": 4}),
    ("a room in Porto for 2 nights please", "find_hotel", {"city": "Porto", "nights": 2}),
    ("book me a hotel", "find_hotel", {}),
    ("my internet is down, customer C-40117", "report_outage", {"customer_id": "C-40117"}),
    ("I want to report an outage, my number is C-22222", "report_outage", {"customer_id": "C-22222"}),
    ("the wifi does not work", "report_outage", {}),
    ("play something by Miles Davis", "play_music", {"artist": "Miles Davis"}),
    ("I'd like to hear music of Nina Simone", "play_music", {"artist": "Nina Simone"}),
    ("shuffle songs by Bach", "play_music", {"artist": "Bach", "shuffle": True}),
    ("what is the meaning of life", *NO_TOOL),
    ("we stayed at a hotel in Athens once", *NO_TOOL),
    ("good morning", *NO_TOOL),
    ("can you say that again", *NO_TOOL),
]
