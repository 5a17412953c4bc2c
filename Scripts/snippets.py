# SPDX-License-Identifier: Apache-2.0
"""Keeps what the documentation shows true.

    snippets.py block FILE LANGUAGE N      prints the Nth block of a language, from 1
    snippets.py console FILE [FOLDER]      runs the commands of all console blocks and compares what they print
    snippets.py compiled SOURCES FILE...   finds each Swift block of the files in a source file below one of the directories
                                           SOURCES, which are separated by commas

In a console block a line that begins with "$ " is a command and the lines up to the next one are its output. Commands
run in bash, in the working directory or the folder; where one changes it, the next is run there. A Swift block is found where its lines follow each other in a source file, all
indented alike.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap


def blocks(file: str, language: str) -> list[str]:
    text = pathlib.Path(file).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def console(file: str, folder: str = ".") -> int:
    failures = 0
    commands = [c for block in blocks(file, "console") for c in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    for text in commands:
        command, _, expected = text.partition("\n")
        with tempfile.TemporaryFile("w+") as place:
            script = f"{command}\npwd >&{place.fileno()}"
            run = subprocess.run(["bash", "-c", script], cwd=folder, pass_fds=[place.fileno()],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            place.seek(0)
            folder = place.read().rstrip("\n") or folder
        printed = run.stdout.decode()
        if printed.rstrip("\n") == expected.rstrip("\n"):
            print(f"as shown: {command}")
        else:
            failures += 1
            print(f"NOT AS SHOWN in {file}: {command}\n--- shown\n{expected}--- printed\n{printed}---")
    print(f"{file}: {len(commands)} commands")
    return failures if commands else 1


def compiled(sources: str, files: list[str]) -> int:
    failures = found = 0
    programs = {path: path.read_text(encoding="utf-8").split("\n")
                for folder in sources.split(",") for path in pathlib.Path(folder).rglob("*.swift")}
    for file in files:
        for block in blocks(file, "swift"):
            lines = textwrap.dedent(block).rstrip("\n").split("\n")
            if any(lines == textwrap.dedent("\n".join(program[start : start + len(lines)])).split("\n")
                   for program in programs.values() for start in range(len(program))):
                found += 1
            else:
                failures += 1
                print(f"{file}: no source file below {sources} has these lines:\n{block}")
    print(f"{found} Swift blocks are in programs that were compiled")
    return failures


def main(arguments: list[str]) -> int:
    match arguments:
        case ["block", file, language, number]:
            sys.stdout.write(blocks(file, language)[int(number) - 1])
            return 0
        case ["console", file, *folder]:
            return console(file, *folder)
        case ["compiled", sources, *files]:
            return compiled(sources, files)
    print(__doc__, file=sys.stderr)
    return 64


sys.exit(main(sys.argv[1:]))
