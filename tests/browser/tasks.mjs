// What an operator gets at `{base}/tasks/ui`.
//
// The demo's own jobs come and go by their times; what is checked waits for what it needs and leaves every
// job as it was.

import { screenshot } from "./harness.mjs";

export async function checkTasks(run) {
  const { base, browser, checks, credentials, watch } = run;
  const open = async (settings) => {
    const page = await watch.page(browser, { httpCredentials: credentials, locale: "zh-CN", ...settings });
    await page.goto(`${base}/tasks/ui`);
    await page.locator(".rows li").first().waitFor();
    return page;
  };

  const page = await open({ colorScheme: "light" });
  const jobs = await listed(run);
  checks.same(
    "every job of the API is listed",
    await page.locator(".rows li").evaluateAll((rows) => rows.map((row) => row.dataset.id)),
    jobs.map((job) => job.id),
  );
  checks.that("the page is in Chinese", (await page.title()).startsWith("任务"), await page.title());
  await checkPause(run, page, jobs);
  await checkRun(run, page, jobs);
  await checkDetails(run, page, jobs);
  await checkSearch(run, page, jobs);
  await checkKeyboard(run, page);
  await checkLostService(run, page);
  await screenshot(run, page, "tasks");
  await page.context().close();

  await checkForeignPage(run);
  for (const [name, settings] of [
    ["dark", { colorScheme: "dark" }],
    ["narrow", { colorScheme: "light", viewport: { width: 390, height: 800 } }],
    ["narrow-dark-english", { colorScheme: "dark", viewport: { width: 390, height: 800 }, locale: "en-US" }],
    ["english", { colorScheme: "light", locale: "en-US" }],
  ]) {
    const page = await open(settings);
    await screenshot(run, page, `tasks-${name}`);
    await checkLook(run, page, name, settings);
    await checkWords(run, page, name, settings.locale !== "en-US");
    await page.context().close();
  }
  await checkCrowd(run, 0);
  await checkCrowd(run, 1000);
}

// The API, beside the page.
async function api(run, method, path = "") {
  const headers = { ...run.headers, accept: "application/json" };
  const answer = await fetch(`${run.base}/tasks${path}`, { method, headers });
  const body = await answer.json();
  return body.data?.data ?? body.data;
}

const listed = (run) => api(run, "GET");
const row = (page, id) => page.locator(`.rows li[data-id="${id}"]`);
const until = (page, condition, argument) => page.waitForFunction(condition, argument, { polling: 100 });

