"""An argument that nobody takes is told, not swallowed."""

import pytest

from pipecat_voicelive import ConfigurationError, VoiceLiveLLMService

CONNECTION = {"endpoint": "ws://127.0.0.1:1", "api_key": "k"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "mcp_aproval_timeout_s",
            "no argument 'mcp_aproval_timeout_s'. Did you mean 'mcp_approval_timeout_s'?",
        ),
        ("function_call_timeout_sec", "Did you mean 'function_call_timeout_secs'?"),
        ("foo", "VoiceLiveLLMService takes no argument 'foo'. Leave it out."),
    ],
)
def test_an_argument_that_nobody_takes_is_refused_with_the_nearest_name(name, told):
    with pytest.raises(ConfigurationError) as caught:
        VoiceLiveLLMService(**CONNECTION, **{name: 5})
    assert told in str(caught.value)


def test_what_pipecats_classes_take_is_passed_on_to_them():
    service = VoiceLiveLLMService(**CONNECTION, name="voice", run_in_parallel=False, enable_direct_mode=True)
    assert service.name == "voice"


def test_a_subclass_has_arguments_of_its_own():
    class Tagged:
        def __init__(self, *, tag="", **kwargs):
            self.tag = tag
            super().__init__(**kwargs)

    class Mine(Tagged, VoiceLiveLLMService):
        pass

    assert Mine(**CONNECTION, tag="a").tag == "a"
    with pytest.raises(ConfigurationError, match=r"Mine takes no argument 'tagg'\. Did you mean 'tag'\?"):
        Mine(**CONNECTION, tagg="a")
