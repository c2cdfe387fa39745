"""The behaviours that a feature is, beyond events and options, and how the rivals stand.

A rival's cell says yes or no, with the reason where the word alone would be unfair. They were read from the
source of Pipecat 1.14.0 (`services/azure/voice_live`) and azure-ai-voicelive 1.3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

YOURS = "no: events only, this is left to you"
"""The SDK sends and receives typed events; what a conversation means is the program's business."""


@dataclass(frozen=True)
class Behaviour:
    """Something that works as a whole.

    Attributes:
        slug: Its name in `@pytest.mark.proves("feature.<slug>")`.
        what: What works.
        pipecat: How Pipecat's built-in service stands.
        sdk: How Microsoft's Python SDK stands.
    """

    slug: str
    what: str
    pipecat: str = "no"
    sdk: str = YOURS


BEHAVIOURS = {
    "Ways to use it": (
        Behaviour("pipecat-service", "an LLM service for Pipecat pipelines", "yes", "no"),
        Behaviour(
            "client", "a client without Pipecat that keeps the state of the conversation", "no", "events only"
        ),
        Behaviour("raw-events", "every server event can be had as it came", "no", "yes"),
        Behaviour("simulator", "a simulator of the service, to build and test against", "no", "no"),
    ),
    "Turns and answers": (
        Behaviour("turn-detection", "the service's turn detections drive Pipecat's turns", "four of five"),
        Behaviour("manual-turns", "turns that the program begins and ends", "yes"),
        Behaviour("barge-in", "speech stops the answer, everywhere at once", "yes"),
        Behaviour("fillers-do-not-interrupt", "humming and filler words do not stop the answer", "yes"),
        Behaviour(
            "heard-truncation", "the conversation is cut to what was really played", "by the wall clock"
        ),
        Behaviour(
            "parallel-tools", "several tool calls of one response bring one spoken answer", "no: one for each"
        ),
        Behaviour(
            "runtime-settings",
            "options change at run time: the whole merged session is sent once",
            "no: what is left out is lost",
        ),
        Behaviour("change-options", "an option that cannot change in a running session says so"),
        Behaviour(
            "options-not-shared",
            "options are neither changed nor shared between services",
            "no: they are",
            "yes",
        ),
        Behaviour("usage", "token usage with its details as metrics", "totals", "typed"),
        Behaviour(
            "errors",
            "a refused request ends neither call nor program, and is told once",
            "partly: some end the reading",
        ),
    ),
    "Voices and ears": (
        Behaviour("voices", "all kinds of voices, with all their members", "five of six kinds", "typed"),
        Behaviour(
            "end-of-utterance", "semantic end-of-utterance detection", "without `threshold_level`", "typed"
        ),
        Behaviour("transcription", "what the caller says, partial and whole, in order", "yes"),
        Behaviour("pipecat-languages", "Pipecat's Language names the language to transcribe", "no", "no"),
        Behaviour("transcript-language", "the language of a transcript, on its frame", "no"),
        Behaviour("phrase-list", "phrases that the transcription listens for", "yes", "typed"),
        Behaviour("transcript-logprobs", "log probabilities in the transcription frame's result"),
        Behaviour(
            "transcript-phrases", "phrases with times and confidence in the transcription frame's result"
        ),
        Behaviour("audio-formats", "pcm16 at every rate the service takes and gives, and g711"),
        Behaviour(
            "telephony-audio", "telephony's µ-law and A-law reach the service and the phone as they are"
        ),
        Behaviour(
            "any-pipeline-rate", "a pipeline of any rate, resampled once if the service has not the rate"
        ),
        Behaviour("speakerphone", "a bot on a loudspeaker does not hear itself", "server side only", "typed"),
        Behaviour("echo-reference", "microphone and played-out audio as two aligned channels"),
    ),
    "Agents and models": (
        Behaviour("agent-mode", "Foundry agents: agent, project, version, identity, resource", "no", "typed"),
        Behaviour("agent-resumes", "an agent's conversation goes on where it ended", "no", "typed"),
        Behaviour("agent-refuses-keys", "a key for an agent is refused before connecting, with the reason"),
        Behaviour(
            "hosted-agent-invocation", "what a hosted agent is given and what it reports", "no", "typed"
        ),
        Behaviour("bring-your-own-model", "models of your own deployment (`profile`)", "no", "as `query`"),
        Behaviour("extra-query", "any further parameter of the URL", "no", "yes"),
        Behaviour("extra-headers", "any further header of the handshake", "no", "yes"),
    ),
    "Tools on the service's side": (
        Behaviour("mcp", "MCP servers that the service calls", "no", "typed"),
        Behaviour("mcp-approval", "an event handler approves or denies a call; silence denies"),
        Behaviour("mcp-progress", "calls show in RTVI as function calls that run elsewhere", "no", "no"),
        Behaviour("mcp-follow-up", "the answer that speaks of a call's result is asked for"),
        Behaviour("searches", "web and file searches with their results", "no", "typed"),
        Behaviour("annotations", "citations of what is spoken", "no", "typed"),
        Behaviour("foundry-agent-calls", "agents that the model asks", "no", "no"),
    ),
    "Responses": (
        Behaviour(
            "interim-response", "something is said while the answer keeps the caller waiting", "no", "typed"
        ),
        Behaviour("forced-tool-choice", "one response may have to call a function, or one named"),
        Behaviour("tool-choice", "the context's tool choice is the session's"),
        Behaviour("response-overrides", "options for one response alone", "no", "typed"),
        Behaviour("out-of-band-responses", "responses that leave the conversation alone"),
        Behaviour("run-inference", "Pipecat's `run_inference`", "no", "no"),
        Behaviour("context-summary", "Pipecat's context summaries", "no", "no"),
        Behaviour("speak", "`TTSSpeakFrame` is spoken word for word, in turn, once in the context"),
    ),
    "Words and pictures in": (
        Behaviour(
            "text-in",
            "typed text, as a message of the caller's",
            "partly: lost while the caller's turn is open",
        ),
        Behaviour("streaming-text", "text that comes piece by piece", "no", "typed"),
        Behaviour("images", "images of the context and of the caller, within size limits"),
        Behaviour("video-frames", "video frames, as often as is sensible", "no", "no"),
    ),
    "Mouth and face": (
        Behaviour("words", "words at their place in the played audio"),
        Behaviour("visemes", "mouth shapes at their place in the played audio"),
        Behaviour("blendshapes", "facial frames at their place in the played audio, both wire forms"),
        Behaviour("speech-marks-to-browsers", "words and mouth shapes as RTVI messages", "no", "no"),
        Behaviour(
            "avatar-webrtc", "avatars over WebRTC: picture and sound of a peer connection", "no", "typed"
        ),
        Behaviour("avatar-client", "avatars in a client without Pipecat", "no", "typed"),
        Behaviour("avatar-in-browser", "a page that shows an avatar and speaks with it", "no", "no"),
        Behaviour(
            "avatar-relay", "an avatar's peer connection with a browser, negotiated through RTVI", "no", "no"
        ),
        Behaviour("avatar-in-pipeline", "avatars over WebRTC, as Pipecat's video and audio frames"),
        Behaviour("avatar-websocket-video", "avatars over the WebSocket, as fragmented MP4"),
        Behaviour("avatar-switches", "the avatar begins and ends to speak", "no", "typed"),
        Behaviour("avatar-background", "a color or a picture behind the avatar", "no", "typed"),
        Behaviour("large-messages", "messages of several MiB", "no: 1 MiB", "4 MiB, more if asked"),
        Behaviour("avatar-scene-change", "a new scene goes out with all other options", "no", "typed"),
        Behaviour("avatar-brackets", "an answer lasts until the avatar has spoken it", "no"),
        Behaviour("avatar-scene", "a photo avatar's place in the picture"),
        Behaviour("avatar-barge-in", "speech empties what the avatar has yet to say"),
    ),
    "Versions and care": (
        Behaviour("api-versions", "options are written the way the chosen API version wants", "no", "no"),
        Behaviour("version-warnings", "an option that a version lacks is told, with the first that has it"),
        Behaviour("v1", "the label `v1` (experimental)", "no", "no"),
        Behaviour("redirects", "credentials never follow a redirect", "no: the key does", "yes"),
        Behaviour("tls-verified", "a server whose certificate is not right gets no key", "yes", "yes"),
        Behaviour("custom-ca", "an authority of your own: a file, a context, the environment", "environment"),
        Behaviour("proxies", "HTTP and SOCKS proxies, of an argument or of the environment", "environment"),
    ),
}
