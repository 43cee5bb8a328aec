// Keeps the page up to date. Without it every page can be read all the same: the server makes them whole.
document.documentElement.classList.add("scripts");

/** Fetches a part of a page; throws where the server has none, or is gone. */
async function part(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Unanswered(`${answer.status}`);
  return answer;
}
class Unanswered extends Error {}

/** The elements of a piece of HTML that the server has made. */
function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

// How old what the page shows is, once the connection is lost.
const age = document.getElementById("age");
const ageSeconds = document.getElementById("age-seconds");
let lostAt = 0;
function hearing() {
  if (!lostAt) return;
  lostAt = 0;
  age.textContent = "";
  ageSeconds.textContent = "";
}
function lose() {
  if (lostAt) return;
  lostAt = Date.now();
  // Said once to who listens; the seconds are for who looks.
  age.textContent = "not connected;";
}
setInterval(() => {
  if (lostAt) ageSeconds.textContent = `as of ${Math.round((Date.now() - lostAt) / 1000)} s ago`;
}, 1000);

/** Hears of changes while the tab is seen. All tabs that watch the same share one connection (events.js). */
const followed = new Map();
let worker = null;
function heard({ address, isLost, news }) {
  if (isLost) { lose(); return; }
  hearing();
  if (news) followed.get(address)?.(news);
}
function tell(message) {
  if (!window.SharedWorker) { alone(message); return; }
  if (!worker) {
    worker = new SharedWorker(new URL("events.js", import.meta.url));
    worker.port.onmessage = ({ data }) => heard(data);
  }
  worker.port.postMessage(message);
}
/** The same for browsers without shared workers: a connection of the tab's own. */
const own = new Map();
function alone({ follow: address, leave }) {
  own.get(address ?? leave)?.close();
  if (!address) return;
  const source = new EventSource(address);
  own.set(address, source);
  source.onopen = () => heard({ address });
  source.onerror = () => {
    heard({ address, isLost: true });
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => { if (own.get(address) === source) alone({ follow: address }); }, 3000);
    }
  };
  source.onmessage = (event) => heard({ address, news: JSON.parse(event.data) });
}
function follow(address, change) {
  followed.set(address, change);
  if (!document.hidden) tell({ follow: address });
}
function tellAll(what) {
  for (const address of followed.keys()) tell({ [what]: address });
}
document.addEventListener("visibilitychange", () => tellAll(document.hidden ? "leave" : "follow"));
addEventListener("pagehide", () => tellAll("leave"));
addEventListener("pageshow", (event) => { if (event.persisted) tellAll("follow"); });

/** Whether somebody is typing: the page is not loaded anew under his hands. */
function isTyping() {
  return [...document.querySelectorAll("input, select")].some((field) => field === document.activeElement
    || (field.value !== (field.defaultValue ?? field.value) && field.type !== "checkbox"));
}

/** Calls at most once at a time and once in so many milliseconds, and again if somebody asked meanwhile. */
function oneAtATime(work, pause = 0) {
  let isBusy = false;
  let again = false;
  return async function run() {
    if (isBusy) { again = true; return; }
    isBusy = true;
    do {
      again = false;
      try { await work(); } catch (error) {
        // What the server does not have any more stays as it was seen.
        if (error instanceof TypeError) lose();
        else if (!(error instanceof Unanswered)) throw error;
      }
      if (pause) await new Promise((done) => { setTimeout(done, pause); });
    } while (again);
    isBusy = false;
  };
}

// Counts, time left and bar of a run.
const progress = { bar: document.getElementById("bar"), left: document.getElementById("left") };
function showCounts(news) {
  for (const element of document.querySelectorAll("[data-count]")) {
    const count = news.counts[element.dataset.count] ?? 0;
    element.hidden = count === 0;
    const number = element.querySelector("b");
    if (number.textContent !== `${count}`) number.textContent = count;
  }
  if (progress.left) progress.left.textContent = news.left ?? "";
  const rects = progress.bar?.querySelectorAll("rect");
  let x = 0;
  rects?.forEach((rect, index) => {
    rect.setAttribute("x", x.toFixed(2));
    rect.setAttribute("width", news.bar[index].toFixed(2));
    x += news.bar[index];
  });
}

