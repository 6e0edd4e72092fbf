"""CALVIN scores that others reported, for the tables in which ours stand.

As printed in the RoboVLMs paper and on its project page (arXiv 2412.14058); the baselines there are
quoted from earlier papers, not rerun. Rows whose printed average length is not the sum of the
printed success rates are kept as printed and marked unverified, and so are the ablations, whose
tables do not all say which scenes were trained on.
"""

from __future__ import annotations

from collections.abc import Mapping

from vla_gym.suites import PublishedRow

SOURCE = "RoboVLMs (arXiv 2412.14058), as printed"
QUOTED = f"{SOURCE}; quoted there from earlier papers"
INCONSISTENT = "; average length differs from the sum of the rates"
_ROUNDING = 0.0051  # what rounding of five rates and their sum can amount to


def _row(label: str, *numbers: float, source: str = QUOTED, verified: bool = True) -> PublishedRow:
    """Return a row from the success rates at 1..5 and the average length."""
    *rates, average = numbers
    consistent = abs(sum(rates) - average) <= _ROUNDING
    values = {str(place): rate for place, rate in enumerate(rates, start=1)}
    return PublishedRow(
        label=label,
        values={**values, "avg_len": average},
        source=source if consistent else source + INCONSISTENT,
        verified=verified and consistent,
    )


def _ablation(label: str, *numbers: float) -> PublishedRow:
    return _row(label, *numbers, source=f"{SOURCE}, ablation", verified=False)


ABCD: tuple[PublishedRow, ...] = (
    _row("MCIL", 0.373, 0.027, 0.002, 0.0, 0.0, 0.4),
    _row("R3M (Frozen)", 0.085, 0.005, 0.001, 0.0, 0.0, 0.1),
    _row("Voltron (Frozen)", 0.101, 0.003, 0.001, 0.0, 0.0, 0.11),
    _row("Voltron (Fine-tuned)", 0.837, 0.566, 0.352, 0.208, 0.115, 2.08),
    _row("RT-1", 0.844, 0.617, 0.438, 0.323, 0.227, 2.45),
    _row("HULC", 0.889, 0.733, 0.587, 0.475, 0.383, 3.06),
    _row("GR-1", 0.949, 0.896, 0.844, 0.789, 0.731, 4.21),
    _row("KosMos P.H. (RoboVLMs)", 0.967, 0.93, 0.899, 0.865, 0.826, 4.49, source=SOURCE),
)

ABC: tuple[PublishedRow, ...] = (
    _row("MCIL", 0.304, 0.013, 0.002, 0.0, 0.0, 0.31),
    _row("Voltron (Frozen)", 0.026, 0.001, 0.0, 0.0, 0.0, 0.03),
    _row("Voltron (Fine-tuned)", 0.569, 0.272, 0.105, 0.038, 0.014, 1.0),
    _row("RT-1", 0.533, 0.222, 0.094, 0.038, 0.013, 0.9),
    _row("HULC", 0.418, 0.165, 0.057, 0.019, 0.011, 0.67),
    _row("GR-1", 0.854, 0.712, 0.596, 0.497, 0.401, 3.06),
    _row("KosMos P.H. (RoboVLMs)", 0.98, 0.936, 0.854, 0.778, 0.704, 4.25, source=SOURCE),
)

