# SPDX-License-Identifier: Apache-2.0
"""Builds of one spec without an engine, by buildah and by dockerd with BuildKit, each with a push to a registry on loopback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import goals
import measure
import prepare

ENGINES = ("builtin", "buildah", "docker")
TITLES = {"builtin": "builtin", "buildah": "buildah", "docker": "docker, BuildKit"}
# What is measured, in the order of the report.
WORK = {
    "changed": "one source file changed",
    "first": "first build, wheels in uv's cache, base known",
    "second": "a second spec with the same packages",
    "again": "nothing changed, built and pushed again",
    "nothing": "nothing changed",
}
PACKAGES = ["numpy==2.1.3", "pandas==2.2.3", "requests==2.32.3", "PyYAML==6.0.2", "six==1.16.0"]
PROGRAMS = {"docker-registry": "docker-registry", "buildah": "buildah", "mmdebstrap": "mmdebstrap", "dockerd": "docker.io", "runc": "runc"}
PYOCI = ("pyoci 0.2.1 pushes to registries with TLS only, so not to one on loopback; it copies the packages of this machine's own "
         "environment into one layer")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Images:
    """A registry and a docker daemon that run while the block is measured, and a project whose image is built."""

    def __init__(self, bench):
        self.bench, self.processes, self.count = bench, [], 0
        missing = [package for program, package in PROGRAMS.items() if not shutil.which(program, path=self.path())]
        if os.geteuid() != 0:
            raise prepare.Missing("engines need root")
        if missing:
            raise prepare.Missing(f"needs the Debian packages {', '.join(missing)}")
        self.cache = os.path.join(bench.folder, "images")
        os.makedirs(self.cache, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="imagespec-bench-", dir="/var/tmp")
        self.port = free_port()
        self.registry = f"localhost:{self.port}"
        self.project = self.at("project")
        self.environment = {
            **bench.environment, "PATH": f"{self.cache}/uv/bin:{self.path()}", "TMPDIR": self.at("tmp"),
            "IMAGESPEC_CACHE": self.at("cache"), "UV_CACHE_DIR": os.path.join(self.cache, "uv-cache"),
            "BUILDAH_ISOLATION": "chroot", "CONTAINERS_STORAGE_CONF": self.at("storage.conf"),
            "DOCKER_HOST": "unix://" + self.at("docker.sock"),
        }
        for name in ("SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def path(self):
        return self.bench.environment["PATH"] + ":/usr/sbin:/sbin"

    def at(self, name):
        return os.path.join(self.folder, name)

    def run(self, *command, **more):
        found = subprocess.run(command, env=self.environment, capture_output=True, text=True, **more)
        if found.returncode != 0:
            raise prepare.Missing(f"{command[0]}: {prepare.essence(found.stderr or found.stdout)}")
        return found.stdout.strip()

    # --- services ---------------------------------------------------------------------------------------------------

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def service(self, name, *command, ready):
        with open(self.at(name + ".log"), "wb") as log:
            self.processes.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        for _ in range(300):
            if ready():
                return
            time.sleep(0.1)
        raise prepare.Missing(f"{name} does not answer")

    def answers(self):
        with socket.socket() as found:
            return found.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self):
        for name in ("tmp", "project/src"):
            os.makedirs(self.at(name))
        self.write("storage.conf", f'[storage]\ndriver = "overlay"\ngraphroot = "{self.at("graph")}"\nrunroot = "{self.at("run")}"\n')
        self.write("registry.yml", f"version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {self.at('registry')}}}\n"
                                   f"http: {{addr: \"127.0.0.1:{self.port}\", secret: loopback}}\n")
        self.write("daemon.json", json.dumps({
            "data-root": self.at("docker"), "exec-root": self.at("docker-exec"), "pidfile": self.at("dockerd.pid"),
            "hosts": [self.environment["DOCKER_HOST"]], "storage-driver": "overlay2", "bridge": "none", "iptables": False,
            "ip6tables": False, "features": {"buildkit": True}}))
        self.service("registry", "docker-registry", "serve", self.at("registry.yml"), ready=self.answers)
        self.service("docker", "dockerd", "--config-file", self.at("daemon.json"), ready=lambda: subprocess.run(
            ["/usr/bin/docker", "version"], env=self.environment, capture_output=True).returncode == 0)
        self.make_base()

    def make_base(self):
        """Debian with its Python, and an image with uv, in the registry."""
        root, uv = os.path.join(self.cache, "base.tar"), os.path.join(self.cache, "uv", "bin", "uv")
        if not os.path.exists(root):
            self.run("mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", "--include=python3,ca-certificates", "bookworm", root + ".new")
            os.replace(root + ".new", root)
        if not os.path.exists(uv):
            self.run("python3", "-m", "venv", os.path.join(self.cache, "uv"))
            self.run(os.path.join(self.cache, "uv", "bin", "pip"), "install", "-q", f"uv=={prepare.uv_version()}")
        certificates = "/etc/ssl/certs/ca-certificates.crt"
        for name, files, mode, settings in (
                ("base/debian:1", [(root, "/"), (certificates, certificates)], None,
                 ["--env", "PATH=/usr/local/bin:/usr/bin:/bin", "--env", "SSL_CERT_FILE=" + certificates]),
                ("tools/uv:1", [(uv, "/uv")], "755", [])):
            container = self.run("buildah", "from", "scratch")
            for source, place in files:
                self.run("buildah", "add", "-q", *(["--chmod", mode] if mode else []), container, source, place)
            if settings:
                self.run("buildah", "config", *settings, container)
            image = f"{self.registry}/{name}"
            self.run("buildah", "commit", "-q", "--rm", container, image)
            self.run("buildah", "push", "-q", "--tls-verify=false", image, "docker://" + image)

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait()
        with open("/proc/mounts") as file:
            mounts = [line.split()[1] for line in file if line.split()[1].startswith(self.folder)]
        for mount in sorted(mounts, reverse=True):
            subprocess.run(["umount", "-l", mount], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- the project ------------------------------------------------------------------------------------------------

    def write(self, name, text):
        with open(self.at(name), "w", encoding="utf-8") as file:
            file.write(text)

    def spec(self, engine, name="trainer", repository="acme", **options):
        path = f"project/{name}-{engine}.json"
        self.write(path, json.dumps({
            "name": name, "registry": f"{self.registry}/{repository}-{engine}", "base_image": f"{self.registry}/base/debian:1",
            "packages": PACKAGES, "source_root": f"src-{engine}", "source_copy_mode": "all",
            "builder_options": {"network": "host", **options}, "builder_config": {"uv_image": f"{self.registry}/tools/uv:1"}}))
        return self.at(path)

    def change(self, engine):
        """Changes one of some source files."""
        self.count += 1
        folder = self.at(f"project/src-{engine}")
        if not os.path.exists(folder):
            os.makedirs(folder)
            for number in range(20):
                self.write(f"project/src-{engine}/module_{number}.py", f"NUMBER = {number}\n" * 50)
        self.write(f"project/src-{engine}/main.py", f"COUNT = {self.count}\n")

    def prepare(self, work, engine):
        """What has to happen before a build, and is not measured."""
        if work == "changed":
            self.change(engine)
        elif work == "first":
            # `cache: false` makes all layers, and a new repository has none of them; uv's cache and the base stay.
            self.count += 1
            self.spec(engine, repository=f"first-{self.count}", cache=False)
        elif work == "second":
            self.count += 1
            self.spec(engine, name=f"team-{self.count}")
            os.replace(self.at(f"project/team-{self.count}-{engine}.json"), self.at(f"project/second-{engine}.json"))
        else:
            self.spec(engine)

    def subject(self, work, engine):
        file = self.at(f"project/{'second' if work == 'second' else 'trainer'}-{engine}.json")
        choice = [] if engine == "builtin" else ["--engine", engine]
        force = ["--force"] if work in ("again", "first") else []
        return measure.Subject(
            engine, (self.bench.tool, "build", *choice, *force, file), self.project, self.environment,
            before=lambda: self.prepare(work, engine))


def block(bench):
    """Measures all builds, and returns the medians by work and engine."""
    with Images(bench) as images:
        for engine in ENGINES:
            images.change(engine)
            images.spec(engine)
        found = {}
        for work in WORK:
            engines = ("builtin",) if work == "nothing" else ENGINES
            rounds = 2 if bench.quick else max(3, bench.runs // (2 if work == "first" else 1))
            prepare.say(f"building images: {WORK[work]}")
            samples, _, quiet = measure.alternate(bench.runner, [images.subject(work, engine) for engine in engines], rounds)
            # Of engines, most work is done by other processes: their daemons and the registry.
            quiet["noisy"] = quiet["calibration_spread"] > measure.MOST_CALIBRATION_SPREAD
            bench.keep("images: " + WORK[work], samples, quiet)
            walls = {engine: measure.walls(samples[engine]) for engine in engines}
            found[work] = {engine: measure.median(walls[engine]) for engine in engines}
            compare(bench, work, walls, quiet["noisy"])
    bench.skip("images by pyoci", PYOCI)
    return found


def compare(bench, work, walls, noisy):
    if work in goals.SECONDS_OF_IMAGE:
        bench.rows.append(goals.amount("images", WORK[work], "seconds", walls["builtin"], goals.SECONDS_OF_IMAGE[work], noisy))
    for engine in ENGINES[1:]:
        if engine in walls:
            bench.rows.append(goals.ratio(
                "images", f"{WORK[work]}, against {TITLES[engine]}", walls["builtin"], walls[engine],
                goals.IMAGES.get((work, engine)), noisy))
