"""The utterances that stage 1 kept with their sound."""
import torch
from torch import nn

import config
import stage

PER_TOKEN = {"wave": config.SAMPLES_PER_TOKEN, "mel": config.FRAMES_PER_TOKEN,
             "s3": config.S3_FRAMES_PER_TOKEN, "pitch": config.FRAMES_PER_TOKEN, "phones": config.QUARTERS,
             "prosody": config.QUARTERS}


class AcousticModel(nn.Module):
    """Keeps what it was trained on: the mels' mean and deviation [80], and the numbers of all phones, in order."""

    def __init__(self, mean, deviation, phones):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.register_buffer("phones", phones)

    @classmethod
    def load(cls, path):
        """What was trained."""
        state = stage.load(path)
        return stage.load_model(cls(*(state[name] for name in ("mean", "deviation", "phones"))), path)

    def classes(self, phones):
        """Numbers -> places among `self.phones`; one that never occurred in training counts as its neighbour."""
        return torch.searchsorted(self.phones, phones).clamp_max(len(self.phones) - 1)


class Acoustic:
    """By number: text, voice, length in tokens, and any span of tokens of what PER_TOKEN lists."""

    def __init__(self, folder):
        self.shards, self.where = [], []
        for path in sorted(folder.glob("*.pt")):
            shard = stage.load(path, mmap=True)
            begin = 0
            for i, tokens in enumerate(shard["tokens"]):
                self.where.append((len(self.shards), i, begin))
                begin += tokens
            self.shards.append(shard)
        if not self.where:
            raise SystemExit(f"error: no utterances in {folder}: run make_data.py first")
        self.of_voice = {v: [n for n in range(len(self)) if self.voice(n) == v] for v in config.VOICES}

    def __len__(self):
        return len(self.where)

    def _field(self, number, key):
        shard, i, _ = self.where[number]
        return self.shards[shard][key][i]

    def text(self, number):
        return self._field(number, "text")

    def voice(self, number):
        return self._field(number, "voice")

    def tokens(self, number):
        return self._field(number, "tokens")

    def get(self, number, key, first=0, count=None):
        shard, _, begin = self.where[number]
        count = self.tokens(number) - first if count is None else count
        each = PER_TOKEN[key]
        piece = self.shards[shard][key][(begin + first) * each:(begin + first + count) * each]
        if key == "phones":  # numbers of 64 bits
            return piece
        return piece / 32767 if key == "wave" else piece.float()

    def phones(self):
        """The number of every phone that occurs, in order."""
        return torch.cat([shard["phones"].unique() for shard in self.shards]).unique()

    def mel_statistics(self):
        """Mean and deviation of each band, [80] each, over 500 utterances."""
        mels = torch.cat([self.get(n, "mel") for n in range(0, len(self), max(1, len(self) // 500))])
        return mels.mean(0), mels.std(0) + 0.1

    def same_length_batch(self, rng, count, longest):
        """`count` (number, first token) and the length that all have: near in length, cut to the shortest."""
        numbers = sorted(rng.sample(range(len(self)), min(len(self), 4 * count)), key=self.tokens)
        begin = rng.randrange(max(1, len(numbers) - count))
        numbers = numbers[begin:begin + count]
        length = min(longest, self.tokens(numbers[0]))
        return [(n, rng.randint(0, self.tokens(n) - length)) for n in numbers], length
