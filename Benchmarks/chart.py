# SPDX-License-Identifier: Apache-2.0
"""The picture of a run: a bar for each program over each tree, on a logarithmic scale of seconds, as SVG."""

import html
import math

WIDTH, LEFT, RIGHT = 880, 200, 250
# Where the columns of ratios end, by the state of ours that a peer is compared with.
COLUMNS = {"cold": 770, "warm": 864}
HEADS = {"cold": "× imagespec", "warm": "× cached"}
TOP, BAR, GAP, HEAD, BETWEEN, BOTTOM = 72, 20, 6, 30, 14, 74

# In order; ours first. The class gives the colour.
BARS = (
    ("warm", "imagespec, cached", "warm"),
    ("cold", "imagespec", "cold"),
    ("git status", "git status", "peer"),
    ("sha256sum", "xargs -P sha256sum", "peer"),
    ("flytekit", "flytekit", "peer"),
)
# The limit that is marked on a bar of ours.
LIMITS = {"cold": "model", "warm": "stat_model"}

STYLE = """
svg { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
.paper { fill: #ffffff } .text { fill: #1f2328 } .faint { fill: #59636e } .grid { stroke: #d8dee4 }
.warm { fill: #0a7d33 } .cold { fill: #2f6fdb } .peer { fill: #9aa4af } .limit { stroke: #d1242f; stroke-width: 2.5 }
text { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; stroke: #ffffff }
.title { font-size: 16px; font-weight: 600 } .tree { font-weight: 600 }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } text { stroke: #0d1117 } .text { fill: #f0f6fc } .faint { fill: #9198a1 } .grid { stroke: #30363d }
.warm { fill: #3fb950 } .cold { fill: #589bff } .peer { fill: #6e7681 } .limit { stroke: #ff7b72 }
}
"""


def duration(seconds):
    """Three digits and a unit, as a reader says it."""
    for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")):
        if seconds >= unit * 0.9995 or name == "ns":
            value = seconds / unit
            digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
            return f"{value:.{digits}f} {name}"


def times(ratio):
    """Three digits."""
    return f"{ratio:.{0 if ratio >= 99.95 else 1 if ratio >= 9.995 else 2}f}×"


class Scale:
    """Where a number of seconds stands. Ends at whole decades."""

    def __init__(self, values):
        # Below the smallest is room for its bar to be seen.
        self.low = math.floor(math.log10(min(values) * 0.7))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)

    def x(self, seconds):
        share = (math.log10(seconds) - self.low) / (self.high - self.low)
        return LEFT + max(0.0, share) * (WIDTH - LEFT - RIGHT)

    def decades(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def text(x, y, content, kind="text", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{html.escape(content)}</text>'


def compared_with(name):
    """The states of ours that a peer is compared with."""
    return {"cold": (), "warm": (), "git status": ("warm",), "sha256sum": ("cold",)}.get(name, ("cold", "warm"))


def bars(kind, tree, scale, top):
    """The elements of a tree, and where the next begins."""
    walls, limits = tree["wall"], tree.get("limits", {})
    parts = [text(16, top + 18, f"{kind}: {tree['about']}", "text tree")]
    y = top + HEAD
    for name, label, kind_of_bar in BARS:
        if name not in walls:
            continue
        end, middle = scale.x(walls[name]), y + BAR * 0.72
        parts.append(text(LEFT - 10, middle, label, anchor="end"))
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{max(2, end - LEFT):.1f}" height="{BAR}" rx="2" class="{kind_of_bar}"/>')
        label_x = end
        if LIMITS.get(name) in limits:
            mark = scale.x(limits[LIMITS[name]])
            label_x = max(end, mark)
            parts.append(f'<path d="M{mark:.1f} {y - 2}v{BAR + 4}" class="limit"/>')
        parts.append(text(label_x + 8, middle, duration(walls[name])))
        for state in compared_with(name):
            if state in walls:
                parts.append(text(COLUMNS[state], middle, times(walls[name] / walls[state]), anchor="end"))
        y += BAR + GAP
    return parts, y + BETWEEN


def axis(scale, bottom):
    parts = []
    for seconds in scale.decades():
        x = scale.x(seconds)
        parts.append(f'<path d="M{x:.1f} {TOP - 4}V{bottom}" class="grid"/>')
        parts.append(text(x, bottom + 18, f"{seconds:g} s" if seconds >= 1 else duration(seconds).replace(".00", "").replace(
            ".0", ""), "faint", "middle"))
    return parts


def svg(results):
    """The chart of results, as they stand in the JSON file."""
    found = results["trees"]
    values = [wall for tree in found.values() for wall in tree["wall"].values()]
    values += [tree["limits"][name] for tree in found.values() for name in LIMITS.values() if name in tree.get("limits", {})]
    scale, parts, y = Scale(values), [], TOP
    for kind, tree in found.items():
        more, y = bars(kind, tree, scale, y)
        parts += more
    height = y + BOTTOM
    machine = results["machine"]
    about = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; medians of {results['runs']} runs"
    if results["noisy"]:
        # Short, since the line has the width of the chart.
        about = about.replace(" GNU/Linux", "").split(" (bookworm)")[0] + about.partition(" (bookworm)")[2] + "; noisy"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        "<title>Time for the tag of a source tree</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" class="paper"/>',
        text(16, 28, "Time for the tag of a source tree (shorter is better; logarithmic)", "text title"),
        text(16, 48, about, "faint"),
        *axis(scale, y),
        *[text(COLUMNS[state], TOP + 18, head, "faint", "end") for state, head in HEADS.items()
          if any(state in tree["wall"] for tree in found.values())],
        *parts,
        f'<path d="M20 {y + 38}v16" class="limit"/>',
        text(30, y + 51, "what this machine allows: bare system calls and SHA-256 on all cores; when cached, fstatat alone",
             "faint"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"
