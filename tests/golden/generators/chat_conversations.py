"""The conversations of chat.py, written for it."""

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Says what the weather is like at a place, for \"today\" & later <days>.",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "Town, such as Z\u00fcrich"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": None},
                "days": {"type": ["integer", "null"], "minimum": 1, "maximum": 7.5},
            },
            "required": ["place"],
        },
        "return": {"type": "string"},
    },
}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time.", "parameters": {"type": "object", "properties": {}}}}

SYSTEM = {"role": "system", "content": "You answer in one line.\n"}
HELLO = {"role": "user", "content": "  Hello there! \n"}
ANSWER = {"role": "assistant", "content": "Good day \u2014 how can I help? \U0001f600"}
MORE = {"role": "user", "content": "What is <b>2 + 2</b> & \"why\"?\n\n- line's end\t"}


def call(identity, name, arguments):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


CONVERSATIONS = {
    "user": {"messages": [HELLO]},
    "system": {"messages": [SYSTEM, HELLO]},
    "turns": {"messages": [HELLO, ANSWER, MORE]},
    "system turns": {"messages": [SYSTEM, HELLO, ANSWER, MORE, {"role": "assistant", "content": "4."}]},
    "two users": {"messages": [HELLO, MORE]},
    "assistant first": {"messages": [ANSWER, HELLO]},
    "late system": {"messages": [HELLO, ANSWER, SYSTEM, MORE]},
    "empty content": {"messages": [HELLO, {"role": "assistant", "content": ""}, MORE]},
    "none": {"messages": []},
    "odd role": {"messages": [HELLO, {"role": "narrator", "content": "Meanwhile."}]},
    "thinking": {"messages": [
        HELLO, {"role": "assistant", "content": "<think>\nA greeting.\n</think>\n\nHello."}, MORE,
        {"role": "assistant", "reasoning_content": "Two and two.", "content": "4"}, HELLO],
        "variables": {"enable_thinking": False, "thinking": True}},
    "parts": {"messages": [
        {"role": "user", "content": [{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": " nice?"}]}, ANSWER, MORE]},
    "tools": {"messages": [SYSTEM, {"role": "user", "content": "Weather in Z\u00fcrich?"}], "tools": [WEATHER, CLOCK]},
    "tool call": {"messages": [
        SYSTEM, {"role": "user", "content": "Weather in Z\u00fcrich?"},
        {"role": "assistant", "content": "", "tool_calls": [call("abcdef123", "get_weather", {"place": "Z\u00fcrich", "days": 2, "unit": None})]},
        {"role": "tool", "tool_call_id": "abcdef123", "name": "get_weather", "content": "{\"sky\": \"blue\", \"degrees\": 21.5}"},
        {"role": "assistant", "content": "Blue sky, 21.5 degrees."}, {"role": "user", "content": "Thanks."}], "tools": [WEATHER, CLOCK]},
    "tool call last": {"messages": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [call("abcdef123", "get_weather", {"place": "Bern"})]},
        {"role": "tool", "tool_call_id": "abcdef123", "name": "get_weather", "content": "rain"}], "tools": [WEATHER]},
    "two calls": {"messages": [
        {"role": "user", "content": "Weather and time?"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [
            call("abcdef123", "get_weather", {"place": "Bern", "list": [1, 2.5, True, None], "nested": {"a": {"b": []}}}),
            call("abcdef124", "clock", {})]},
        {"role": "tool", "tool_call_id": "abcdef123", "name": "get_weather", "content": {"sky": ["grey", None]}},
        {"role": "tool", "tool_call_id": "abcdef124", "name": "clock", "content": "12:00"}], "tools": [WEATHER, CLOCK]},
    "text arguments": {"messages": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "tool_calls": [call("abcdef123", "get_weather", "{\"place\": \"Bern\"}")]},
        {"role": "tool", "tool_call_id": "abcdef123", "content": "rain"}]},
    "documents": {"messages": [HELLO], "documents": [{"title": "Trees", "text": "An espalier is trained flat."}, {"title": "2", "text": "b\n"}]},
    "variables": {"messages": [SYSTEM, HELLO], "variables": {"date_string": "1 Jan 2025", "tools_in_user_message": False,
                                                             "custom_tools": None, "keep_past_thinking": True, "reasoning_effort": "high"}},
}
