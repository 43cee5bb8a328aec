"""page.py FOLDER: the page in a real browser."""

import os
import re
import signal
import subprocess
import sys
import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from shown import XPM, Page, chromium

SCRIPT = """
local xpm = require "xpm"
local Data = xpm.task { id = "b.data", params = { name = xpm.string, out = xpm.job_path "d.txt" }, command = "echo {name} >{out}" }
local Train = xpm.task {
  id = "b.train", params = { data = Data, n = xpm.int, name = xpm.string },
  execute = function(self)
    print("\\27[31mred\\27[0m", "日本 🚀", "\\27]0;title\\7<b>bold</b>", "\\u{202e}back")
    io.write("10 %\\r20 %\\rdone ", self.n, "\\n"); io.flush()
    for step = 1, 3 do self:log { step = step, loss = self.n / step } end
    self:progress(0.25, "epoch 1")
    if self.n == 3 then error("boom: no such thing") end
    while not io.open("FOLDER/go" .. self.n) do os.execute("sleep 0.05") end
    self:result { loss = self.n }
  end,
}
function run(helper, cfg)
  local data = Data { name = "<i>x</i>" }:submit()
  for n = 1, 200 do
    Train { data = data, n = xpm.tag(n), name = xpm.tag("<script>document.title = 'hacked'</script> é") }:submit()
  end
end
"""


def tell(text):
    print(text, flush=True)


