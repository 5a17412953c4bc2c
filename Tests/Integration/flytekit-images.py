#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints how flytekit resolves images: the cases of Tests/ImageSpecTests/Fixtures/flytekit-images/cases.json.

    python3 -m venv V && V/bin/pip install flytekit==1.16.31
    V/bin/python Tests/Integration/flytekit-images.py >Tests/ImageSpecTests/Fixtures/flytekit-images/cases.json
"""

import json

from flytekit.configuration import Image, ImageConfig
from flytekit.core.python_auto_container import get_registerable_container_image

DIGEST = "sha256:" + "0123456789abcdef" * 4
REFERENCES = ["ghcr.io/acme/a:1", "localhost:5000/a", "localhost:5000/a:1", "a", "a:1", "a@" + DIGEST, "ghcr.io/a/b:1@" + DIGEST,
              "r.io:443/a/b:v1.0-rc", ":", "a:", "a/b:c/d", "@" + DIGEST]
TEXTS = ["ghcr.io/acme/plain:1", "plain", "{{.image.default}}", "{{.image.default.fqn}}:{{.image.default.version}}",
         "{{.image.spark.fqn}}:{{.image.spark.version}}", "{{.image.pinned.fqn}}:{{.image.pinned.version}}", "{{.image.pinned}}",
         "{{.image.bare}}x", "{{.image.bare.fqn}}:{{.image.bare.version}}", "x/{{ .images.spark.version }}-gpu", "{{.IMAGE.spark}}",
         "{{.image.spark.version}}", "v-{{.image.pinned.version}}", "{{{.image.spark}}}", "{{.image.spark.fqn}}:{{.image.pinned.version}}",
         "{{.image}}", "{{.image.}}", "{{.image.spark.fqn.x}}", "{{.image.none}}", "{{.image.spark.tag}}", "{{.image.spark .fqn}}",
         "{{\t.image.spark\n}}", "{.image.spark}", "{{.image.spark.FQN}}", "{{.image.Spark}}", "",
         "{{.image.pinned.version}}:{{.image.pinned.version}}", "a:{{.image.default.version}}-{{.image.default.version}}"]


def config(default):
    images = {"spark": "ghcr.io/acme/spark:3.5", "pinned": "ghcr.io/acme/pinned@" + DIGEST, "bare": "localhost:5000/bare:x"}
    return ImageConfig.from_images(default, images)


def resolved(text, images):
    try:
        return get_registerable_container_image(text, images)
    except Exception:
        return None


look_ups = []
for reference in REFERENCES:
    image = Image.look_up_image_info("n", reference, allow_no_tag_or_digest=True)
    look_ups.append({"reference": reference, "fqn": image.fqn, "tag": image.tag, "digest": image.digest, "version": image.version,
                     "full": image.fqn if image.tag is None and image.digest is None else image.full})
configs = []
for default in ["ghcr.io/acme/default:1.0", "ghcr.io/acme/default@" + DIGEST, ""]:
    images = config(default)
    configs.append({"json": images.to_json(), "resolved": [[text, resolved(text, images)] for text in TEXTS]})
print(json.dumps({"look_ups": look_ups, "configs": configs}, indent=1))