/** Makes the rows of a table those of another. What is the same stays: a click or a focus in it is not lost. */
function update(body, fresh) {
  const known = new Map([...body.rows].map((row) => [row.dataset.row, row]));
  const wanted = [...fresh.rows].map((row) => {
    const old = known.get(row.dataset.row);
    if (!old) return row;
    known.delete(row.dataset.row);
    return morph(old, row);
  });
  const kept = new Set(wanted);
  for (const row of [...body.rows]) if (!kept.has(row)) row.remove();
  let place = body.rows[0] ?? null;
  for (const row of wanted) {
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
}

/** Makes a piece of the page another one, where they differ only; gives what stands there then. */
function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return old;
  if (old.nodeName === "TBODY" && fresh.nodeName === "TBODY" && fresh.rows[0]?.dataset.row) {
    update(old, fresh);
    return old;
  }
  const isAlike = old.nodeType === Node.ELEMENT_NODE && old.nodeName === fresh.nodeName
    && old.childNodes.length === fresh.childNodes.length;
  if (!isAlike) { old.replaceWith(fresh); return fresh; }
  // What somebody has folded stays so.
  if (old.nodeName !== "DETAILS") {
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const children = [...fresh.childNodes];
  [...old.childNodes].forEach((child, index) => morph(child, children[index]));
  return old;
}

/** A table of which only the rows that are seen are in the page. */
class JobWindow {
  constructor(element) {
    this.element = element;
    this.table = element.querySelector("table");
    this.body = this.table.tBodies[0];
    this.rowHeight = this.body.rows[0]?.getBoundingClientRect().height || 30;
    this.total = Number(this.body.dataset.fitting);
    this.start = Number(this.body.dataset.start);
    // What the page shows besides: which run, and whether it goes on.
    this.run = element.dataset.run;
    this.wasLive = element.dataset.running === "1";
    this.isPending = false;
    this.moves = /order=(state|duration|task)|filter=./.test(element.dataset.rows);
    element.classList.add("live");
    this.above = this.spacer();
    this.below = this.spacer();
    this.table.insertBefore(this.above.body, this.body);
    this.table.append(this.below.body);
    this.refresh = oneAtATime(() => this.load());
    this.place();
    element.scrollTop = this.start * this.rowHeight;
    element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    element.addEventListener("keydown", (event) => this.key(event));
    follow(element.dataset.live, (news) => this.changed(news));
    // What runs gets older, and further.
    setInterval(() => {
      if (this.isPending && !isTyping()) location.reload();
      if (!document.hidden && this.body.querySelector(".state.live")) this.refresh();
    }, 1000);
  }

  spacer() {
    const body = document.createElement("tbody");
    body.className = "spacer";
    body.setAttribute("aria-hidden", "true");
    const cell = body.insertRow().insertCell();
    cell.colSpan = 6;
    return { body, cell };
  }

  place() {
    const shown = this.body.rows.length;
    this.above.cell.style.height = `${this.start * this.rowHeight}px`;
    this.below.cell.style.height = `${Math.max(0, this.total - this.start - shown) * this.rowHeight}px`;
    this.above.body.hidden = this.start === 0;
    this.below.body.hidden = this.start + shown >= this.total;
    this.table.setAttribute("aria-rowcount", this.total + 1);
  }

  get seen() {
    const first = Math.floor(this.element.scrollTop / this.rowHeight);
    return { first, count: Math.ceil(this.element.clientHeight / this.rowHeight) + 1 };
  }

  scrolled() {
    const { first, count } = this.seen;
    const end = Math.min(this.total, first + count);
    if (first >= this.start && end <= this.start + this.body.rows.length) return;
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.refresh());
  }

  /** The rows that are seen, and some more on either side. */
  async load() {
    const { first, count } = this.seen;
    const start = Math.max(0, first - 30);
    const address = new URL(this.element.dataset.rows, location.href);
    address.searchParams.set("from", start);
    address.searchParams.set("count", Math.min(300, count + 60));
    const answer = await part(address);
    const body = parsed(await answer.text()).querySelector("tbody");
    if (!body) return;
    this.total = Number(body.dataset.fitting);
    this.start = Number(body.dataset.start);
    this.body.dataset.start = this.start;
    update(this.body, document.adoptNode(body));
    this.place();
    const fitting = document.getElementById("fitting");
    const text = this.total === Number(body.dataset.total) ? `${this.total} jobs` : `${this.total} of ${body.dataset.total} jobs`;
    if (fitting && fitting.textContent !== text) fitting.textContent = text;
  }

  changed(news) {
    showCounts(news);
    // The newest run is another one by now, or this one has ended: all of the page is another.
    this.isPending = this.run !== news.run || this.wasLive !== news.live;
    if (this.isPending && !isTyping()) location.reload();
    const rows = this.body.rows;
    const isSeen = news.rows === null || this.moves || rows.length < 30
      || news.rows.some((row) => row >= this.start && row < this.start + rows.length)
      || news.total !== this.lastTotal;
    this.lastTotal = news.total;
    if (isSeen) this.refresh();
    // A filter is not asked anew at once where it takes long.
    clearTimeout(this.later);
    if (this.moves) this.later = setTimeout(() => this.refresh(), 3000);
  }

  key(event) {
    const page = this.element.clientHeight - this.rowHeight * 2;
    const steps = { ArrowDown: this.rowHeight, ArrowUp: -this.rowHeight, PageDown: page, PageUp: -page };
    if (event.target !== this.element) return;
    if (event.key in steps) this.element.scrollTop += steps[event.key];
    else if (event.key === "Home") this.element.scrollTop = 0;
    else if (event.key === "End") this.element.scrollTop = this.total * this.rowHeight;
    else return;
    event.preventDefault();
  }
}

