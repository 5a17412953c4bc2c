# SPDX-License-Identifier: Apache-2.0
"""The blocks of the benchmark: each tree, the start of the program, single calls."""

import json
import os
import shutil
import subprocess

import goals
import measure
import prepare
import trees

def spec(root):
    return {"name": "bench", "source_root": root, "source_copy_mode": "all"}


class Bench:
    """What all blocks share, and what they have found."""

    def __init__(self, folder, tool, programs, python, runs, quick):
        self.folder, self.tool, self.python, self.runs, self.quick = folder, tool, python, runs, quick
        self.limits_program, self.runner = programs["limits"], measure.Runner(programs["run"])
        self.cores = measure.cores()
        self.rows, self.trees, self.blocks, self.skipped, self.times = [], {}, {}, [], {}
        self.startup = None
        home = os.path.join(folder, "home")
        os.makedirs(home, exist_ok=True)
        # Nothing of the user's configuration, and the same for all.
        self.environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": home, "XDG_CACHE_HOME": os.path.join(home, ".cache"),
            "LC_ALL": "C.UTF-8", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "IMAGESPEC_CACHE": "off",
        }

    def skip(self, what, reason):
        self.skipped.append({"what": what, "reason": reason})
        prepare.say(f"skipped: {what}: {reason}")

    def subject(self, name, *command, folder=None, **more):
        environment = {**self.environment, **more.pop("variables", {})}
        return measure.Subject(name, command, folder or self.folder, environment, **more)

    def keep(self, block, samples, quiet):
        self.blocks[block] = quiet
        self.times[block] = {
            name: {"wall": measure.walls(found), "cpu": [sample.user + sample.system for sample in found],
                   "resident": max(sample.resident for sample in found)}
            for name, found in samples.items()
        }

    # --- the start of programs, which the models of the trees hold, too ---------------------------------------------

    def start(self):
        small = os.path.join(prepare.HERE, "small.json")
        rounds = 20 if self.quick else max(100, self.runs)
        subjects = [
            self.subject("imagespec", self.tool, "tag", small),
            self.subject("true", "true"),
            self.subject("git --version", "git", "--version"),
            self.subject("python3 -c pass", "python3", "-c", "pass"),
        ]
        samples, _, quiet = measure.alternate(self.runner, subjects, rounds)
        self.keep("start", samples, quiet)
        walls = {name: measure.walls(found) for name, found in samples.items()}
        self.startup = measure.median(walls["true"])
        self.rows.append(goals.amount(
            "start", "`imagespec tag` of a small spec", "seconds", walls["imagespec"], goals.SECONDS_OF_START,
            quiet["noisy"]))
        self.rows.append(goals.Row("start", "the same, the fastest run", "seconds", min(walls["imagespec"])))
        for name in ("true", "git --version", "python3 -c pass"):
            self.rows.append(goals.Row("start", f"`{name}`", "seconds", measure.median(walls[name])))
        if self.python:
            self.start_of_flytekit(small)

    def start_of_flytekit(self, small):
        peer = os.path.join(prepare.HERE, "flytekit_peer.py")
        subjects = [
            self.subject("import", self.python, "-B", peer, "import"),
            self.subject("small", self.python, "-B", peer, "small", small),
        ]
        samples, _, quiet = measure.alternate(self.runner, subjects, 2 if self.quick else 5)
        self.keep("start of flytekit", samples, quiet)
        for name, what in (("import", "Python that imports flytekit"), ("small", "flytekit's tag of the same spec")):
            self.rows.append(goals.Row("start", what, "seconds", measure.median(measure.walls(samples[name]))))

    # --- single calls -----------------------------------------------------------------------------------------------

    def calls(self, program):
        """Nanoseconds of `id` and `tag` inside a process, by a program that is built for it."""
        small, environment = os.path.join(prepare.HERE, "small.json"), self.environment
        peer = os.path.join(prepare.HERE, "flytekit_peer.py")

        def results(*command):
            found = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True)
            if found.returncode != 0:
                raise measure.Failure(f"{command[0]}: {prepare.essence(found.stderr)}")
            return json.loads(found.stdout)

        quiet, ours, theirs = measure.Quiet(), [], []
        for _ in range(2 if self.quick else 5):
            quiet.calibrate()
            ours.append(results(program, small))
            if self.python:
                theirs.append(results(self.python, "-B", peer, "time", small))
        summary = quiet.summary()
        self.blocks["calls"] = summary
        self.times["calls"] = {"imagespec": ours, "flytekit": theirs}
        texts = {"id": "`id`", "new_id": "`ImageSpec(…).id`, with a new value each time", "tag": "`tag`, without files"}
        for name, text in texts.items():
            self.rows.append(goals.amount(
                "calls", f"{text} ({ours[0]['bytes']} bytes of JSON)", "nanoseconds", [found[name] for found in ours],
                goals.NANOSECONDS_OF_IDENTITY, summary["noisy"]))
            if theirs and name in theirs[0]:
                self.rows.append(goals.Row(
                    "calls", f"flytekit's {text}", "nanoseconds", measure.median([found[name] for found in theirs])))

    # --- a tree -----------------------------------------------------------------------------------------------------

    def tree(self, kind):
        root, found = trees.make(os.path.join(self.folder, "trees"), kind, self.environment)
        project = TreeProject(self, kind, root)
        cold = project.cold()
        samples, extras, quiet = measure.alternate(
            self.runner, [cold, *project.warm(), *project.peers()], self.runs, project.limits)
        self.keep(kind, samples, quiet)
        walls = {name: measure.walls(found) for name, found in samples.items()}
        self.trees[kind] = {
            "about": trees.PLANS[kind].about, "files": found["files"], "bytes": found["bytes"],
            "tag": project.tag(cold), "hashed_files": project.file_count,
            "wall": {name: measure.median(found) for name, found in walls.items()},
        }
        self.compare(kind, walls, quiet["noisy"])
        self.limit(kind, walls, extras, quiet["noisy"])
        for name in ("cold", "warm"):
            if name in samples:
                most = [sample.resident for sample in samples[name]]
                self.rows.append(goals.amount(
                    "memory", f"{kind}, {name}", "megabytes", [max(most)], goals.MEGABYTES.get(kind), False))

    def compare(self, kind, walls, noisy):
        for state, table, peers in (("cold", goals.COLD, ("flytekit", "sha256sum")),
                                    ("warm", goals.WARM, ("flytekit", "git status"))):
            for peer in peers:
                if state in walls and peer in walls:
                    self.rows.append(goals.ratio(
                        kind, f"{state}, {peer}", walls[state], walls[peer], table.get((kind, peer)), noisy))

    def limit(self, kind, walls, extras, noisy):
        """What the bare calls and SHA-256 would take, and which share of that speed we reach."""
        count, bytes_ = extras[0]["files"], extras[0]["bytes"]
        entries = count + extras[0]["folders"]
        stat = [self.startup + extra["stat"] for extra in extras]
        limits = {name: measure.median([extra[name] for extra in extras]) for name in ("read", "stat", "walk")}
        limits.update(files=count, folders=extras[0]["folders"], bytes=bytes_, stat_model=measure.median(stat),
                      read_call=limits["read"] / count * self.cores, stat_call=limits["stat"] / entries * self.cores,
                      walk_entry=limits["walk"] / entries * self.cores)
        self.trees[kind]["limits"] = limits
        if "openssl" in extras[0]:
            hashing = [bytes_ / (extra["openssl"] * self.cores) for extra in extras]
            model = [self.startup + extra["read"] + extra["walk"] + sha for extra, sha in zip(extras, hashing)]
            limits.update(openssl=measure.median([extra["openssl"] for extra in extras]),
                          hashing=measure.median(hashing), model=measure.median(model))
            self.rows.append(goals.ratio(
                kind, "cold, model of the machine", walls["cold"], model, goals.SHARE_OF_MODEL.get(kind), noisy, "share"))
            if kind in goals.SHARE_OF_OPENSSL:
                self.rows.append(goals.ratio(
                    kind, f"cold, `openssl speed` × {self.cores}", walls["cold"], hashing,
                    goals.SHARE_OF_OPENSSL[kind], noisy, "share"))
        if "warm" in walls:
            self.rows.append(goals.ratio(
                kind, "warm, `fstatat` alone", walls["warm"], stat, goals.SHARE_OF_STAT.get(kind), noisy, "share"))


