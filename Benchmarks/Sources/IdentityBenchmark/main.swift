// SPDX-License-Identifier: Apache-2.0
//
// What `id` and `tag` of a spec without files take, in nanoseconds a call, as JSON:
//
//     IdentityBenchmark small.json
//
// "id" and "tag" are of a value that is there; "new_id" is of one that is made for each call.

import ImageSpec

/// The spec of small.json, as code writes it.
func newSpec() -> ImageSpec {
    ImageSpec(
        name: "trainer",
        pythonVersion: "3.12",
        env: [
            "GREETING": "hello",
            "HF_HOME": "/var/cache/huggingface",
            "MPLCONFIGDIR": "/var/cache/matplotlib",
            "OMP_NUM_THREADS": "8",
            "PYTHONUNBUFFERED": "1",
            "TOKENIZERS_PARALLELISM": "false",
        ],
        registry: "ghcr.io/acme",
        packages: [
            "accelerate==1.2.1", "datasets==3.2.0", "duckdb==1.1.3", "fsspec==2024.9.0", "numpy==2.1.3",
            "pandas==2.2.3", "polars==1.17.1", "pyarrow==18.1.0", "pydantic==2.10.4", "scikit-learn==1.6.0",
            "scipy==1.14.1", "tokenizers==0.21.0", "torch==2.5.1", "transformers==4.47.1",
            "typing-extensions==4.12.2", "uvicorn==0.34.0", "wandb==0.19.1", "xgboost==2.1.3",
        ],
        aptPackages: ["build-essential", "curl", "git", "libgomp1"],
        platform: "linux/amd64",
        pipIndex: "https://pypi.example.com/simple",
        pipExtraIndexURLs: ["https://download.example.com/whl/cpu"],
        entrypoint: ["/usr/local/bin/start", "--quiet"],
        commands: ["python -c 'import torch, transformers'", "python -m compileall -q /opt/venv/lib"],
        tagFormat: "{spec_hash:.16}"
    )
}

/// The median of batches of calls. What a call returns is used, so that no call is left out.
func nanoseconds(_ body: () throws -> String) rethrows -> Double {
    let calls = 2_000
    var characters = 0
    var batches: [Double] = []
    for _ in 0..<15 {
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<calls { characters += try body().utf8.count }
        batches.append((clock.now - start) / .nanoseconds(1) / Double(calls))
    }
    precondition(characters >= 15 * calls)
    return batches.sorted()[batches.count / 2]
}

guard CommandLine.arguments.count == 2 else {
    print("usage: IdentityBenchmark SPEC")
    fatalError("one argument is needed")
}
let spec = try ImageSpec(jsonContentsOf: CommandLine.arguments[1])
precondition(spec.id == newSpec().id, "the spec in the file is not the one in this program")
let context = ImageSpec.Context.current

let id = nanoseconds { spec.id }
let newID = nanoseconds { newSpec().id }
let tag = try nanoseconds { try spec.tag(in: context) }
print(#"{"id": \#(id), "new_id": \#(newID), "tag": \#(tag), "bytes": \#(spec.idDocument.utf8.count)}"#)
