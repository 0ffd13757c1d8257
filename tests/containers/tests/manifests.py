"""Validates the recipes of a folder against the schemas of those who read them.

usage: manifests.py DEPLOY < what `kubectl kustomize` makes of DEPLOY/kubernetes

Kubernetes: the strict schemas of its own API, of the oldest version that the recipe is for and of the
newest that there is. Amazon ECS: the model that its client libraries are made from.
"""

import json
import sys
from pathlib import Path

import botocore.loaders
import botocore.model
import botocore.validate
import kubernetes_validate
import yaml

VERSIONS = ["1.29", kubernetes_validate.latest_version()]

documents = list(yaml.safe_load_all(sys.stdin))
kinds = sorted(document["kind"] for document in documents)
assert kinds == ["ConfigMap", "Deployment"], kinds
for document in documents:
    for version in VERSIONS:
        kubernetes_validate.validate(document, version, strict=True)

task = json.loads(Path(sys.argv[1], "ecs-task.json").read_text())
model = botocore.loaders.Loader().load_service_model("ecs", "service-2")
service = botocore.model.ServiceModel(model, "ecs")
register = service.operation_model("RegisterTaskDefinition").input_shape


def unknown(value, shape, path):
    """Members that the model does not have, which botocore's validator passes over."""
    if shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from unknown(member, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from unknown(member, shape.member, f"{path}[{index}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value} is none of {shape.enum}"


report = botocore.validate.ParamValidator().validate(task, register)
assert not report.has_errors(), report.generate_report()
wrong = list(unknown(task, register, "task"))
assert not wrong, wrong
print("valid")
