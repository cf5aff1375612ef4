// The page of jobs: draws what `data` says of them, asks again every two seconds, and changes jobs by
// the operations that every client has. Only rows in view exist; only they are asked for.
//
// A failure is known by its media type: asked for problem details, the service answers failures with
// them whatever its response options are.
(function () {
  "use strict";

  const { clock, word, schedule, ending, duration, took, at, time, ahead } = window.flyerJobs;
  const { timeline, range, pictured, spanned } = window.flyerJobs;
  const root = document.getElementById("jobs");
  const tasks = root.dataset.url;
  const PERIOD = 2000;
  const OVERSCAN = 6;

  // ---- Elements -------------------------------------------------------------------------------------

  // Text only ever becomes text: names and errors of jobs are never read as HTML.
  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value === true) element.setAttribute(key, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  // What has not changed is left alone: a reader's selection and focus stay.
  function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  // In words, with what is meant exactly where somebody points at it.
  function sayShort(element, text, exact) {
    say(element, text);
    mark(element, "title", text === exact ? "" : exact);
  }

  function mark(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  // ---- What is known --------------------------------------------------------------------------------

  let view = null; // what `data` said last
  let filter = "";
  let opened = null; // the id of the job whose details are shown

  class Refusal extends Error {}

  // Credentials of the page are sent along; a page of another origin cannot send this, and its browser
  // says so to the service, which refuses it.
  async function ask(method, path) {
    let answer;
    try {
      answer = await fetch(`${tasks}${path}`, {
        method,
        cache: "no-store",
        credentials: "same-origin",
        headers: { accept: "application/problem+json, application/json;q=0.9" },
      });
    } catch (error) {
      throw new Refusal(word("noAnswer"));
    }
    const type = answer.headers.get("content-type") || "";
    const body = type.includes("json") ? await answer.json().catch(() => null) : null;
    if (answer.ok && body && !type.includes("problem")) return body;
    throw new Refusal((body && (body.detail || body.title)) || `HTTP ${answer.status}`);
  }

  const stateOf = (job) =>
    job.paused ? "paused" : job.running ? "running" : job.nextRunTime ? "waiting" : "ended";

  // ---- The frame ------------------------------------------------------------------------------------

  const chips = ["", "running", "paused", "failing"].map((state) => {
    const count = make("span", { class: "count" });
    const button = make(
      "button",
      { type: "button", "aria-pressed": String(state === ""), "data-state": state || "all" },
      word(state || "all"),
      " ",
      count,
    );
    button.addEventListener("click", () => {
      filter = state;
      for (const chip of chips) chip.button.setAttribute("aria-pressed", String(chip.state === state));
      restart();
    });
    return { state, button, count };
  });
  const search = make("input", {
    type: "search",
    placeholder: word("search"),
    "aria-label": word("search"),
    autocomplete: "off",
    spellcheck: "false",
  });
  const pauseAll = make("button", { type: "button", class: "quiet" }, word("pauseAll"));
  const fresh = make("span", { class: "fresh" }, word("loading"));
  const alarm = make("p", { class: "alarm", role: "alert", hidden: true });
  const notice = make("p", { class: "toast", role: "status" });
  const nothing = make("p", { class: "nothing", hidden: true });
  const list = make("ul", { class: "rows", "aria-label": word("title") });
  root.append(
    make(
      "div",
      { class: "tools" },
      make(
        "div",
        { class: "chips", role: "group", "aria-label": word("filter") },
        ...chips.map((chip) => chip.button),
      ),
      search,
      pauseAll,
    ),
    alarm,
    list,
    nothing,
    make("footer", {}, fresh),
    notice,
  );

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(restart, 200);
  });

  // From the top, with other jobs.
  function restart() {
    scrollTo(0, Math.min(scrollY, Math.max(root.offsetTop - 60, 0)));
    refresh();
  }

  let silence = 0;
  function toast(text, bad) {
    // What is shown beside an open dialog lies behind it.
    (details.open ? details : root).append(notice);
    notice.className = bad ? "toast bad" : "toast";
    notice.textContent = text;
    clearTimeout(silence);
    silence = setTimeout(() => (notice.textContent = ""), bad ? 12000 : 5000);
  }

  // ---- Rows -----------------------------------------------------------------------------------------

  const rows = new Map(); // by id

  function makeRow(id) {
    const parts = {
      name: make("button", { type: "button", class: "name" }),
      badges: make("span", { class: "badges" }),
      id: make("code", {}),
      state: make("span", { class: "state" }),
      schedule: make("span", { class: "schedule" }),
      next: make("span", { class: "next" }),
      picture: make("div", { class: "picture" }),
      span: make("span", { class: "span" }),
      toggle: make("button", { type: "button" }),
      run: make("button", { type: "button" }, word("run")),
    };
    const element = make(
      "li",
      { "data-id": id },
      make(
        "div",
        { class: "who" },
        make("div", { class: "line" }, parts.name, parts.badges),
        make("div", { class: "line" }, parts.id),
      ),
      make("div", { class: "when" }, parts.state, parts.next, parts.schedule),
      make("div", { class: "past" }, parts.picture, parts.span),
      make("div", { class: "actions" }, parts.toggle, parts.run),
    );
    const row = { element, parts, job: null, drawn: "" };
    parts.name.addEventListener("click", () => open(id));
    parts.toggle.addEventListener("click", () => toggle(row.job));
    parts.run.addEventListener("click", () => runNow(row.job));
    return row;
  }

  function badges(job) {
    const all = [];
    if (job.singleJob) all.push(make("span", { class: "badge", title: word("singleHint") }, word("single")));
    if (job.protected) {
      all.push(make("span", { class: "badge", title: word("protectedHint") }, word("protected")));
    }
    return all;
  }

  function fillRow(row, job) {
    const { parts } = row;
    const first = !row.job;
    row.job = job;
    if (first) parts.badges.append(...badges(job));
    say(parts.name, job.name);
    say(parts.id, job.id === job.name ? "" : job.id);
    const state = stateOf(job);
    mark(parts.state, "class", `state ${state}`);
    say(parts.state, word(state));
    sayShort(parts.schedule, schedule(job.schedule), job.schedule);
    say(parts.toggle, word(job.paused ? "resume" : "pause"));
    parts.toggle.disabled = job.protected;
    parts.toggle.title = job.protected ? word("protectedHint") : "";
    for (const button of [parts.toggle, parts.run]) {
      mark(button, "aria-label", `${button.textContent} ${job.name}`);
    }
    const picture = pictured(job.history);
    if (picture !== row.drawn || first) {
      row.drawn = picture;
      parts.picture.replaceChildren(...(job.history.length ? [timeline(job.history, 200, 24)] : []));
    }
    tick(row);
  }

  // What changes as time goes by.
  function tick({ parts, job }) {
    say(parts.next, job.nextRunTime ? ahead(job.nextRunTime) : "");
    parts.next.title = job.nextRunTime ? `${word("next")} ${job.nextRunTime}` : "";
    const last = job.history[0];
    const spoken = last ? `${word(last.outcome)} ${took(last.durationMs)} · ${spanned(job.history)}` : word("never");
    say(parts.span, spoken);
    mark(parts.span, "class", last ? `span ${last.outcome}` : "span");
  }

  const rowHeight = () => parseFloat(getComputedStyle(list).getPropertyValue("--row")) || 72;

  // The numbers of the rows that are in view, with some around them.
  function inView(found) {
    const height = rowHeight();
    const top = scrollY - (list.getBoundingClientRect().top + scrollY);
    const first = Math.max(Math.floor(top / height) - OVERSCAN, 0);
    const last = Math.min(Math.ceil((top + innerHeight) / height) + OVERSCAN, found);
    return { first: Math.min(first, Math.max(found - 1, 0)), last };
  }

  function drawRows() {
    const height = rowHeight();
    list.style.height = `${view.found * height}px`;
    const { first, last } = inView(view.found);
    const kept = new Set();
    let before = null;
    view.jobs.forEach((job, index) => {
      const number = view.from + index;
      let row = rows.get(job.id);
      const focused = row && row.element.contains(document.activeElement);
      if ((number < first || number >= last) && !focused) return;
      if (!row) {
        row = makeRow(job.id);
        rows.set(job.id, row);
      }
      kept.add(job.id);
      fillRow(row, job);
      row.element.style.top = `${number * height}px`;
      mark(row.element, "aria-setsize", String(view.found));
      mark(row.element, "aria-posinset", String(number + 1));
      // In their order, so that the tab key goes down the page; what stands right is not moved.
      const wanted = before ? before.nextSibling : list.firstChild;
      if (wanted !== row.element) list.insertBefore(row.element, wanted);
      before = row.element;
    });
    for (const [id, row] of rows) {
      if (kept.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
  }

  function drawFrame() {
    for (const { state, count } of chips) say(count, String(view.counts[state || "all"]));
    nothing.hidden = view.found > 0;
    say(nothing, word(view.counts.all ? "nothing" : "empty"));
    pauseAll.disabled = view.counts.all === view.counts.paused;
    say(fresh, word("fresh", { process: view.process, time: time(clock.now()) }));
  }

  // ---- Asking ---------------------------------------------------------------------------------------

  let timer = 0;
  let asked = 0;

  // The newest question counts; an older answer that comes later is thrown away.
  async function refresh() {
    clearTimeout(timer);
    const number = ++asked;
    const { first, last } = view ? inView(view.found) : { first: 0, last: 40 };
    const query = new URLSearchParams({ from: first, count: Math.max(last - first, 40) });
    if (search.value.trim()) query.set("search", search.value.trim());
    if (filter) query.set("state", filter);
    try {
      const answer = await ask("GET", `/ui/data?${query}`);
      if (number !== asked) return;
      // Fewer jobs were found than before: from where they are.
      view = answer;
      clock.skew = answer.now - Date.now();
      alarm.hidden = true;
      root.classList.remove("old");
      drawFrame();
      drawRows();
      await fillDetails();
      if (view.found > 0 && view.jobs.length === 0) return refresh();
    } catch (error) {
      if (number !== asked) return;
      alarm.hidden = false;
      say(alarm, word("stale", { reason: error.message }));
      root.classList.add("old");
    }
    if (number === asked) timer = setTimeout(refresh, document.hidden ? 15 * PERIOD : PERIOD);
  }

  // Rows that scroll into view and are not known yet are asked for at once.
  let frame = 0;
  function moved() {
    if (frame || !view) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      drawRows();
      const { first, last } = inView(view.found);
      if (first < view.from || last > view.from + view.jobs.length) refresh();
    });
  }
  addEventListener("scroll", moved, { passive: true });
  addEventListener("resize", moved);
  document.addEventListener("visibilitychange", () => !document.hidden && refresh());
  setInterval(() => {
    if (!document.hidden) rows.forEach(tick);
  }, 1000);

  // ---- Changing -------------------------------------------------------------------------------------

  const question = make("p", { id: "confirm-question" });
  const yes = make("button", { value: "yes", class: "main" });
  const confirmation = make(
    "dialog",
    { class: "confirm", "aria-labelledby": "confirm-question" },
    make(
      "form",
      { method: "dialog" },
      question,
      make("div", { class: "buttons" }, make("button", { value: "" }, word("cancel")), yes),
    ),
  );
  document.body.append(confirmation);

  function confirmed(text, action) {
    question.textContent = text;
    yes.textContent = action;
    confirmation.returnValue = "";
    confirmation.showModal();
    return new Promise((resolve) => {
      const done = () => resolve(confirmation.returnValue === "yes");
      confirmation.addEventListener("close", done, { once: true });
    });
  }

  const pathOf = (job) => `/${encodeURIComponent(job.id)}`;
  // Where its data stand depends on the response options; the id of a run is the only thing of interest.
  const find = (value, key) => {
    if (!value || typeof value !== "object") return undefined;
    if (typeof value[key] === "string") return value[key];
    for (const inner of Object.values(value)) {
      const found = find(inner, key);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  async function change(job, method, path, done) {
    try {
      const answer = await ask(method, path);
      toast(word(done, { name: job.name, run: find(answer, "run") || "-" }));
    } catch (error) {
      toast(word("notDone", { name: job.name, reason: error.message }), true);
    }
    await refresh();
  }

  function toggle(job) {
    return job.paused
      ? change(job, "POST", pathOf(job), "isResumed")
      : change(job, "DELETE", pathOf(job), "isPaused");
  }

  async function runNow(job) {
    if (!(await confirmed(word("askRun", { name: job.name }), word("run")))) return;
    await change(job, "POST", `${pathOf(job)}/run`, "isStarted");
    // Short runs are over by then, and their bar is there.
    setTimeout(refresh, 300);
  }

  async function remove(job) {
    if (!(await confirmed(word("askRemove", { name: job.name }), word("remove")))) return;
    await change(job, "DELETE", `${pathOf(job)}?remove=1`, "isRemoved");
  }

  pauseAll.addEventListener("click", async () => {
    if (!(await confirmed(word("askPauseAll"), word("pauseAll")))) return;
    try {
      const before = view.counts.paused;
      await ask("DELETE", "");
      await refresh();
      toast(word("arePaused", { count: Math.max(view.counts.paused - before, 0) }));
    } catch (error) {
      toast(word("notDone", { name: word("pauseAll"), reason: error.message }), true);
    }
  });

  // ---- Details --------------------------------------------------------------------------------------

  const details = make("dialog", { class: "details", "aria-labelledby": "details-name" });
  document.body.append(details);
  details.addEventListener("close", () => (opened = null));
  details.addEventListener("click", (event) => {
    if (event.target === details) details.close(); // beside it
  });
  let panel = null;

  async function open(id) {
    opened = id;
    panel = makePanel();
    details.replaceChildren(panel.element);
    details.showModal();
    await fillDetails().catch((error) => toast(error.message, true));
  }

  function makePanel() {
    const parts = {
      name: make("h2", { id: "details-name" }),
      facts: make("dl", {}),
      picture: make("div", { class: "picture" }),
      axis: make("div", { class: "axis" }),
      table: make("tbody", {}),
      toggle: make("button", { type: "button" }),
      run: make("button", { type: "button" }, word("run")),
      remove: make("button", { type: "button", class: "danger" }, word("remove")),
    };
    const close = make("button", { type: "button", class: "close", "aria-label": word("close") }, "×");
    const head = ["outcome", "started", "took", "runId", "process", "scheduled", "text"];
    const element = make(
      "section",
      {},
      make("header", {}, parts.name, close),
      make("div", { class: "buttons" }, parts.toggle, parts.run, parts.remove),
      parts.facts,
      make("h3", {}, word("history")),
      parts.picture,
      parts.axis,
      make(
        "div",
        { class: "table", tabindex: "0", role: "region", "aria-label": word("history") },
        make(
          "table",
          {},
          make("thead", {}, make("tr", {}, ...head.map((key) => make("th", { scope: "col" }, word(key))))),
          parts.table,
        ),
      ),
    );
    const known = { element, parts, job: null, drawn: null };
    close.addEventListener("click", () => details.close());
    parts.toggle.addEventListener("click", () => toggle(known.job));
    parts.run.addEventListener("click", () => runNow(known.job));
    parts.remove.addEventListener("click", () => remove(known.job));
    return known;
  }

  async function fillDetails() {
    const id = opened;
    if (id === null) return;
    let job = view && view.jobs.find((job) => job.id === id);
    if (!job) {
      // It may have left what the filter shows.
      const query = new URLSearchParams({ id });
      const answer = await ask("GET", `/ui/data?${query}`);
      job = answer.jobs[0];
    }
    if (opened !== id) return;
    const { parts } = panel;
    parts.run.disabled = !job;
    for (const button of [parts.toggle, parts.remove]) {
      button.disabled = !job || job.protected;
      button.title = job && job.protected ? word("protectedHint") : "";
    }
    if (!job) {
      say(parts.facts, word("gone"));
      panel.drawn = null;
      return;
    }
    panel.job = job;
    say(parts.name, job.name);
    say(parts.toggle, word(job.paused ? "resume" : "pause"));
    fillFacts(parts.facts, job);
    const picture = pictured(job.history);
    if (picture === panel.drawn) return;
    panel.drawn = picture;
    if (job.history.length) {
      const { start, end } = range(job.history);
      parts.picture.replaceChildren(timeline(job.history, 600, 56));
      const marks = [0, 1, 2, 3].map((part) => at(start + ((end - start) * part) / 3));
      parts.axis.replaceChildren(...marks.map((text) => make("span", {}, text)));
    } else {
      parts.picture.replaceChildren(word("never"));
      parts.axis.replaceChildren();
    }
    parts.table.replaceChildren(...job.history.map(runRow));
  }

  function fillFacts(element, job) {
    const given = Object.keys(job.kwargs).length ? job.kwargs : job.args;
    const none = Array.isArray(given) && given.length === 0;
    const facts = [
      ["id", job.id],
      ["state", word(stateOf(job))],
      ["schedule", schedule(job.schedule), job.schedule],
      ["next", job.nextRunTime ? `${job.nextRunTime} (${ahead(job.nextRunTime)})` : "-"],
      ["args", none ? "-" : JSON.stringify(given)],
      ["instances", job.singleJob ? `1, ${word("singleHint")}` : String(job.maxInstances)],
      ["grace", job.misfireGraceTime === null ? word("anyDelay") : duration(job.misfireGraceTime)],
    ];
    if (element.children.length !== 2 * facts.length) {
      element.replaceChildren(...facts.flatMap(([key]) => [make("dt", {}, word(key)), make("dd", {})]));
    }
    facts.forEach(([, value, exact], index) => sayShort(element.children[2 * index + 1], value, exact ?? value));
  }

  function runRow(run) {
    return make(
      "tr",
      {},
      make("td", {}, make("span", { class: `outcome ${run.outcome}` }, word(run.outcome))),
      make("td", {}, make("time", { datetime: run.started }, at(run.started))),
      make("td", { class: "number" }, took(run.durationMs)),
      make("td", {}, make("code", {}, run.run)),
      make("td", { class: "number" }, String(run.process)),
      make("td", {}, make("time", { datetime: run.scheduled }, at(run.scheduled))),
      make("td", { class: "text" }, ending(run)),
    );
  }

  refresh();
})();
