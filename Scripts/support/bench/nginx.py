"""nginx answering a static 200: what any server that reads the same requests over HTTP can reach, storing nothing."""

import re
import signal
import subprocess

from .server import Server, program

SETTING = "one worker, static 200, no access log"


class Nginx(Server):
    stop_signal = signal.SIGQUIT

    def prepare(self):
        (self.folder / "nginx.conf").write_text(self.configuration())

    def command(self):
        return ["nginx", "-p", self.folder, "-c", "nginx.conf", "-e", self.folder / "error.log"]

    def configuration(self):
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "\n".join(f'    {kind}_temp_path "{self.folder}/{kind}";' for kind in kinds)
        return f"""
daemon off;
worker_processes 1;
pid "{self.folder}/nginx.pid";
error_log "{self.folder}/error.log";
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
{temporary}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{ return 200; }}
    }}
}}
"""


def version():
    # It tells its version on standard error.
    told = subprocess.run([program("nginx"), "-v"], capture_output=True, text=True, check=True).stderr
    return re.search(r"nginx/(\S+)", told).group(1)
