# SPDX-License-Identifier: Apache-2.0
"""Reads Dockerfiles with BuildKit's parser (PyPI: dockerfile) and says what their instructions mean.

In: a JSON list of texts. Out: a JSON list with, for each, the error or a list of instructions. Values are as the
image would have them: shell words as /bin/sh splits them, variables and paths after Docker's own expansion.
"""
import json
import subprocess
import sys

import dockerfile


def words(command):
    """The arguments that a shell gives to the installer in a command."""
    for program in ("/tmp/uv pip install", '/tmp/micromamba "$action"', "apt-get install"):
        if program in command:
            command = command[command.index(program) + len(program):]
            break
    else:
        return None
    for cleaning in (" && rm -rf /opt/micromamba/pkgs", " && rm -rf /var/lib/apt/lists/*"):
        command = command.partition(cleaning)[0]
    shell = subprocess.run(
        ["/bin/sh", "-c", "printf '%s\\0' " + command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return shell.stdout.decode("utf-8", "backslashreplace").split("\0")[:-1]


def expanded(text):
    """Docker's expansion of a word without variables (its shell/lex.go): quotes and backslashes."""
    result, index, quote = "", 0, None
    while index < len(text):
        character = text[index]
        if quote is None and character in "'\"":
            quote = character
        elif character == quote:
            quote = None
        elif character == "$" and quote != "'":
            raise ValueError("a variable: " + text)
        elif character == "\\" and quote != "'":
            following = text[index + 1]
            if quote == '"' and following not in '"$\\':
                result += character
            result += following
            index += 1
        else:
            result += character
        index += 1
    if quote:
        raise ValueError("an open quote: " + text)
    return result


def meaning(item):
    value = list(item.value)
    command = item.cmd.upper()
    entry = {"command": command, "flags": list(item.flags), "json": item.json, "value": value}
    if getattr(item, "heredocs", ()):
        entry["heredoc"] = True
    if command in ("ENV", "LABEL") and not value[1].startswith('"/') and "$PATH" not in value[1]:
        entry["value"] = [value[0], expanded(value[1])] + value[2:3]
    if command == "COPY":
        entry["value"] = [expanded(part) for part in value]
    if command == "RUN" and not item.json:
        entry["words"] = words(value[0])
    return entry


def read(text):
    try:
        return [meaning(item) for item in dockerfile.parse_string(text)]
    except Exception as error:
        return str(error) or repr(error)


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