def main(folder):
    with open(f"{folder}/b.lua", "w") as file:
        file.write(SCRIPT.replace("FOLDER", folder))
    for n in range(7, 201):
        open(f"{folder}/go{n}", "w").close()
    run = subprocess.Popen(
        [XPM, "run", "-j", "6", "b.lua"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not os.path.exists(f"{folder}/workspace/experiments/b/current/jobs.jsonl"):
        time.sleep(0.05)
    page = Page(folder)
    try:
        look(page, folder, run)
    finally:
        # Twice: the jobs too.
        for _ in range(2):
            if run.poll() is None:
                run.send_signal(signal.SIGTERM)
                time.sleep(0.5)
        page.process.kill()
    tell("all is well")


def look(page, folder, run):
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        said = []
        context.on("console", lambda message: said.append(message.text))
        context.on("weberror", lambda error: said.append(str(error.error)))
        live(context, page, folder, run)
        run.wait()
        after(context, page, folder)
        state = context.storage_state()
        assert not said, said
        tell("the browser had nothing to say against it")
        without_scripts(browser, page, state)
        accessible(browser, page, state)
        lost(context, page, folder)


def live(context, page, folder, run):
    """A run while it goes on."""
    tab = context.new_page()
    tab.goto(page.start)
    assert "token" not in tab.url, tab.url
    expect(tab.get_by_role("link", name="b", exact=True)).to_be_visible()
    expect(tab.locator(".state.live")).to_have_text("running")
    tab.get_by_role("link", name="b", exact=True).click()
    jobs = tab.get_by_role("region", name="Jobs")
    expect(tab.locator("[data-count=failed]")).to_have_text("1 failed", timeout=20000)
    expect(tab.locator("[data-count=running]")).to_contain_text("5 running", timeout=20000)
    expect(jobs.get_by_text("25 %").first).to_be_visible()
    expect(jobs.get_by_text("boom: no such thing")).to_be_visible()
    assert tab.title().startswith("b"), tab.title()
    tell("a run is shown as it goes on")

    # Another tab of the same run: one connection for both.
    for _ in range(8):
        context.new_page().goto(f"{page.base}/experiment/b")
    tell("ten tabs are served")

    went = time.time()
    open(f"{folder}/go1", "w").close()
    row = tab.locator("tr[data-row='1']")
    expect(row.locator(".state")).to_have_text("done")
    tell(f"a job that is done is seen as done after {time.time() - went:.2f} s, its own waiting included")

    # A window of the table: what is not seen is not in the page.
    expect(tab.locator("#fitting")).to_have_text("201 jobs")
    jobs.press("End")
    expect(tab.locator("tr[data-row='200']")).to_be_visible()
    assert tab.locator("tr[data-row='1']").count() == 0
    assert tab.locator("tr[data-row='200']").get_attribute("aria-rowindex") == "202"
    assert jobs.locator("table").get_attribute("aria-rowcount") == "202"
    jobs.press("Home")
    expect(tab.locator("tr[data-row='0']")).to_be_visible()
    jobs.press("PageDown")
    expect(tab.locator("tr[data-row='20']")).to_be_visible()
    tell("a table is a window, by keyboard")

    # A filter, and its address.
    tab.get_by_label("Filter").fill("n in [3, 5] and @state = failed")
    tab.get_by_label("Filter").press("Enter")
    expect(tab.locator("#fitting")).to_have_text("1 of 201 jobs")
    expect(tab).to_have_url(re.compile("filter=n\\+in"))
    tab.get_by_label("Filter").fill("n in [3,")
    tab.get_by_role("button", name="Show").click()
    expect(tab.get_by_role("alert")).to_be_visible()
    assert tab.get_by_label("Filter").input_value() == "n in [3,"
    tab.goto(f"{page.base}/experiment/b")
    tab.locator("tr[data-row='5'] a.tag", has_text="n=").click()
    expect(tab.locator("#fitting")).to_have_text("1 of 201 jobs")
    tell("filters have addresses, and a click on a value filters by it")

    # A job, its log, what it needs.
    tab.locator("tr[data-row='5'] td:nth-child(2) a").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("b.train")
    expect(tab.get_by_text("<script>document.title = 'hacked'</script> é").first).to_be_visible()
    expect(tab.get_by_role("link", name=re.compile("^b.data "))).to_be_visible()
    assert tab.locator("img.plot").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    tab.get_by_role("link", name="Log", exact=True).click()
    log = tab.locator("#log")
    expect(log).to_contain_text("<b>bold</b>")
    expect(log.locator(".fg-1")).to_have_text("red")
    expect(log).to_contain_text("done 5")
    text = log.inner_text()
    assert "20 %" not in text and "title" not in text and "\x1b" not in text and "\u202e" not in text, text
    path = subprocess.run(
        [XPM, "jobs", "path", "--filter", "n = 5"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    with open(f"{folder}/{path}/train.out" if not path.startswith("/") else f"{path}/train.out", "a") as file:
        file.write("a line that comes later\n")
    expect(log).to_contain_text("a line that comes later")
    tab.get_by_label("Search").fill("comes later")
    expect(tab.locator("#found")).to_have_text("1 line")
    tell("a log is followed, with its colours and without its tricks")

    # An action shows its command, and is done by a second click.
    tab.go_back()
    tab.get_by_role("link", name="Kill").click()
    expect(tab.get_by_text("xpm jobs kill --perform")).to_be_visible()
    tab.get_by_role("link", name="Leave it").click()
    expect(tab.locator(".head .state")).to_have_text("running")
    tab.get_by_role("link", name="Kill").click()
    tab.get_by_role("button", name="Do it").click()
    expect(tab.get_by_role("link", name="Back")).to_be_visible(timeout=20000)
    tab.get_by_role("link", name="Back").click()
    expect(tab.locator(".head .state")).to_have_text("cancelled")
    tell("a job is killed after a question")

    tab.goto(f"{page.base}/experiment/b")
    for n in range(1, 7):
        open(f"{folder}/go{n}", "w").close()
    expect(tab.locator("#run-state")).to_have_text("failed", timeout=60000)
    expect(tab.locator("[data-count=done]")).to_have_text("199 done")
    tell("the end of a run is seen")


def after(context, page, folder):
    tab = context.pages[0]
    views = {
        "failures": "boom: no such thing", "results": "loss", "graph": "b.data", "timeline": "at once at most",
        "services": "no services", "runs": "199 done",
    }
    for view, text in views.items():
        tab.goto(f"{page.base}/experiment/b/{view}")
        expect(tab.get_by_text(text).first).to_be_visible()
    tab.goto(f"{page.base}/experiment/b/plot?kind=scatter&x=n")
    image = tab.locator("img.plot")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 720
    tab.goto(f"{page.base}/experiment/b/graph")
    tab.locator(".graph a").nth(1).click()
    expect(tab.locator("#fitting")).to_have_text("200 of 201 jobs")
    assert tab.evaluate("document.getElementsByTagName('*').length") < 3000
    tell("failures, results, pictures, graph, timeline")


def without_scripts(browser, page, state):
    context = browser.new_context(java_script_enabled=False, storage_state=state)
    tab = context.new_page()
    tab.goto(f"{page.base}/experiment/b")
    assert tab.locator("tbody tr").count() == 40
    tab.get_by_role("link", name="Next").click()
    assert tab.locator("tr[data-row='40']").is_visible()
    tab.locator("tr[data-row='40'] td:nth-child(2) a").click()
    assert tab.get_by_text("Identifier").is_visible()
    tab.get_by_role("link", name="Log", exact=True).click()
    assert "done 40" in tab.locator("#log").inner_text()
    context.close()
    tell("everything can be read without scripts")


def accessible(browser, page, state):
    job = None
    axe = Axe()
    for scheme in ("light", "dark"):
        for width in (400, 1280):
            # The policy of the page does not let axe in.
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme, storage_state=state, bypass_csp=True
            )
            tab = context.new_page()
            if job is None:
                tab.goto(f"{page.base}/experiment/b?filter=%40state+%3D+failed")
                job = tab.locator("tbody[data-start] td:nth-child(2) a").first.get_attribute("href")
                job = job[job.index("/job/"):]
            paths = [
                "/", "/experiment/b", "/experiment/b?filter=n+%3D%3D%3D", job, f"{job}/log", f"{job}/files",
                f"{job}/difference", f"/do?what=retry&job={job.split('/job/')[1]}", "/nothing",
            ] + [f"/experiment/b/{view}" for view in ("failures", "results", "plot", "graph", "timeline", "services", "runs")]
            for path in paths:
                tab.goto(page.base + path)
                tab.wait_for_timeout(200)
                found = axe.run(tab).response
                faults = [(fault["id"], fault["nodes"][0]["html"]) for fault in found["violations"]]
                assert not faults, (scheme, width, path, faults)
                assert len(found["passes"]) > 5, path
                wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth")
                assert not wide, f"{path} is wider than {width} pixels"
            context.close()
    tell("axe finds nothing, light and dark, at 400 and 1280 pixels")


def lost(context, page, folder):
    """The page's program goes away, and comes back."""
    tab = context.pages[0]
    tab.goto(f"{page.base}/experiment/b")
    expect(tab.locator("tr[data-row='0']")).to_be_visible()
    port = re.search(r":(\d+)/", page.base)[1]
    page.stop(signal.SIGKILL)
    expect(tab.locator("#age")).to_have_text("not connected;", timeout=10000)
    expect(tab.locator("#age-seconds")).to_contain_text("as of")
    expect(tab.locator("tr[data-row='0']")).to_be_visible()
    tell("a page without its program says how old what it shows is")
    again = Page(folder, "--port", port)
    # A second tab brings the cookie; the first, and what hears of changes for both, goes on by itself.
    other = context.new_page()
    other.goto(again.start)
    expect(other.get_by_role("link", name="b", exact=True)).to_be_visible()
    other.goto(f"{again.base}/experiment/b")
    run = subprocess.run([XPM, "run", "-j", "6", "b.lua"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert run.returncode == 1
    newest = os.readlink(f"{folder}/workspace/experiments/b/current")
    expect(other.get_by_role("heading", level=1)).to_contain_text(newest, timeout=10000)
    tell("a page that is open shows the newest run, and hears of changes after its program came again")
    again.stop()


main(sys.argv[1])
