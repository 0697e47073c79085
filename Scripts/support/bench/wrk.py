"""wrk, a load generator that is not ours: it loads nginx, and checks what our own generator says of the daemon."""

import json
import re
import subprocess

from .failure import MeasurementFailed
from .requests import HEADERS
from .server import program, run

SETTING = "one thread"


def requests_per_second(bench, url, action, folder, **parameters):
    """Posts one request over and over."""
    script = folder / "request.lua"
    script.write_text(script_for(action, parameters))
    with bench.watch.measuring():
        output = run(["wrk", "-t1", f"-c{bench.connections}", f"-d{bench.seconds}s", "-s", script, url])
    result = json.loads(output.splitlines()[-1])
    if result["errors"]:
        raise MeasurementFailed(f"{result['errors']} of the answers from {url} were failures:\n{output}")
    return result["rate"]


def script_for(action, parameters):
    """Its last line of output is one of JSON."""
    headers = {**HEADERS, "X-Amz-Target": f"AmazonSQS.{action}"}
    header_lines = "\n".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items())
    return f"""
wrk.method = "POST"
{header_lines}
wrk.body = [=[{json.dumps(parameters)}]=]

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format('{{"rate":%f,"errors":%d}}\\n', summary.requests / summary.duration * 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def version():
    # Asked for its version it ends with status 1.
    told = subprocess.run([program("wrk"), "-v"], capture_output=True, text=True).stdout
    return re.search(r"wrk (?:debian/)?(\S+)", told).group(1)