// Whether something comes true while workers tell each other.
async function eventually(holds) {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function checkPause(run, page, jobs) {
  const { checks } = run;
  const { id } = jobs[0];
  // An earlier run that was cut may have left it paused.
  await others(run, page, "POST", id, "detached");
  await row(page, id).getByRole("button", { name: "暂停" }).click();
  await row(page, id).locator(".state.paused").waitFor();
  const paused = async () => (await api(run, "GET", `/${id}`)).nextRunTime === null;
  checks.that("pausing is seen by the API", await eventually(paused));
  await row(page, id).getByRole("button", { name: "恢复" }).click();
  await row(page, id).locator(".state.paused").waitFor({ state: "detached" });
  checks.that("resuming is seen by the API", await eventually(async () => !(await paused())));
  // What others change is seen without a reload.
  await others(run, page, "DELETE", id, "visible");
  await others(run, page, "POST", id, "detached");
  checks.that("what others change shows by itself", true);
}

// Another client pauses or resumes, until the page shows it. Another worker may not know yet what was done
// a moment ago, and what it does then may be overtaken by that.
async function others(run, page, method, id, state) {
  for (let attempt = 1; ; attempt += 1) {
    await api(run, method, `/${id}`);
    try {
      return await row(page, id).locator(".state.paused").waitFor({ state, timeout: 6000 });
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}

async function checkRun(run, page, jobs) {
  const { checks } = run;
  const { id } = jobs[0];
  // Only the run that is asked for may add a bar.
  await others(run, page, "DELETE", id, "visible");
  const before = await history(run, id);
  await row(page, id).getByRole("button", { name: "立即执行" }).click();
  const question = page.locator("dialog.confirm[open]");
  await question.getByRole("button", { name: "取消" }).click();
  await question.waitFor({ state: "hidden" });
  await row(page, id).getByRole("button", { name: "立即执行" }).click();
  const named = page.getByRole("dialog", { name: `现在执行一次“${jobs[0].name}”？` });
  checks.that("the question is the name of its dialog", await named.isVisible());
  await screenshot(run, page, "tasks-confirm");
  await question.getByRole("button", { name: "立即执行" }).click();
  const told = await page.locator(".toast:not(:empty)").innerText();
  const number = told.match(/[0-9a-f]{8}-[0-9a-f-]{27}/)?.[0];
  checks.that("the id of the run is told", number, told);
  await until(
    page,
    ([id, number]) =>
      [...document.querySelectorAll(`.rows li[data-id="${id}"] rect title`)].some((title) =>
        title.textContent.includes(number),
      ),
    [id, number],
  );
  let added = [];
  await eventually(async () => {
    const after = await history(run, id);
    added = after.filter((past) => !before.some((other) => other.run === past.run));
    return added.length > 0;
  });
  checks.that(
    "running it now adds the bar of that run, once",
    added.filter((past) => past.run === number).length === 1,
    JSON.stringify(added),
  );
  await others(run, page, "POST", id, "detached");
}

// What the page is told of a job.
async function shownJob(run, id) {
  const headers = { ...run.headers };
  const answer = await fetch(`${run.base}/tasks/ui/data?id=${encodeURIComponent(id)}`, { headers });
  return (await answer.json()).jobs[0];
}

const history = async (run, id) => (await shownJob(run, id)).history;

async function checkDetails(run, page, jobs) {
  const { checks } = run;
  const { id } = jobs[0];
  await row(page, id).locator(".name").click();
  const details = page.locator("dialog.details[open]");
  await details.locator("tbody tr").first().waitFor();
  await screenshot(run, page, "tasks-details");
  let text = "";
  // What they show is up to two seconds old, and the job runs on.
  const shown = await eventually(async () => {
    const [last] = await history(run, id);
    text = await details.innerText();
    return text.includes(id) && text.includes(last.run);
  });
  checks.that("the details have the id and the runs", shown, text);
  await page.keyboard.press("Escape");
  await details.waitFor({ state: "hidden" });
}

async function checkSearch(run, page, jobs) {
  const { id } = jobs.at(-1);
  await page.locator("input[type=search]").fill(id.toUpperCase());
  await until(page, () => document.querySelectorAll(".rows li").length === 1);
  const shown = await page.locator(".rows li").evaluateAll((rows) => rows.map((row) => row.dataset.id));
  run.checks.that("the search leaves the job that was asked for", shown.join() === id, shown.join());
  await page.locator("input[type=search]").fill("no such job");
  await page.locator(".nothing").waitFor();
  await page.locator("input[type=search]").fill("");
  await page.locator(".rows li").first().waitFor();
}

async function checkKeyboard(run, page) {
  await page.locator("input[type=search]").focus();
  const reached = [];
  for (let key = 0; key < 5; key += 1) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.className || document.activeElement.textContent));
  }
  run.checks.that(
    "the tab key reaches a job's name and its buttons",
    reached.some((what) => what.includes("name")) && reached.some((what) => what.includes("立即执行")),
    reached.join(", "),
  );
  await page.locator(".rows .name").first().focus();
  await page.keyboard.press("Enter");
  await page.locator("dialog.details[open]").waitFor();
  await page.keyboard.press("Escape");
}

// Answers are replaced in the browser, so that nothing has to be stopped.
async function checkLostService(run, page) {
  const { checks, watch } = run;
  const [failed, errors] = [watch.failed.length, watch.errors.length];
  await page.route("**/tasks/ui/data*", (route) => route.abort());
  await page.locator(".alarm").waitFor();
  checks.that("a service that does not answer is told", (await page.locator(".alarm").innerText()).length > 10);
  await page.unroute("**/tasks/ui/data*");
  await page.locator(".alarm").waitFor({ state: "hidden" });
  checks.that("and found again without a reload", true);
  // These were ours.
  watch.failed.length = failed;
  watch.errors.length = errors;

  const { id } = (await listed(run))[0];
  const refusal = { title: "no", detail: "the reason <b>why</b>" };
  await page.route(`**/tasks/${id}`, (route) =>
    route.fulfill({ status: 200, contentType: "application/problem+json", body: JSON.stringify(refusal) }),
  );
  await row(page, id).getByRole("button", { name: "暂停" }).click();
  const told = page.locator(".toast.bad");
  await told.waitFor();
  checks.that(
    "a refusal is told in its words, as text",
    (await told.innerText()).includes(refusal.detail),
    await told.innerText(),
  );
  await page.unroute(`**/tasks/${id}`);
}

