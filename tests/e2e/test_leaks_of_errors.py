"""What the service says when something is wrong may quote the conversation, in any text that it has."""

from pipecat.frames.frames import ErrorFrame
from pipecat.processors.frame_processor import FrameDirection

from everything_logged import everything_logged
from pipecat_voicelive import RecoveryOptions

from .harness import calling
from .test_leaks import SCENARIO, TOLD, assert_nothing_told, service_options, settings, told

STYLES = ["'{}'", '"{}"', "`{}`", "“{}”", "«{}»", "{}"]
"""How it may quote."""


def echoes(said, number):
    """Events that repeat it in each text that is there."""
    details = {"message": said, "code": said, "param": said, "type": said}
    reasons = {"failed": {"type": "failed", "error": details}, "incomplete": {"reason": said}}
    return [
        {"type": "error", "error": details},
        {"type": "warning", "warning": details},
        {"type": "session.updated", "session": {"id": said, "model": said, "output_audio_format": said}},
        {"type": "conversation.item.input_audio_transcription.failed", "item_id": "i", "error": details},
        *(
            {
                "type": event,
                "response": {
                    "id": f"{status}{number}",
                    "status": status,
                    "status_details": why,
                    "output": [],
                },
            }
            for status, why in reasons.items()
            for event in ("response.created", "response.done")
        ),
    ]


async def test_what_the_service_says_in_errors_is_not_told_however_it_quotes():
    sayings = [f"Invalid value: {style.format(f'my {TOLD} words')}." for style in STYLES]
    service = service_options(recovery=RecoveryOptions(budget_s=0))
    with everything_logged() as logged:
        async with calling(SCENARIO, None, settings=settings(), service_options=service) as call:
            await call.bot_has_spoken()
            for number, said in enumerate(sayings):
                for event in echoes(said, number):
                    await call.session.send_event(event)
            await call.session.close(1011, sayings[-1])
            await call.until(lambda: logged.with_any(["(code 1011"]), "for the end")
            logged.show_objects()
            told(call, logged)
            await call.worker.cancel()
    for line in ("Voice Live warns", "could not answer", "was cut short", "refused a request", "(code 1011"):
        assert logged.with_any([line]), line
    assert_nothing_told(logged)


async def test_an_error_that_ends_the_call_says_what_to_do():
    async with calling(SCENARIO, None, settings=settings(), service_options=service_options()) as call:
        await call.bot_has_spoken()
        details = {"code": "insufficient_quota", "message": f"You, {TOLD}, have used it up."}
        await call.session.send_event({"type": "error", "error": details})
        await call.session.close(1011, "Internal error")

        def errors():
            return [f.error for f in call.pushed_by_service(ErrorFrame, direction=FrameDirection.UPSTREAM)]

        await call.until(lambda: any("ended the session" in error for error in errors()), "for the end")
        assert "ended the session: insufficient_quota. The quota of the resource is used" in errors()[-1]
        assert TOLD not in "".join(errors())
