#!/usr/bin/env python3
"""Stage 5: the tokens of what the teacher said and of what it only meant, and the prompts of each voice.

T3 learns the tokens that the teacher's phones and prosody foretell (train_tokenizer.py): they are what the tokenizer
gives but for chance, so that a small T3 learns them sooner, and nobody has to speak the text aloud.

Writes WORK/tokens/*.pt (a shard that is there is not made again), WORK/tokens_held_out.pt,
WORK/acoustic_tokens.pt and WORK/prompts.pt.
"""
import multiprocessing
import random

import numpy as np
import torch
from chatterbox.models.tokenizers import EnTokenizer
from chatterbox.models.tokenizers.tokenizer import SPACE
from chatterbox.tts import punc_norm

import audio
import config
import models
import stage
import train_tokenizer
from acoustic import Acoustic

PROMPT_TOKENS = (75, 250)  # 3 to 10 s


class Speaker:
    """What a worker needs; made before it is forked."""

    def __init__(self, work):
        self.tokenizer = stage.load_model(models.Tokenizer(config.Sizes()), work / "tokenizer.pt")
        self.autoencoder = train_tokenizer.Autoencoder.load(work / "autoencoder.pt")
        self.text = EnTokenizer(str(config.TOKENIZER_JSON))

    def ids(self, text):
        return self.text.encode(punc_norm(text))

    def places(self, ids, places):
        """Shares of the text [N] -> where in its ids that is [N], from 0 to their number."""
        pieces = [self.text.tokenizer.id_to_token(i) for i in ids]
        ends = np.cumsum([0] + [1 if piece == SPACE else len(piece) for piece in pieces])
        return np.interp(places * ends[-1], ends, np.arange(len(ends))).astype(np.float16)

    def foretold(self, phones, prosody, voice):
        """Numbers of phones [4 N] and prosody [4 N, 2] in a voice -> ids [N]"""
        number = torch.tensor([list(config.VOICES).index(voice)])
        return self.autoencoder.foretold_tokens(phones[None], prosody[None], number)[0].short()

    def tokens(self, wave16):
        mel = audio.s3_mel(wave16).T.unsqueeze(0)
        return self.tokenizer.tokens(mel, torch.tensor([mel.size(2)]))[0]


speaker = None


def tokens_of(meant):
    """(ids of the text, voice, speech tokens, where in the ids each is)"""
    torch.set_num_threads(1)
    ids = speaker.ids(meant["text"])
    tokens = speaker.foretold(torch.from_numpy(meant["phones"]).long(), torch.from_numpy(meant["prosody"]).float(),
                              meant["voice"])
    return (np.array(ids, np.int16), list(config.VOICES).index(meant["voice"]), tokens.numpy(),
            speaker.places(ids, meant["places"]))


def acoustic_tokens(data):
    """Of every utterance that was spoken aloud: those of its sound, and the foretold ones."""
    found = []
    for n in range(len(data)):
        s3 = data.get(n, "s3").T.unsqueeze(0)
        found.append((speaker.tokenizer.tokens(s3, torch.tensor([s3.size(2)]))[0].short(),
                      speaker.foretold(data.get(n, "phones"), data.get(n, "prosody"), data.voice(n))))
    return found


class PromptMaker:
    """A voice as the library makes it from a recording (tts.py: prepare_conditionals)."""

    def __init__(self, work):
        sizes = config.Sizes()
        self.voice_encoder = stage.load_model(models.make_voice_encoder(sizes), work / "voice_encoder.pt")
        self.camplus = stage.load_model(models.make_camplus(sizes), work / "camplus.pt")

    @torch.no_grad()
    def make(self, wave):
        """`wave`: at 24 kHz, whole tokens, at most 10 s."""
        wave16, prompt16 = audio.to_16k(wave), audio.prompt_to_16k(wave)
        tokens = speaker.tokens(prompt16)
        embedding = self.voice_encoder.embeds_from_wavs([wave16], sample_rate=config.RATE_16)[0]
        return {"speaker_emb": torch.from_numpy(embedding), "x_vector": self.camplus(audio.fbank(prompt16)[None])[0],
                "t3_tokens": speaker.tokens(wave16[:6 * config.RATE_16])[:config.Sizes.prompt_tokens],
                "tokens": tokens, "mel": audio.mel(wave)[:2 * len(tokens)]}


def recording(data, voice, tokens, rng):
    """Utterances of the voice, one after the other, cut to a length."""
    numbers, have = [], 0
    while have < tokens:
        numbers.append(rng.choice(data.of_voice[voice]))
        have += data.tokens(numbers[-1])
    wave = torch.cat([data.get(n, "wave") for n in numbers])
    return wave[:tokens * config.SAMPLES_PER_TOKEN].numpy()


def make_prompts(data, maker, count):
    """`count` of each voice. The first is what ships: 3 s, so that the flow has little to go over."""
    rng = random.Random(config.SEED)
    lengths = [PROMPT_TOKENS[0]] + [rng.randint(*PROMPT_TOKENS) for _ in range(count - 1)]
    return {voice: [maker.make(recording(data, voice, n, rng)) for n in lengths] for voice in config.VOICES}


def main():
    global speaker
    options = stage.parse(__doc__)
    work, amounts = options.work, options.amounts
    (work / "tokens").mkdir(exist_ok=True)
    if (work / "prompts.pt").exists():  # the last that is written
        print(f"tokens: {work / 'prompts.pt'} is there; delete it to make all again")
        return
    speaker = Speaker(work)
    with multiprocessing.get_context("fork").Pool(stage.workers(options)) as pool:
        for source in sorted((work / "meant").glob("*.pt")):
            path = work / ("tokens_held_out.pt" if source.stem == "held_out" else f"tokens/{source.name}")
            if not path.exists():
                stage.save(pool.map(tokens_of, stage.load(source), chunksize=10), path)
                print(f"tokens: {path.name} made", flush=True)
    data = Acoustic(work / "acoustic")
    stage.save(acoustic_tokens(data), work / "acoustic_tokens.pt")
    stage.save(acoustic_tokens(Acoustic(work / "acoustic_held_out")), work / "acoustic_held_out_tokens.pt")
    stage.save(make_prompts(data, PromptMaker(work), amounts.prompts), work / "prompts.pt")
    print("tokens: prompts made")


if __name__ == "__main__":
    main()