/** A part of a page that is fetched again when something has changed. */
function livePart(element) {
  const watched = element.dataset.watched?.split(",").map(Number);
  const refresh = oneAtATime(async () => {
    const page = parsed(await (await part(element.dataset.part)).text());
    const fresh = element.id ? page.getElementById(element.id) : page.body;
    if (!fresh) return;
    const children = [...document.adoptNode(fresh).childNodes];
    if (children.length !== element.childNodes.length) { element.replaceChildren(...children); return; }
    [...element.childNodes].forEach((child, index) => morph(child, children[index]));
  }, 500);
  follow(element.dataset.live, (news) => {
    if (news.counts) showCounts(news);
    // Of one job: whether it is among those that have changed, or one that it names.
    if (!watched || !news.rows || watched.some((row) => news.rows.includes(row))) refresh();
  });
  // What a job prints, and how far it is, changes without news of its run.
  if (watched) {
    setInterval(() => { if (!document.hidden && element.querySelector(".head .state.live")) refresh(); }, 2000);
  }
}

/** Text with the colours that a program wrote for a terminal, as elements. Nothing in it is ever read as HTML. */
function coloured(text) {
  const out = document.createDocumentFragment();
  let classes = [];
  // CSI … m changes colours; all other sequences, and controls, are left out.
  const pieces = text.split(/\x1b\[([0-9;]*)m/);
  pieces.forEach((piece, index) => {
    if (index % 2 === 1) {
      for (const code of (piece || "0").split(";").map(Number)) {
        if (code === 0) classes = [];
        else if (code === 1) classes = [...classes.filter((name) => name !== "bold"), "bold"];
        else if (code === 22) classes = classes.filter((name) => name !== "bold");
        else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) classes = [...classes.filter((name) => !name.startsWith("fg-")), `fg-${code % 10}`];
        else if (code === 39) classes = classes.filter((name) => !name.startsWith("fg-"));
      }
      return;
    }
    // eslint-disable-next-line no-control-regex
    const plain = piece.replace(/\x1b(\[[0-?]*[ -/]*[@-~]?|\][^\x07\x1b\n]*(\x07|\x1b\\)?|.)/g, "").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, "");
    if (!plain) return;
    if (classes.length === 0) return out.append(plain);
    const span = document.createElement("span");
    span.className = classes.join(" ");
    span.textContent = plain;
    out.append(span);
  });
  return out;
}

/** What a terminal would show of a line: after the last return to its start. */
function overwritten(line) {
  return line.replace(/\r+$/, "").replace(/^.*\r/s, "");
}

/** A log that is followed. */
class LogView {
  static most = 20000;

  constructor(element) {
    this.element = element;
    this.followBox = document.getElementById("follow");
    this.end = Number(element.dataset.start);
    this.rest = "";
    this.decoder = new TextDecoder();
    this.isFirst = true;
    this.refresh = oneAtATime(() => this.load());
    this.refresh();
    setInterval(() => {
      if (!document.hidden && this.followBox?.checked) this.refresh();
    }, 500);
    const search = document.getElementById("search");
    search?.addEventListener("input", () => this.find(search.value));
  }

  async load() {
    for (let round = 0; round < 64; round += 1) {
      const address = new URL(this.element.dataset.text, location.href);
      address.searchParams.set("from", this.end);
      const answer = await part(address);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      hearing();
      const file = answer.headers.get("X-File");
      if (Number(answer.headers.get("X-Size")) < this.end || (this.file && file !== this.file)) {
        // Another attempt has begun, with a log of its own.
        this.file = file;
        this.end = 0;
        this.rest = "";
        this.decoder = new TextDecoder();
        this.element.replaceChildren();
        continue;
      }
      this.file = file;
      if (bytes.length === 0) return;
      if (this.isFirst) this.element.replaceChildren();
      this.isFirst = false;
      this.end += bytes.length;
      this.add(this.decoder.decode(bytes, { stream: true }));
    }
  }

  add(text) {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop().slice(-65536);
    this.last?.remove();
    for (const line of lines) this.element.append(this.line(line));
    this.last = this.rest ? this.line(this.rest) : null;
    if (this.last) this.element.append(this.last);
    while (this.element.childNodes.length > LogView.most) this.element.firstChild.remove();
    if (this.followBox?.checked) this.element.scrollTop = this.element.scrollHeight;
  }

  line(text) {
    const line = document.createElement("div");
    line.append(coloured(overwritten(text.slice(0, 65536))));
    if (!line.firstChild) line.append("\u200b");
    return line;
  }

  find(text) {
    const found = document.getElementById("found");
    let count = 0;
    let first = null;
    for (const line of this.element.children) {
      const isHit = text !== "" && line.textContent.includes(text);
      line.classList.toggle("hit", isHit);
      if (isHit) { count += 1; first ??= line; }
    }
    found.textContent = text === "" ? "" : `${count} line${count === 1 ? "" : "s"}`;
    if (first) {
      if (this.followBox) this.followBox.checked = false;
      first.scrollIntoView({ block: "center" });
    }
  }
}

// The page is seen before anything is done with it.
requestAnimationFrame(() => setTimeout(() => {
  for (const element of document.querySelectorAll(".window[data-rows]")) new JobWindow(element);
  for (const element of document.querySelectorAll("[data-part]")) livePart(element);
  const log = document.getElementById("log");
  if (log) new LogView(log);
}));
