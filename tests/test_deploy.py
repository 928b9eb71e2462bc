"""deploy/: the files are read, and the commands and options in them are those of the command line. No container is started."""

import configparser
import importlib
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaml")

import yaml

from mutoscope.cli.app import build
from mutoscope.cluster import serving
from mutoscope.engines import EMBEDDED
from mutoscope.errors import SettingError
from mutoscope.serve.settings import DEFAULT_PORT

FOLDER = Path(__file__).resolve().parent.parent / "deploy"
EXTRAS = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def steps(name: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile."""
    text = re.sub(r"^#.*\n", "", (FOLDER / name).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def unit() -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment]  # names as they are written
    found.read(FOLDER / "mutoscope.service")
    return found


def server_of(name: str) -> dict[str, Any]:
    return next(one for one in manifests(name) if one["kind"] == "Deployment")["spec"]["template"]["spec"]


def commands() -> dict[str, list[str]]:
    """Return every command of these files, as words."""
    return {
        "Dockerfile": json.loads(dict(steps("Dockerfile"))["CMD"]),
        "compose.yaml": manifests("compose.yaml")[0]["services"]["mutoscope"]["command"],
        "mutoscope.service": shlex.split(unit()["Service"]["ExecStart"]),
        "kubernetes.yaml": server_of("kubernetes.yaml")["containers"][0]["command"],
        "ray-serve.yaml": server_of("ray-serve.yaml")["containers"][0]["command"],
        "ray-batch.yaml": shlex.split(manifests("ray-batch.yaml")[0]["spec"]["entrypoint"]),
    }


@pytest.mark.parametrize(
    "name", ["Dockerfile", "compose.yaml", "mutoscope.service", "kubernetes.yaml", "ray-batch.yaml", "ray-serve.yaml"]
)
def test_the_command_line_knows(name: str):
    program, verb, *words = commands()[name]
    assert program.split("/")[-1] == "mutoscope" and all(isinstance(word, str) for word in words)
    command = build().commands[verb]
    with command.make_context(verb, list(words), resilient_parsing=False) as context:
        assert context.params.get("port", DEFAULT_PORT) == DEFAULT_PORT


def test_the_images():
    for name in ("Dockerfile", "Dockerfile.ray"):
        for word, rest in steps(name):
            if word == "COPY":
                *sources, _ = [part for part in rest.split() if not part.startswith("--")]
                kept = (FOLDER / f"{name}.dockerignore").read_text().splitlines()
                assert all((FOLDER.parent / source).exists() and f"!{source}" in kept for source in sources)
    plain = dict(steps("Dockerfile"))
    assert plain["ARG"].removeprefix("EXTRAS=") in EXTRAS and plain["EXPOSE"] == str(DEFAULT_PORT)
    assert plain["USER"] != "root" and f":{DEFAULT_PORT}/healthz" in plain["HEALTHCHECK"]
    image = dict(steps("Dockerfile.ray"))
    assert "[cluster]" in image["RUN"] and "cluster" in EXTRAS
    for version in (
        manifests("ray-batch.yaml")[0]["spec"]["rayClusterSpec"]["rayVersion"],
        manifests("ray-serve.yaml")[0]["spec"]["rayClusterConfig"]["rayVersion"],
    ):
        assert image["FROM"].startswith(f"rayproject/ray:{version}-py3")


def test_nobody_from_outside_gets_in_without_a_token():
    service = manifests("compose.yaml")[0]["services"]["mutoscope"]
    assert "MUTOSCOPE_TOKEN:?" in service["environment"]["MUTOSCOPE_TOKEN"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    for name in ("kubernetes.yaml", "ray-serve.yaml"):
        variable, *_ = server_of(name)["containers"][0]["env"]
        assert variable["name"] == "MUTOSCOPE_TOKEN" and "secretKeyRef" in variable["valueFrom"]
    assert "--host" not in commands()["mutoscope.service"]


@pytest.mark.parametrize("name", ["kubernetes.yaml", "ray-serve.yaml"])
def test_the_pods_hold_together(name: str):
    claim, deployment, service = manifests(name)[-3:]
    pod, labels = deployment["spec"]["template"]["spec"], deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"] == labels
    assert deployment["spec"]["replicas"] == 1 and deployment["spec"]["strategy"]["type"] == "Recreate"
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    mounted = {one["name"] for one in pod["containers"][0]["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}
    assert str(pod["securityContext"]["runAsUser"]) in dict(steps("Dockerfile"))["RUN"]


def test_the_machines_of_a_batch_see_the_same_folder():
    job = manifests("ray-batch.yaml")[0]["spec"]["rayClusterSpec"]
    for group in (job["headGroupSpec"], *job["workerGroupSpecs"]):
        assert group["template"]["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] == "/shared"


def test_the_server_and_the_application_of_ray_serve_fit():
    service = manifests("ray-serve.yaml")[0]
    config = yaml.safe_load(service["spec"]["serveConfigV2"])
    (application,) = config["applications"]
    module, _, function = application["import_path"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
    engine, models, replicas = serving.read_words(application["args"])
    (drawer,) = application["deployments"]
    assert models == [EMBEDDED] and drawer["name"] == serving.DEPLOYMENT and drawer["max_ongoing_requests"] == 1
    assert drawer["ray_actor_options"]["num_cpus"] == engine.threads
    assert drawer["autoscaling_config"]["max_replicas"] == replicas <= drawer["max_queued_requests"]
    words = commands()["ray-serve.yaml"]
    assert words[words.index("--workers") + 1] == str(replicas)
    port, name = config["http_options"]["port"], f"{service['metadata']['name']}-serve-svc"
    assert words[words.index("--ray-url") + 1] == f"http://{name}:{port}" and application["route_prefix"] == "/"


def test_the_cluster_draws_for_its_server_alone():
    cluster = manifests("ray-serve.yaml")[0]["spec"]["rayClusterConfig"]
    groups = (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])
    pods = [group["template"]["spec"] for group in groups] + [server_of("ray-serve.yaml")]
    secrets = [
        one["valueFrom"]["secretKeyRef"]
        for pod in pods
        for one in pod["containers"][0]["env"]
        if one["name"] == serving.TOKEN
    ]
    assert len(secrets) == len(pods) == 3 and secrets[0] == secrets[1] == secrets[2]


def test_an_application_knows_its_arguments():
    with pytest.raises(SettingError, match="unknown arguments modle; known: models"):
        serving.read_words({"modle": ["embedded"]})


def test_the_unit_is_whole():
    service = unit()["Service"]
    folder = commands()["mutoscope.service"][-1]
    assert folder == f"/var/lib/{service['StateDirectory']}" and service["DynamicUser"] == "yes"
    assert int(service["TimeoutStopSec"]) > 5 and unit()["Install"]["WantedBy"]
