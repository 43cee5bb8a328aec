"""measure.py FOLDER: how fast the page is, with written runs of 1,000, 10,000 and 100,000 jobs."""

import hashlib
import json
import os
import statistics
import sys
import time
import urllib.request

from shown import Page, chromium

RUN = "20261130_061507"
BEGAN = 1796000000.0
ROUNDS = 5


def write(folder, count):
    """A run of so many jobs, as xpm writes it; the jobs themselves have no folders."""
    run = f"{folder}/workspace/experiments/big/{RUN}"
    os.makedirs(run)
    os.makedirs(f"{folder}/workspace/jobs")
    open(f"{folder}/workspace/.__experimaestro__", "w").close()
    os.symlink(RUN, f"{folder}/workspace/experiments/big/current")
    counts = {"done": 0, "failed": 0}
    with open(f"{run}/jobs.jsonl", "w") as jobs, open(f"{run}/events.jsonl", "w") as events:
        for n in range(count):
            job = {"job_id": hashlib.sha256(f"{n}".encode()).hexdigest(), "task_id": "big.train"}
            tags = {"lr": n % 100 / 1000, "seed": n % 7, "i": n}
            jobs.write(json.dumps({**job, "tags": tags, "timestamp": BEGAN + n / 1000, "depends_on": []}) + "\n")
            state = "failed" if n % 1000 == 7 else "done"
            counts[state] += 1
            events.write(json.dumps({"timestamp": BEGAN + n / 100, **job, "state": "running"}) + "\n")
            events.write(json.dumps({"timestamp": BEGAN + n / 100 + n % 50 / 10, **job, "state": state}) + "\n")
    status = {"status": "failed", "run_mode": "normal", "started": BEGAN, "ended": BEGAN + count / 100, "counts": counts}
    with open(f"{run}/status.json", "w") as file:
        json.dump(status, file)


PAINT = """new Promise(told => new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (entry.name === 'first-contentful-paint') told(entry.startTime);
}).observe({ type: 'paint', buffered: true }))"""


def measure(browser, folder, count):
    folder = f"{folder}/{count}"
    write(folder, count)
    began = time.time()
    page = Page(folder)
    started = time.time() - began
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    tab = context.new_page()
    tab.goto(page.start)
    began = time.time()
    tab.goto(f"{page.base}/experiment/big")
    tab.locator("tr[data-row='0']").wait_for()
    cold = time.time() - began
    state = context.storage_state()
    cookie = "; ".join(f"{one['name']}={one['value']}" for one in state["cookies"])

    def ask(path):
        began = time.time()
        urllib.request.urlopen(urllib.request.Request(page.base + path, headers={"Cookie": cookie})).read()
        return time.time() - began

    paints, shown, size = [], [], 0
    for _ in range(ROUNDS):
        other = browser.new_context(viewport={"width": 1280, "height": 800}, storage_state=state)
        view = other.new_page()
        answers = []
        view.on("response", lambda answer: answers.append(answer))
        began = time.time()
        view.goto(f"{page.base}/experiment/big", wait_until="commit")
        view.locator("tr[data-row='0']").wait_for()
        shown.append(time.time() - began)
        paints.append(view.evaluate(PAINT) / 1000)
        size = sum(len(one.body()) for one in answers if "/rows" not in one.url and "/events" not in one.url)
        elements = view.evaluate("document.getElementsByTagName('*').length")
        other.close()
    rows = "/experiment/big/rows"
    # Each is another filter: what was chosen before is known.
    filters = statistics.median(ask(f"{rows}?filter=lr+%3D+0.0{n}+and+seed+%3E+3") for n in range(10, 10 + ROUNDS))
    order = ask(f"{rows}?order=duration")
    window = statistics.median(ask(f"{rows}?from={n * 100}") for n in range(ROUNDS))
    began = time.time()
    tab.get_by_role("region", name="Jobs").press("End")
    tab.locator(f"tr[data-row='{count - 1}']").wait_for()
    end = time.time() - began
    for _ in range(10):
        context.new_page().goto(f"{page.base}/experiment/big")
    time.sleep(1)
    before = page.seconds()
    time.sleep(10)
    idle = (page.seconds() - before) / 10
    print(f"{count} jobs, medians of {ROUNDS} where there are several", flush=True)
    for what, value in [
        ("start of the program", f"{started * 1000:.0f} ms"),
        ("rows on the screen, the program cold", f"{cold * 1000:.0f} ms"),
        ("rows on the screen, the program warm", f"{statistics.median(shown) * 1000:.0f} ms"),
        ("first contentful paint", f"{statistics.median(paints) * 1000:.0f} ms"),
        ("bytes of the first page, with all it loads", f"{size}"),
        ("elements in the page", f"{elements}"),
        ("a filter of two tags", f"{filters * 1000:.0f} ms"),
        ("in the order of duration", f"{order * 1000:.0f} ms"),
        ("a window of rows", f"{window * 1000:.1f} ms"),
        ("from the first row to the last, on the screen", f"{end * 1000:.0f} ms"),
        ("memory with 11 readers", f"{page.memory():.0f} MB"),
        ("a core, idle, with 11 readers", f"{idle * 100:.2f} %"),
    ]:
        print(f"  {what:<48} {value:>10}", flush=True)
    context.close()
    page.stop()


def main(folder):
    with chromium() as browser:
        for count in (1000, 10000, 100000):
            measure(browser, folder, count)


main(sys.argv[1])