// The same requests from a page of another origin: another port of this machine is one.
async function checkForeignPage(run) {
  const { browser, checks, credentials } = run;
  const { id } = (await listed(run))[0];
  const context = await browser.newContext({ httpCredentials: credentials });
  const page = await context.newPage();
  await page.route("http://127.0.0.1:1/**", (route) => {
    const fields = `<form id="f" method="post" action="${run.base}/tasks/${id}/run"></form>`;
    return route.fulfill({ contentType: "text/html", body: fields });
  });
  await page.goto("http://127.0.0.1:1/");
  await api(run, "DELETE", `/${id}`);
  // A run that is under way still comes to the history.
  await eventually(async () => (await shownJob(run, id)).running === 0);
  const before = await history(run, id);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith("/run")),
    page.evaluate(() => document.getElementById("f").submit()),
  ]);
  // Some formats send all failures with the status 200.
  const body = await answer.text();
  checks.that("a form of another origin is refused", /"code":\s*1?403\b/.test(body), body);
  const after = await history(run, id);
  checks.that("and has run nothing", after[0]?.run === before[0]?.run, JSON.stringify(after[0]));
  await api(run, "POST", `/${id}`);
  await context.close();
}

async function checkLook({ checks }, page, name, settings) {
  const wide = settings.viewport?.width ?? 1280;
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  checks.that(`${name}: no sideways scroll bar`, width <= wide, `${width} pixels`);
  const cut = await page.locator(".rows li").evaluateAll((rows) =>
    rows.filter((row) => row.scrollHeight > row.clientHeight + 1).map((row) => row.dataset.id),
  );
  checks.none(`${name}: everything of a row is in it`, cut);
  const light = await page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    return red + green + blue > 380;
  });
  checks.that(`${name}: the ground is ${settings.colorScheme}`, light === (settings.colorScheme === "light"));
  if (settings.locale === "en-US") {
    const text = await page.locator("main").innerText();
    checks.that(`${name}: the words are English`, text.includes("Run now") && !text.includes("立即执行"), text);
  }
  await page.locator(".rows .name").first().click();
  await page.locator("dialog.details[open] dd").first().waitFor();
  const inside = await page.evaluate(() => document.documentElement.scrollWidth);
  checks.that(`${name}: the details fit`, inside <= wide, `${inside} pixels`);
}

// What the service says in its own notation, or in English, is said in the language of the page.
async function checkWords({ checks }, page, name, chinese) {
  const schedules = [
    ["every 5s", "每 5 秒"],
    ["every 1d2h3m4s500ms", "每 1 天 2 小时 3 分 4 秒 500 毫秒"],
    ["cron 0 8 * * mon-fri", "cron 0 8 * * mon-fri"],
    ["at 2026-12-01 08:00:00 UTC", "定于 2026-12-01 08:00:00 UTC"],
    ["never", "从不"],
    ["every 1h or (cron 0 8 * * * and at 2026-12-01 08:00:00)", "每 1 小时 或 (cron 0 8 * * * 且 定于 2026-12-01 08:00:00)"],
    ["every now and then", "every now and then"],
  ];
  const said = await page.evaluate((all) => all.map(([text]) => window.flyerJobs.schedule(text)), schedules);
  checks.same(`${name}: schedules`, said, schedules.map(([notation, text]) => (chinese ? text : notation)));
  const runs = [
    ["cancelled", "the service stops", "服务停止"],
    ["timedOut", "it has taken longer than its timeout", "执行超过了时限"],
    ["cancelled", "its lock is lost", "失去了锁"],
    ["panicked", "a value that is no text", "非文本的值"],
    ["succeeded", "the service stops", "the service stops"],
    ["failed", "constructor", "constructor"],
    ["cancelled", "constructor", "constructor"],
    ["succeeded", null, ""],
  ];
  const endings = await page.evaluate(
    (all) => all.map(([outcome, text]) => window.flyerJobs.ending({ outcome, text })),
    runs,
  );
  checks.same(`${name}: ends of runs`, endings, runs.map(([, text, words]) => (chinese ? words : (text ?? ""))));
}

