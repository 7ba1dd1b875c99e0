"""What the AlignmentStreamAnalyzer of chatterbox-tts 0.1.7 sees and decides, step by step."""

import contextlib
import sys
from types import SimpleNamespace
from unittest import mock

REACHED = ("started", "complete")
DECIDED = ("discontinuity", "false_start", "long_tail", "alignment_repetition", "token_repetition")


def analyzer_module():
    from chatterbox.models.t3.inference import alignment_stream_analyzer

    return alignment_stream_analyzer


def run_and_look(function, *arguments):
    """The function's result, and its local variables as it returned."""
    found = {}

    def look(frame, event, _argument):
        if event == "return" and frame.f_code is function.__code__:
            found.update(frame.f_locals)

    previous = sys.getprofile()
    sys.setprofile(look)
    try:
        result = function(*arguments)
    finally:
        sys.setprofile(previous)
    return result, found


def state_of(analyzer, found):
    """The same names as the analyzer's."""
    return {"cur_text_posn": int(found["cur_text_posn"]), "text_position": int(analyzer.text_position),
            "started_at": analyzer.started_at, "completed_at": analyzer.completed_at,
            **{name: bool(getattr(analyzer, name)) for name in REACHED},
            **{name: bool(found[name]) for name in DECIDED}}


def is_forced(state):
    return state["long_tail"] or state["alignment_repetition"] or state["token_repetition"]


def is_suppressed(found):
    return bool(found["cur_text_posn"] < found["S"] - 3 and found["S"] > 5)


@contextlib.contextmanager
def alignment_of(heads):
    """Records one request: alignment.* tensors, and under "alignment" what was decided. heads: (layer, head)."""
    import torch

    module, kept, rows, steps = analyzer_module(), {}, [], []
    step = module.AlignmentStreamAnalyzer.step

    def recorded(analyzer, logits, next_token=None):
        first, last = analyzer.text_tokens_slice
        attention = torch.stack(analyzer.last_aligned_attns)
        start = analyzer.curr_frame_pos == 0  # with the prompt; later there is one row
        rows.append((attention[:, last:, first:last] if start else attention[:, :, first:last]).float().clone())
        before = {"frame": analyzer.curr_frame_pos, "next_token": next_token,
                  "eos_logit_in": float(logits[..., analyzer.eos_idx])}
        result, found = run_and_look(step, analyzer, logits, next_token)
        state = state_of(analyzer, found)
        steps.append({**before, **state, "last_text_token_duration": float(found["last_text_token_duration"]),
                      "eos_suppressed": is_suppressed(found), "eos_forced": is_forced(state),
                      "eos_logit_out": float(result[..., analyzer.eos_idx])})
        kept["alignment"] = {"text_slice": [first, last], "heads": heads, "steps": steps}
        kept["alignment.masked"] = analyzer.alignment
        return result

    with mock.patch.object(module, "LLAMA_ALIGNED_HEADS", heads), \
            mock.patch.object(module.AlignmentStreamAnalyzer, "step", recorded):
        yield kept
    kept["alignment.first"] = rows[0]
    kept["alignment.steps"] = torch.stack([one[:, 0] for one in rows[1:]])


def replay(case):
    """One made-up sequence of analyzer_logic.json through the analyzer alone; the case as it should be."""
    import torch

    module = analyzer_module()
    first, last = case["offset"], case["offset"] + case["text_len"]
    layers = [SimpleNamespace(self_attn=SimpleNamespace(register_forward_hook=lambda hook: None))] * 32
    analyzer = module.AlignmentStreamAnalyzer(SimpleNamespace(layers=layers), None, (first, last),
                                              eos_idx=case["eos_idx"])
    steps = []
    for number, given in enumerate(case["steps"]):
        rows = torch.tensor(given["rows"])  # [head][row][text column]
        above = last if number == 0 else 0  # the first step skips the prompt's rows
        analyzer.last_aligned_attns = list(torch.nn.functional.pad(rows, (first, 0, above, 0)))
        result, found = run_and_look(module.AlignmentStreamAnalyzer.step, analyzer,
                                     torch.tensor([given["logits"]]), given["token"])
        state = state_of(analyzer, found)
        state["eos"] = "forced" if is_forced(state) else "suppressed" if is_suppressed(found) else "kept"
        steps.append({**given, "logits_out": result[0].tolist(), "state": state})
    return {**case, "steps": steps}
