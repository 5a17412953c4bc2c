# SPDX-License-Identifier: Apache-2.0
"""Shows what is in an image archive: its layers and configuration.

    image_contents.py FILE.tar [DIRECTORY]      with a directory, also unpacks the file system there
"""
import json
import os
import subprocess
import sys
import tarfile


def main(path, directory=None):
    with tarfile.open(path) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]
        config = json.load(archive.extractfile(manifest["Config"]))
        titles = [entry["created_by"] for entry in config["history"] if not entry.get("empty_layer")]
        names = [""] * (len(manifest["Layers"]) - len(titles)) + titles
        print("layers:")
        for name, title in zip(manifest["Layers"], names):
            member = archive.getmember(name)
            while member.issym() or member.islnk():
                member = archive.getmember(os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname)))
            print(f"  {member.size / 1e6:8.2f} MB  {title[:100] or 'base image'}")
            if directory:
                # tar, which keeps modes and links, also for those who are not root.
                subprocess.run(["tar", "-xz", "--no-same-owner", "--exclude=dev/*", "-C", directory],
                               input=archive.extractfile(member).read(), check=True)
        settings = config["config"]
        for key in ("User", "WorkingDir", "Entrypoint", "Cmd", "Env"):
            if settings.get(key):
                print(f"{key}: {json.dumps(settings[key], ensure_ascii=False)}")


main(*sys.argv[1:])
