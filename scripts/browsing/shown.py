"""A page that runs, and a browser that looks at it."""

import contextlib
import os
import re
import signal
import subprocess

from playwright.sync_api import sync_playwright

XPM = os.environ["XPM"]


class Page:
    """`xpm monitor --web` on a workspace."""

    def __init__(self, folder, *options):
        words = [XPM, "monitor", "--web", "--workdir", "workspace", *options]
        self.process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.start = self.process.stdout.readline().strip()
        # With what every address begins with.
        self.base = re.match(r"http://[^/]+/[^/]+", self.start)[0]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait()

    def memory(self):
        """Resident, in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1024

    def seconds(self):
        """Of the processors, so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def chromium():
    with sync_playwright() as play:
        # Chromium has no sandbox for root.
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()
