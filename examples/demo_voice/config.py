"""Every number of the demo voice: what is spoken, how large the models are, how long each stage trains."""
import itertools
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WORK = REPOSITORY / "build" / "demo_voice"  # what a run writes; nothing of it is kept in git
TOKENIZER_JSON = REPOSITORY / "examples" / "demo_voice" / "model" / "tokenizer.json"
# Sentences that nothing trains on, to judge by, in words that the recogniser knows.
JUDGED = {"held out": REPOSITORY / "bench" / "quality_sentences.txt",
          "3 words": REPOSITORY / "examples" / "demo_voice" / "sentences_3_words.txt",
          "40 words": REPOSITORY / "examples" / "demo_voice" / "sentences_40_words.txt"}
PROGRAM = REPOSITORY / "build" / "release" / "bin" / "chatterbox"

SEED = 20260
VOICES = {"low": "jm_kumo", "high": "jf_gongitsune"}  # of the teacher
GAIN = 0.9  # of its speech: it reaches full scale, and resampling goes beyond it
# The speaker encoders learn to tell these apart, so that a recording's place among them means something.
TEACHERS = ("jm_kumo", "jf_gongitsune", "jf_alpha", "jf_nezumi", "jf_tebukuro")
SPEAKERS = list(TEACHERS) + [f"{a}+{b}" for a, b in itertools.combinations(TEACHERS, 2)]

# Rates of the models (s3gen.py, s3tokenizer.py of the reference).
RATE = 24_000
RATE_16 = 16_000
SAMPLES_PER_TOKEN = 960  # at 24 kHz: 40 ms
FRAMES_PER_TOKEN = 2     # of S3Gen's mel
S3_FRAMES_PER_TOKEN = 4  # of the tokenizer's mel
QUARTERS = 4             # of a token, of which phones and prosody are known
MELS = 80
LONGEST_SECONDS = 30     # of an utterance

# Ids. The tokenizer has eight digits in base 3. With fewer free ones the last stay 0.
FREE_DIGITS = 8
CODES = 3 ** FREE_DIGITS
ALL_CODES = 3 ** 8
START_SPEECH, STOP_SPEECH = 6561, 6562  # t3_config.py
START_TEXT, STOP_TEXT = 255, 0

# The logit of ids that are no code, in training; export.py makes it so much lower still. No draw gives one.
PARKED, PARKED_SCALE = -20.0, 5.0


@dataclass(frozen=True)
class Sizes:
    """Widths and depths. Head size 64 everywhere (the perceiver: 4 heads), as the library asks."""
    t3_width: int = 192
    t3_inner: int = 416
    t3_layers: int = 5
    text_positions: int = 514     # with the start and the stop of the text
    speech_positions: int = 1028  # the default of max_new_tokens is 1000
    speech_rows: int = 6563       # the ids up to the stop of speech; the official table has 8194
    prompt_tokens: int = 150      # t3_config.py: speech_cond_prompt_len
    tokenizer_width: int = 128
    tokenizer_layers: int = 2
    speaker_hidden: int = 64
    camplus_planes: int = 8
    camplus_growth: int = 4
    camplus_width: int = 16
    flow_width: int = 128
    flow_inner: int = 256
    flow_blocks: int = 2
    flow_up_blocks: int = 2
    cfm_width: int = 128
    cfm_middle: int = 3
    cfm_heads: int = 2
    hift_width: int = 128
    f0_width: int = 128


@dataclass(frozen=True)
class Budget:
    """Seconds of each stage that trains, on two CPU cores; T3 trains beside flow and HiFT, with a thread each. A stage
    stops when its time is up."""
    tokenizer: int = 960
    speaker: int = 300     # a quarter for the voice encoder, the rest for CAM++
    t3: int = 14_200
    hift: int = 1200
    adversarial: int = 4800
    phones: int = 330      # the classifier that the flow is judged by
    flow: int = 27_500
    pitch: int = 150       # besides 5 minutes for the mels


@dataclass(frozen=True)
class Amounts:
    """How much is synthesised. The acoustic part is kept as sound, the rest as tokens alone."""
    corpus: int = 36_000         # utterances for T3, about 45 hours
    acoustic: int = 5_400        # of them that are spoken aloud, for the other models: about 6.7 hours
    shard: int = 100             # utterances in a file
    held_out: int = 200          # sentences that nothing trains on: half to watch, half to test
    speaker_utterances: int = 24 # of each of SPEAKERS
    prompts: int = 48            # recordings of each voice that serve as a prompt


SMOKE_AMOUNTS = Amounts(corpus=60, acoustic=40, shard=20, held_out=12, speaker_utterances=4, prompts=3)