class TreeProject:
    """A tree with its spec, the list of the files that enter the tag, and all that is run over it."""

    def __init__(self, bench, kind, root):
        self.bench, self.kind, self.root = bench, kind, root
        folder = os.path.join(bench.folder, "specs")
        os.makedirs(folder, exist_ok=True)
        self.spec, self.list = os.path.join(folder, kind + ".json"), os.path.join(folder, kind + ".list")
        with open(self.spec, "w") as file:
            json.dump(spec(root), file)
        self.file_count = self.write_list()

    def write_list(self):
        # Paths as they are from the root.
        command = [self.bench.tool, "files", "-z", "--base-dir", ".", "-"]
        found = subprocess.run(command, cwd=self.root, env=self.bench.environment, capture_output=True,
                               input=json.dumps(spec(".")).encode())
        if found.returncode != 0:
            raise measure.Failure("imagespec files: " + prepare.essence(found.stderr.decode(errors="replace")))
        paths = [line.split(b" ", 2)[2] for line in found.stdout.split(b"\0") if line]
        with open(self.list, "wb") as file:
            file.write(b"".join(path + b"\0" for path in paths))
        return len(paths)

    def ours(self, name, cache):
        return self.bench.subject(
            name, self.bench.tool, "tag", self.spec, folder=self.root, variables={"IMAGESPEC_CACHE": cache})

    def cold(self):
        return self.ours("cold", "off")

    def tag(self, subject):
        path = os.path.join(self.bench.folder, "tag")
        self.bench.runner.run(subject, output=path)
        with open(path) as file:
            return file.read().strip()

    def warm(self):
        """Our tag with a cache that a first run has filled; nothing where this tool keeps none."""
        cache = os.path.join(self.bench.folder, "cache", self.kind)
        shutil.rmtree(cache, ignore_errors=True)
        os.makedirs(cache)
        subject = self.ours("warm", cache)
        if self.tag(subject) != self.tag(self.cold()):
            raise measure.Failure(f"{self.kind}: with the cache the tag is another")
        if not any(files for _, _, files in os.walk(cache)):
            self.bench.skip(f"{self.kind}, warm", "this imagespec keeps no digest cache")
            return []
        return [subject]

    def peers(self):
        """The programs that do the same or less."""
        bench, peers = self.bench, []
        if bench.python:
            program = os.path.join(prepare.HERE, "flytekit_peer.py")
            peers.append(bench.subject("flytekit", bench.python, "-B", program, "tag", folder=self.root))
        if shutil.which("sha256sum") is None:
            bench.skip(f"{self.kind}, sha256sum", "there is none")
        else:
            peers.append(bench.subject(
                "sha256sum", "xargs", "-0", f"-P{bench.cores}", "sha256sum", folder=self.root, standard_input=self.list))
        if trees.PLANS[self.kind].committed:
            peers.append(bench.subject("git status", "git", "status", "--porcelain", folder=self.root))
        return peers

    def limits(self):
        """Seconds of bare calls over the files that enter the tag, and openssl's bytes a second on one core."""
        with open(self.list, "rb") as paths:
            found = subprocess.run([self.bench.limits_program, str(self.bench.cores)], stdin=paths, cwd=self.root,
                                   capture_output=True, text=True)
        if found.returncode != 0:
            raise measure.Failure("limits: " + prepare.essence(found.stderr))
        result, rate = json.loads(found.stdout), openssl_rate()
        if rate:
            result["openssl"] = rate
        return result


def openssl_rate():
    """Bytes a second of processor time; None without openssl."""
    command = ["openssl", "speed", "-mr", "-evp", "sha256", "-seconds", "1", "-bytes", "65536"]
    try:
        found = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    for line in found.stdout.splitlines():
        if line.startswith("+F:"):
            return float(line.split(":")[-1])
    return None
