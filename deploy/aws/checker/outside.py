"""deploy/aws/checker/outside.py - other people's checkers, where they are there: cfn-lint, and a deployment in moto."""
import pathlib
import shutil
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent


def lint(files, region):
    """(what was not checked or nothing, lines that cfn-lint said or no list where it is not there)."""
    program = shutil.which("cfn-lint")
    if not program:
        return "cfn-lint is not on PATH", None
    if "--regions" not in subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60, check=False).stdout:
        return f"{program} is another program of the same name", None
    done = subprocess.run([program, "--regions", region, "--format", "parseable", *map(str, files)],
                          capture_output=True, text=True, timeout=120, check=False)
    return None, (done.stdout + done.stderr).splitlines() if done.returncode else []


def deploy(files):
    """(what was not checked or nothing, what went wrong or no list) of a deployment in moto, by whichever Python has it."""
    for python in dict.fromkeys((sys.executable, shutil.which("python3"))):
        if python and subprocess.run([python, "-c", "import boto3, moto, yaml"], capture_output=True, timeout=60, check=False).returncode == 0:
            done = subprocess.run([python, str(FOLDER / "moto_deploy.py"), *map(str, files)],
                                  capture_output=True, text=True, timeout=120, check=False)
            said = (done.stdout + done.stderr).splitlines()
            # An error of moto's is the last line of a long trace.
            return (None, said[-1:] if "Traceback" in done.stderr else said) if done.returncode else (said[0], [])
    return "no python3 here has moto", None


# What the self-test writes into a copy of network.yaml, and what must be said of it.
MISTAKES = {
    "lint": (lambda text: text.replace("VpcEndpointType: Gateway", "VpcEndpointTyp: Gateway"), "VpcEndpointTyp"),
    "deploy": (lambda text: text.replace("Default: 10.16.32.0/20", "Default: 10.17.32.0/20"), "10.17.32.0/20"),
}