# backbone x formulation, amount of training data, and backbones: all under different training
ABLATIONS: tuple[PublishedRow, ...] = (
    _ablation("LLaVA One-Step Disc.", 0.809, 0.484, 0.278, 0.175, 0.103, 1.85),
    _ablation("LLaVA One-Step Cont.", 0.793, 0.592, 0.42, 0.329, 0.235, 2.37),
    _ablation("LLaVA Interleaved Cont.", 0.892, 0.645, 0.436, 0.282, 0.181, 2.44),
    _ablation("LLaVA Policy-Head Cont.", 0.873, 0.678, 0.506, 0.376, 0.275, 2.71),
    _ablation("Flamingo One-Step Disc.", 0.681, 0.318, 0.133, 0.062, 0.029, 1.22),
    _ablation("Flamingo One-Step Cont.", 0.681, 0.354, 0.158, 0.076, 0.035, 1.3),
    _ablation("Flamingo Policy-Head Cont.", 0.964, 0.896, 0.824, 0.74, 0.662, 4.09),
    _ablation("KosMos One-Step Disc.", 0.424, 0.097, 0.023, 0.005, 0.002, 0.55),
    _ablation("KosMos One-Step Cont.", 0.881, 0.599, 0.364, 0.221, 0.124, 2.19),
    _ablation("KosMos Interleaved Cont.", 0.987, 0.915, 0.824, 0.737, 0.66, 4.12),
    _ablation("KosMos Policy-Head Cont.", 0.967, 0.93, 0.899, 0.865, 0.826, 4.49),
    _ablation("Flamingo P.H. 3B 0.1x", 0.12, 0.007, 0.0, 0.0, 0.0, 0.13),
    _ablation("Flamingo P.H. 4B 0.1x", 0.448, 0.084, 0.014, 0.003, 0.001, 0.55),
    _ablation("Flamingo P.H. 9B 0.1x", 0.547, 0.19, 0.067, 0.02, 0.003, 0.83),
    _ablation("KosMos Inter. 0.1x", 0.938, 0.701, 0.445, 0.27, 0.14, 2.49),
    _ablation("KosMos P.H. 0.1x", 0.958, 0.684, 0.431, 0.27, 0.176, 2.52),
    _ablation("Flamingo P.H. 3B 1x", 0.964, 0.896, 0.824, 0.74, 0.662, 4.09),
    _ablation("Flamingo P.H. 4B 1x", 0.936, 0.847, 0.75, 0.667, 0.586, 3.79),
    _ablation("Flamingo P.H. 9B 1x", 0.955, 0.879, 0.784, 0.714, 0.634, 3.97),
    _ablation("KosMos Inter. 1x", 0.987, 0.915, 0.824, 0.737, 0.66, 4.12),
    _ablation("KosMos P.H. 1x", 0.967, 0.93, 0.899, 0.865, 0.826, 4.49),
    _ablation("Flamingo P.H. 3B 5x", 0.971, 0.916, 0.856, 0.794, 0.716, 4.21),
    _ablation("KosMos Inter. 5x", 0.989, 0.94, 0.892, 0.842, 0.795, 4.46),
    _ablation("KosMos P.H. 5x", 0.968, 0.937, 0.903, 0.872, 0.83, 4.51),
    _ablation("Flamingo 64 1B+ 3B", 0.692, 0.418, 0.241, 0.14, 0.074, 1.57),
    _ablation("Flamingo 64 1B+ 4B", 0.689, 0.456, 0.281, 0.181, 0.107, 1.71),
    _ablation("Flamingo 64 1B+ 9B", 0.744, 0.485, 0.298, 0.187, 0.112, 1.83),
    _ablation("Qwen 256 350K 9B", 0.221, 0.062, 0.014, 0.002, 0.0, 0.3),
    _ablation("MoonDream 576 UNK 3B", 0.717, 0.473, 0.296, 0.198, 0.127, 1.81),
    _ablation("Uform 256 10M 1.3B", 0.778, 0.577, 0.407, 0.3, 0.216, 2.28),
    _ablation("KosMos 64 90M 2B", 0.922, 0.807, 0.701, 0.615, 0.549, 3.59),
    _ablation("Paligemma 256 10B 3B", 0.931, 0.836, 0.752, 0.683, 0.616, 3.82),
)

PUBLISHED: Mapping[str, tuple[PublishedRow, ...]] = {"ABC": ABC, "ABCD": ABCD}
"""What stands beside our numbers, by the scenes that were trained on."""
