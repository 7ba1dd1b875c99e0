#!/usr/bin/env python3
"""Stage 12: finds the heads of T3 that follow the text. Writes the best three to WORK/heads.pt.

A head is ranked by the attention that it gives to the text near each token's place, on held-out utterances.
"""
import torch

import config
import models
import stage
import train_t3

WATCHED = 3  # heads, as the library takes (src/t3/alignment_heads.h)


@torch.no_grad()
def scores(t3, corpus, prompts, sizes):
    """[layers, heads]: the mean attention to the text within REACH of each token's place"""
    heads = sizes.t3_width // models.HEAD
    watch = train_t3.Watch(t3, {layer: heads for layer in range(sizes.t3_layers)})
    rng = stage.draw(0, salt=5)
    total, count = torch.zeros(sizes.t3_layers, heads), 0.0
    for numbers in corpus.batches:
        rows = [corpus.utterances[n] for n in numbers]
        cond = train_t3.conditioning(t3, rows, prompts, rng, "cpu")
        inputs, _ = train_t3.sequences(t3, rows, cond, [1.0] * len(rows), [1.0] * len(rows), "cpu")
        t3.tfmr(inputs_embeds=inputs, use_cache=False)
        near = torch.stack([train_t3.near_places(len(ids), places, inputs.size(1)) for ids, _, _, places in rows])
        for layer, attended in enumerate(watch.take()):
            total[layer] += (attended * near[:, None]).sum((0, 2, 3))
        count += near.amax(2).sum().item()
    return total / count


def main():
    options = stage.parse(__doc__)
    sizes, work = config.Sizes(), options.work
    t3 = stage.load_model(models.make_t3(sizes), work / "t3.pt")
    corpus = train_t3.Corpus(stage.load(work / "tokens_held_out.pt"), sizes)
    found = scores(t3, corpus, stage.load(work / "prompts.pt"), sizes)
    order = found.flatten().argsort(descending=True).tolist()
    ranked = [divmod(n, found.size(1)) for n in order]
    for layer, head in ranked[:2 * WATCHED]:
        print(f"heads: layer {layer}, head {head}: {found[layer, head]:.2f} of its attention near the place")
    stage.save(ranked[:WATCHED], work / "heads.pt")


if __name__ == "__main__":
    main()
