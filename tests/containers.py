"""What Dockerfile, .dockerignore and docker-compose.yml say, for tests that run it instead of a copy of it."""

import json
import re
import shutil

import yaml

from devstack.service import ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
WHOLE_LINES = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
STAGES = re.split(r"^FROM ", "\n".join(WHOLE_LINES), flags=re.MULTILINE)[1:]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
INTERPOLATION = re.compile(r"\$\{(\w+):-([^}]*)\}")


def instructions(name):
    """What follows this word in the last stage of the Dockerfile."""
    return re.findall(rf"^{name}\s+(.+)", STAGES[-1], re.MULTILINE)


ENVIRONMENT = dict(re.findall(r'(\w+)="?([^\s"]+)', instructions("ENV")[0]))
SERVER = json.loads(instructions("CMD")[0])
HEALTHCHECK = json.loads(instructions("HEALTHCHECK")[0].partition(" CMD ")[2])
COLLECTSTATIC = next(step for step in instructions("RUN") if "collectstatic" in step)


def command_of(service):
    return COMPOSE["services"][service].get("command", SERVER)


def moved(command, port, folder):
    """The same command with another port than 8000 and another folder than /tmp, which here belong to others too."""
    return [word.replace("8000", str(port)).replace("/tmp/", f"{folder}/") for word in command]  # noqa: S108


def interpolated(value, environment):
    """`${NAME:-default}` as Compose reads it: the default also stands in for an empty value."""
    return INTERPOLATION.sub(lambda found: environment.get(found[1]) or found[2], value)


def copy_context(folder):
    """What `COPY . .` brings into the image. `.dockerignore` keeps to three shapes of lines, which this reads."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    inside = [line[1:] for line in lines if line.startswith("!")]
    outside = [line[3:] for line in lines if line.startswith("**/")]
    assert lines == ["*", *(f"!{name}" for name in inside), *(f"**/{name}" for name in outside)]
    for name in inside:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns(*outside))
        else:
            shutil.copy(ROOT / name, target)
