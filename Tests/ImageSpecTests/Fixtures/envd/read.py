# SPDX-License-Identifier: Apache-2.0
"""Reads build.envd files as Python, whose literals and calls Starlark shares, and as envd reads its values a second time.

Standard input: a JSON list of {"text": a build.envd, "field": a field of the spec, "value": what the spec says there}.
Prints a line for each file that says anything else.
"""
import ast
import json
import shlex
import sys


def calls(text):
    tree = ast.parse(text)
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef) and function.name == "build"
    for statement in function.body:
        call = statement.value
        assert isinstance(statement, ast.Expr) and isinstance(call, ast.Call) and not call.args
        yield ast.unparse(call.func), {k.arg: ast.literal_eval(k.value) for k in call.keywords}


def words(texts):
    """What envd's own splitting makes of words that it joins by spaces."""
    return shlex.split(" ".join(texts), comments=True)


def found(field, calls):
    def of(name, argument):
        return [arguments[argument] for function, arguments in calls if function == name and argument in arguments]

    if field == "env":
        return [environment["VALUE"] for environment in of("runtime.environ", "env")]
    if field == "packages":
        return [word for names in of("install.python_packages", "name") for word in words(names)]
    if field == "conda_packages":
        return [word for names in of("install.conda_packages", "name") for word in words(names)]
    if field == "conda_channels":
        return [word for names in of("install.conda_packages", "channel") for word in words(names)][1:]
    if field == "commands":
        found = []
        for (text,) in of("run", "commands"):
            bash, option, script = shlex.split(f"bash -c '{text}\n'")
            assert (bash, option) == ("bash", "-c")
            *start, command = shlex.split(script)
            assert start == ["cd", "/root", "&&", "exec", "/bin/sh", "-c"], start
            found.append(command)
        return found
    if field == "entrypoint":
        return [word for words in of("config.entrypoint", "args") for word in words]
    if field == "base_image":
        return of("base", "image")
    if field == "apt_packages":
        return [name for names in of("install.apt_packages", "name") for name in names]
    if field == "python_version":
        return of("install.python", "version")
    if field == "pip_index":
        return of("config.pip_index", "url")
    if field == "pip_extra_index_url":
        return [url for urls in of("config.pip_index", "extra_url") for url in urls.split()]
    if field == "copy":
        # No path of a project is in the file.
        return of("io.copy", "source") + of("io.copy", "target")
    raise KeyError(field)


for case in json.load(sys.stdin):
    try:
        result = found(case["field"], list(calls(case["text"])))
        expected = ["copy/0/root", "/"] if case["field"] == "copy" else [case["value"]]
        if result != expected:
            print(case["field"], ascii(case["value"]), "became", ascii(result))
    except Exception as error:
        print(case["field"], ascii(case["value"]), repr(error))
