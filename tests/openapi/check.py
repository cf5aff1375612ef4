#!/usr/bin/env python3
"""Puts the OpenAPI document of a running service before three independent judges.

1. openapi-spec-validator: is it a valid OpenAPI 3.1 document?
2. redocly: does it follow the rules of redocly.yaml?
3. schemathesis: does the service behave as its document says?

Everything happens on this machine: the document is read from the service, the judges read a file or
talk to the service, telemetry is off. The last line is `N passed, N failed`; the first two judges count
as one test each, schemathesis as one for each operation.

    check.py --base-url http://127.0.0.1:8080/flyer --output target/xtask/openapi
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree

from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = pathlib.Path(__file__).resolve().parent
SEED = 20240131
EXAMPLES = 50
PATIENCE = 600  # seconds, over all operations


class Tally:
    """Counts the judgements and says each as it falls."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, name, problem=None):
        if problem is None:
            self.passed += 1
            print(f"ok    {name}")
        else:
            self.failed += 1
            print(f"FAIL  {name}: {problem}")


def fetch(url):
    """The document, without a proxy that the environment may name."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return json.load(answer)


def quiet_environment():
    """No telemetry, no question for newer versions, no proxy between the judge and the service."""
    environment = {k: v for k, v in os.environ.items() if k.lower() not in ("http_proxy", "https_proxy", "all_proxy")}
    return environment | {
        "REDOCLY_TELEMETRY": "off",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "DO_NOT_TRACK": "1",
        "NO_PROXY": "*",
        "CI": "true",
    }


def validate(document, tally):
    """Judge 1: the specification."""
    version = str(document.get("openapi", "none"))
    if not version.startswith("3.1."):
        tally.add("openapi-spec-validator", f"openapi is {version}, not 3.1")
        return
    problems = []
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        problems.append(f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    tally.add("openapi-spec-validator", "\n      ".join(problems[:20]) if problems else None)


def lint(path, tally):
    """Judge 2: good practice."""
    command = [HERE / "node_modules/.bin/redocly", "lint", path, "--config", HERE / "redocly.yaml", "--format", "stylish"]
    judged = subprocess.run(command, env=quiet_environment(), cwd=HERE, timeout=120, check=False)
    tally.add("redocly", f"ended with {judged.returncode}" if judged.returncode else None)


def fuzz(url, output, tally):
    """Judge 3: the service itself."""
    report = output / "schemathesis.xml"
    report.unlink(missing_ok=True)
    command = [
        pathlib.Path(sys.executable).with_name("st"), "--config-file", HERE / "schemathesis.toml",
        "run", url,
        "--checks", "all",
        "--max-examples", EXAMPLES,
        "--seed", SEED,
        "--workers", 1,
        "--request-timeout", 20,
        "--max-redirects", 0,
        "--continue-on-failure",
        "--no-color",
        "--report", "junit",
        "--report-junit-path", report,
    ]  # fmt: skip
    try:
        judged = subprocess.run(list(map(str, command)), env=quiet_environment(), cwd=output, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        tally.add("schemathesis", f"not done after {PATIENCE} s")
        return
    cases = list(xml.etree.ElementTree.parse(report).iter("testcase")) if report.exists() else []
    before = tally.failed
    for case in cases:
        wrong = [child.get("message") or child.tag for child in case if child.tag in ("failure", "error")]
        skipped = any(child.tag == "skipped" for child in case)
        if wrong or not skipped:
            tally.add(f"schemathesis {case.get('name')}", ", ".join(wrong) or None)
    if tally.failed == before and (judged.returncode or not cases):
        tally.add("schemathesis", f"ended with {judged.returncode} after {len(cases)} operations")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True, help="the service with its prefix, without a final slash")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="folder for the document and the reports")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    if urllib.parse.urlsplit(arguments.base_url).hostname not in ("127.0.0.1", "localhost", "::1"):
        parser.error("--base-url: only services of this machine are fuzzed")
    output = arguments.output.resolve()
    # A fresh folder: what an earlier run found must not steer this one.
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    url = arguments.base_url.rstrip("/") + "/openapi.json"
    tally = Tally()
    try:
        document = fetch(url)
    except (OSError, ValueError) as error:
        tally.add(f"reading {url}", str(error))
    else:
        path = output / "openapi.json"
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
        validate(document, tally)
        lint(path, tally)
        fuzz(url, output, tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(tally.failed > 0)


if __name__ == "__main__":
    main()