// More jobs than the demo has: the page gets them from here.
async function checkCrowd(run, count) {
  const { base, browser, checks, credentials, watch } = run;
  const page = await watch.page(browser, { httpCredentials: credentials, locale: "zh-CN" });
  const all = Array.from({ length: count }, (_, number) => job(number));
  // The last one's id is a part of all others.
  if (count) {
    Object.assign(all.at(-1), { id: "b-0", name: "b-0" });
    Object.assign(all.at(-1).history[0], { outcome: "cancelled", text: "the service stops" });
  }
  let widest = 0;
  await page.route("**/tasks/ui/data*", (route) => {
    const query = new URL(route.request().url()).searchParams;
    const found = all.filter((job) => job.id.includes(query.get("search") ?? "") && job.id === (query.get("id") ?? job.id));
    const from = Math.min(Number(query.get("from") ?? 0), found.length);
    const jobs = found.slice(from, from + Math.min(Number(query.get("count") ?? 200), 200));
    widest = Math.max(widest, jobs.length);
    const counts = { all: count, running: 0, paused: 0, failing: 0 };
    const view = { now: Date.now(), process: 1, counts, found: found.length, from, jobs };
    return route.fulfill({ contentType: "application/json", body: JSON.stringify(view) });
  });
  await page.goto(`${base}/tasks/ui`);
  if (count === 0) {
    await page.locator(".nothing").waitFor();
    checks.that("without jobs the page says so", (await page.locator(".nothing").innerText()).includes("没有任务"));
    await screenshot(run, page, "tasks-none");
    await page.context().close();
    return;
  }
  await page.locator(".rows li").first().waitFor();
  const drawn = () => page.locator(".rows li").count();
  const few = await drawn();
  checks.that(`of ${count} jobs only rows in view are drawn`, few < 40, `${few} rows`);
  checks.that("and asked for", widest <= 60, `${widest} rows`);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.locator(`.rows li[data-id="${all.at(-1).id}"]`).waitFor();
  checks.that("the last one is there after scrolling", (await drawn()) < 40, `${await drawn()} rows`);
  await screenshot(run, page, "tasks-crowd");
  await checkFarJob(run, page, all.at(-1));
  await page.locator("input[type=search]").fill("job-0500");
  await until(page, () => document.querySelectorAll(".rows li").length === 1);
  checks.that("the search finds one among them", await row(page, "job-0500").isVisible());
  await page.context().close();
}

// The details of a job that is not among the rows any more.
async function checkFarJob({ checks }, page, { id }) {
  const shown = await row(page, id).locator(".schedule").evaluate((part) => [part.textContent, part.title]);
  checks.same("a schedule is said in words, and has its notation", shown, ["每 5 秒", "every 5s"]);
  await row(page, id).locator(".name").click();
  const details = page.locator("dialog.details[open]");
  await details.locator("tbody tr").first().waitFor();
  const text = await details.innerText();
  checks.that("why a run was ended is said in words", text.includes("服务停止"), text);
  await page.evaluate(() => scrollTo(0, 0));
  // It is asked for by itself now; when it is for the second time, the first answer was drawn.
  for (let time = 0; time < 2; time += 1) {
    await page.waitForRequest((request) => /ui\/data\?.*\b(id|search)=/.test(request.url()));
  }
  const later = await details.innerText();
  checks.that("the details stay when the job has left the rows", later.includes(id) && !later.includes("已不存在"), later);
  await page.keyboard.press("Escape");
}

function job(number) {
  const id = `job-${String(number).padStart(4, "0")}`;
  const history = Array.from({ length: 20 }, (_, past) => {
    const started = new Date(Date.now() - (past + 1) * 5000).toISOString();
    const outcome = past === number % 20 ? "failed" : "succeeded";
    return { run: `${id}-${past}`, scheduled: started, started, durationMs: 300, outcome, text: null, process: 1 };
  });
  return {
    id,
    name: id,
    schedule: "every 5s",
    trigger: "IntervalTrigger",
    nextRunTime: new Date(Date.now() + 4000).toISOString(),
    args: [],
    kwargs: {},
    misfireGraceTime: 60,
    maxInstances: 1,
    singleJob: true,
    paused: false,
    protected: false,
    running: 0,
    history,
  };
}
