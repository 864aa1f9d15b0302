"""The experiments of the noise laboratory as Markdown: means over seeds, and what made them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from snnlab.measure.curve import SeedCurves
from snnlab.measure.statistics import Estimate
from snnlab.neuron.spec import MATCHED_SIGMA
from snnlab.runs import tables
from snnlab.runs.curves import curve_of
from snnlab.runs.methods import METHODS, PAIR, PLAIN, QUIET
from snnlab.runs.tables import document, groups, markdown
from snnlab.studies.laboratory_robustness import KINDS
from snnlab.studies.laboratory_sweep import NONE
from snnlab.studies.race_table import mean_text

Result = dict[str, Any]
Entry = dict[str, Any]

BAND = "Means over seeds, ± half the width of the 95 % interval."
KIND_NAMES = {
    "input_noise": "input noise",
    "weight_noise": "weight noise",
    "dropped_spikes": "dropped spikes",
}
ERROR_NOTE = (
    "Root mean square over neurons and images, in spikes per timestep; total = clipping + rounding "
    "+ unevenness, neuron by neuron. Mean error: of rounding and unevenness together, above 0 if "
    "rates are too high."
)
ROUND_NOTE = (
    "Noise measured in each round, in units of v_th, and by how much it moved at most from what "
    "the network had trained with; a seed whose noise rests has no further rounds."
)
SHOWN_GAIN = 2
"""Of the T measured, the gain table shows the first and the one this far from the last."""


def heading(result: Result, title: str) -> str:
    """See `tables.heading`."""
    asked = result["asked"]
    epochs = f"{asked['start']['training']['epochs']} epochs"
    return tables.heading(title, asked, result["environment"], epochs)


def timesteps_of(entries: Sequence[Entry]) -> list[str]:
    """T at which accuracies were measured, as columns are headed."""
    return [f"T = {T}" for T in curve_of(entries[0])]


def accuracy_cells(entries: Sequence[Entry]) -> list[str]:
    """Mean accuracy over seeds at each T."""
    return [found.text() for found in SeedCurves.of(map(curve_of, entries)).estimates]


def sweep_markdown(result: Result) -> str:
    """Accuracy by family, sigma and T, and the best sigma."""
    points = result["points"]
    rows = [
        [family, f"{sigma:.4g}", *accuracy_cells(found)]
        for (family, sigma), found in groups(
            sorted(points, key=order_of), lambda p: (p["family"], p["sigma"])
        ).items()
    ]
    table = markdown(["family", "sigma", *timesteps_of(points)], rows)
    best = [
        [
            found["family"],
            str(found["timesteps"]),
            f"{found['sigma']:.4g}",
            f"{found['accuracy']:.2f}",
            ", ".join(f"{sigma:.3g}" for sigma in found["level"]),
            f"{found['matched']:.4g}",
            points_text(found, "behind"),
        ]
        for found in result["best"]
    ]
    header = ["family", "T", "best sigma", "accuracy (%)", "level with it", "matched"]
    note = (
        f"Matched: the sigma nearest to v_th / sqrt(12) = {MATCHED_SIGMA:.4f}. Level: sigmas whose "
        "mean lies inside the best one's 95 % interval. Sigma 0 is without noise, from v_init = "
        "v_th / 2 on. Behind: points by which matched is behind the best, seed by seed."
    )
    parts = [heading(result, "Noise: families and sigma"), f"Accuracy in percent. {BAND}", table]
    return document(*parts, "## Best sigma", markdown([*header, "behind"], best), note)


def order_of(point: Entry) -> tuple[bool, str, float]:
    """No noise first, then family by family, sigma rising."""
    return point["family"] != NONE, point["family"], point["sigma"]


def points_text(found: Entry, name: str) -> str:
    """A difference in points with the half width of its interval."""
    return Estimate(found[name], *(found["interval"] or (None, None))).text(sign="+")


def break_markdown(result: Result) -> str:
    """Accuracy by switch and T, and the parts of the error by stage."""
    entries = result["entries"]
    by_name = groups(entries, lambda entry: entry["name"])
    rows = [[name, *accuracy_cells(found)] for name, found in by_name.items()]
    errors = [row for name, found in by_name.items() for row in error_rows(name, found)]
    header = ["switch", "stage", "total", "clipping", "rounding", "unevenness", "mean error"]
    T = result["asked"]["error_timesteps"]
    return document(
        heading(result, "What breaks lossless conversion"),
        f"Accuracy in percent. {BAND}",
        markdown(["switch", *timesteps_of(entries)], rows),
        "\n".join(f"- {name}: {says}" for name, says in result["switches"].items()),
        f"## Parts of the error at T = {T}",
        ERROR_NOTE,
        markdown(header, errors),
    )


def error_rows(name: str, entries: Sequence[Entry]) -> list[list[str]]:
    """One row per stage: size of the total and of the parts, means over seeds."""
    rows = []
    for i in range(len(entries[0]["errors"])):
        stages = [entry["errors"][i] for entry in entries]
        sizes = [
            f"{mean(stage['root_mean_square'][part] for stage in stages):.4f}"
            for part in ("total", "clipping", "rounding", "unevenness")
        ]
        bias = mean(stage["mean"]["rounding"] + stage["mean"]["unevenness"] for stage in stages)
        rows.append([name, str(i + 1), *sizes, f"{bias:+.4f}"])
    return rows


def robustness_markdown(result: Result) -> str:
    """Accuracy with and without noise under each disturbance, and the difference."""
    measured = sorted({gain["timesteps"] for gain in result["gains"]})
    shown = sorted({measured[0], measured[max(0, len(measured) - SHOWN_GAIN)]})
    parts = [heading(result, "Robustness"), f"Accuracy in percent. {BAND}"]
    for kind in KINDS:
        rows = [
            [
                f"{gain['strength']:g}",
                str(gain["timesteps"]),
                f"{gain[PLAIN]:.2f}",
                f"{gain[QUIET]:.2f}",
                points_text(gain, "gain"),
            ]
            for gain in result["gains"]
            if gain["kind"] == kind and gain["timesteps"] in shown
        ]
        titles = [METHODS[method].title for method in PAIR]
        header = [KIND_NAMES[kind], "T", *titles, "gain (points)"]
        parts += [f"## {KIND_NAMES[kind].capitalize()}", markdown(header, rows)]
    note = (
        "Both networks start from v_init = v_th / 2 and run without the noise of the training. "
        "Gain: seed by seed."
    )
    return document(*parts, note)


def calibration_markdown(result: Result) -> str:
    """Residuals by stage, noise round by round, and leaky neurons."""
    stages = groups(result["residuals"], lambda entry: entry["stage"])
    rounds = groups(result["rounds"], lambda entry: entry["round"])
    leaks = groups(result["leaks"], lambda entry: (entry["beta"], entry["variant"]))
    shown = timesteps_of(result["leaks"])
    return document(
        heading(result, "Calibrated noise"),
        BAND,
        "## Residuals",
        markdown(RESIDUAL_HEADER, [residual_row(*item) for item in stages.items()]),
        "Residuals of active neurons in units of v_th. KS: Kolmogorov-Smirnov distance, "
        "W: Wasserstein distance.",
        "## Measured, trained with, measured again",
        markdown(
            ["round", "seeds", "mean by stage", "deviation by stage", "moved", *shown],
            [round_row(*item) for item in rounds.items()],
        ),
        ROUND_NOTE,
        "## Leaky neurons",
        markdown(
            ["beta", "noise", "deviation by stage", *shown],
            [leak_row(*item) for item in leaks.items()],
        ),
    )


RESIDUAL_HEADER = ["stage", "silent", "active", "saturated", "mean", "deviation"] + [
    f"{distance} {law}" for law in ("uniform", "Gaussian", "training") for distance in ("KS", "W")
]


def residual_row(stage: int, entries: Sequence[Entry]) -> list[str]:
    """One stage, means over seeds."""
    shares = [
        f"{100 * mean(entry[name] for entry in entries):.1f} %"
        for name in ("silent", "active", "saturated")
    ]
    moments = [mean_text([entry[name] for entry in entries], 3) for name in ("mean", "std")]
    distances = [
        mean_text([entry["distances"].get(law, {}).get(name) for entry in entries], 3)
        for law in ("uniform", "gaussian", "training")
        for name in ("ks", "wasserstein")
    ]
    return [str(stage), *shares, *moments, *distances]


def by_stage(noises: Sequence[Sequence[Entry | None]], name: str) -> str:
    """A number of each stage's noise, means over seeds."""
    stages = zip(*noises, strict=True)
    return ", ".join(
        "none" if None in stage else f"{mean(noise[name] for noise in stage if noise):.3f}"
        for stage in stages
    )


def round_row(number: int, entries: Sequence[Entry]) -> list[str]:
    """One round, means over the seeds that took part in it."""
    measured = [entry["measured"] for entry in entries]
    moved = f"{mean(entry['moved'] for entry in entries):.3f}"
    cells = [by_stage(measured, "mu"), by_stage(measured, "sigma"), moved]
    return [str(number), str(len(entries)), *cells, *accuracy_cells(entries)]


def leak_row(kind: tuple[float, str], entries: Sequence[Entry]) -> list[str]:
    """One way to deal with a leak."""
    sigma = by_stage([entry["noise"] for entry in entries], "sigma")
    return [f"{kind[0]:g}", kind[1], sigma, *accuracy_cells(entries)]
