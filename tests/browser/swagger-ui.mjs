// What a reader of `{base}/docs` gets.

import { chineseTexts, operations, screenshot, settled } from "./harness.mjs";

// Of a deprecated operation the path has another class.
const PATH = ".opblock-summary-path, .opblock-summary-path__deprecated";

export async function checkSwaggerUi(run) {
  const { base, browser, checks, credentials, document, watch } = run;
  const page = await watch.page(browser, { httpCredentials: credentials, colorScheme: "light" });
  await open(page, `${base}/docs`);
  await screenshot(run, page, "docs");

  checks.that(
    "the title names the API",
    (await page.title()).includes(document.info.title),
    await page.title(),
  );
  await checkOperations(run, page);
  await checkTexts(run, page);
  await checkColours(run, page);
  await checkFilter(run, page);
  await checkDeepLink(run);
  await checkTryOut(run, page);
  await checkAuthorize(run, page);
  await page.context().close();

  const narrow = await watch.page(browser, {
    httpCredentials: credentials,
    viewport: { width: 390, height: 800 },
  });
  await open(narrow, `${base}/docs`);
  await screenshot(run, narrow, "docs-narrow");
  const width = await narrow.evaluate(() => document.documentElement.scrollWidth);
  checks.that("a narrow screen shows no sideways scroll bar", width <= 390, `${width} pixels`);
  await narrow.context().close();
}

async function open(page, address) {
  await page.goto(address, { waitUntil: "networkidle" });
  await page.locator("#swagger-ui .info .title").waitFor();
}

async function checkOperations({ checks, document }, page) {
  // What runs in the page sees nothing of this file but its arguments.
  const shown = await page.locator(".opblock").evaluateAll(
    (blocks, selector) =>
      blocks.map((block) => {
        const method = block.querySelector(".opblock-summary-method").textContent;
        const path = block.querySelector(selector).dataset.path;
        return `${method.toLowerCase()} ${path}`;
      }),
    PATH,
  );
  const wanted = operations(document).map(({ method, path }) => `${method} ${path}`);
  checks.same("every operation of the document is listed", [...new Set(shown)], wanted);
}

async function checkTexts({ checks, document }, page) {
  const texts = chineseTexts(document);
  const seen = (await page.locator("#swagger-ui").innerText()).replace(/\u200b/g, "");
  for (const kind of ["tags", "summaries"]) {
    const missing = texts[kind].filter((text) => !seen.includes(text));
    checks.none(`Chinese ${kind} are visible (${texts[kind].length})`, missing);
  }
}

async function checkColours({ checks }, page) {
  const dark = () => page.evaluate(() => document.documentElement.classList.contains("dark-mode"));
  const before = await dark();
  await page.locator("[data-color-mode]").click();
  const after = await dark();
  await page.reload({ waitUntil: "networkidle" });
  checks.that("the colour mode is switched and remembered", !before && after && (await dark()));
  await page.locator("[data-color-mode]").click();
}

async function checkFilter({ checks, document }, page) {
  const tag = operations(document).find((operation) => operation.tags?.length)?.tags[0];
  if (!tag) return;
  const sections = page.locator(".opblock-tag-section");
  const filter = page.locator(".operation-filter-input");
  const shown = () => sections.locator(".opblock-tag").evaluateAll((tags) => tags.map((t) => t.dataset.tag));
  const all = await shown();
  const left = (names) => names.includes(tag) && names.every((name) => name.includes(tag));
  await filter.fill(tag);
  const names = await settled(shown, left);
  checks.that("the filter leaves the tag that was asked for", left(names), names.join(", "));
  await filter.fill("");
  await settled(shown, (names) => names.length === all.length);
}

async function checkDeepLink({ base, browser, checks, credentials, document, watch, ...run }) {
  const all = operations(document).filter((operation) => operation.operationId);
  // The last one, so that it has to be scrolled to; one with a Chinese tag if there is any.
  const chinese = all.filter((operation) => /\p{Script=Han}/u.test(operation.tags?.[0] ?? ""));
  const target = (chinese.length ? chinese : all).at(-1);
  if (!target) return;
  const page = await watch.page(browser, { httpCredentials: credentials });
  const tag = target.tags?.[0] ?? "default";
  await open(page, `${base}/docs#/${encodeURIComponent(tag)}/${encodeURIComponent(target.operationId)}`);
  const opened = page.locator(".opblock.is-open");
  await opened.first().waitFor();
  const paths = await opened
    .locator(PATH)
    .evaluateAll((all) => all.map((one) => one.dataset.path));
  checks.that(
    `a deep link opens its operation (${tag}/${target.operationId})`,
    paths.length === 1 && paths[0] === target.path,
    paths.join(", "),
  );
  const places = () =>
    page.evaluate(() => ({
      top: document.querySelector(".opblock.is-open").getBoundingClientRect().top,
      bar: document.querySelector(".ff-bar").getBoundingClientRect().bottom,
    }));
  const below = ({ top, bar }) => top >= bar && top < 860;
  const place = await settled(places, below);
  checks.that(
    "and scrolls it below the bar",
    below(place),
    `${place.top} from the top, the bar ends at ${place.bar}`,
  );
  await screenshot(run, page, "docs-deep-link");

  // The address that the page itself writes must lead back to the operation.
  await opened.locator(".opblock-summary-control").first().click();
  await page.locator(`.opblock-summary-path[data-path="${target.path}"]`).first().click();
  const written = page.url();
  await page.goto("about:blank");
  await open(page, written);
  const again = await page
    .locator(".opblock.is-open .opblock-summary-path")
    .first()
    .getAttribute("data-path");
  checks.that("the address it writes leads back", again === target.path, `${written} opened ${again}`);
  await page.context().close();
}

async function checkTryOut(run, page) {
  const { checks, document, options } = run;
  const simple = operations(document).filter(
    (operation) =>
      operation.method === "get" && !operation.parameters.some((parameter) => parameter.required),
  );
  const target = options.operation
    ? operations(document).find((operation) => operation.operationId === options.operation)
    : (simple.find((operation) => operation.path.includes("health_check")) ?? simple[0]);
  if (!checks.that("there is a GET operation to try out", target)) return;
  const { answer, shown } = await execute(page, target);
  await page.locator(".live-responses-table").scrollIntoViewIfNeeded();
  await screenshot(run, page, "docs-try-it-out");
  checks.that(`trying out ${target.path} answers 200`, answer.status() === 200, `status ${answer.status()}`);
  checks.that("the status is shown", shown.status.startsWith("200"), shown.status);
  // Shown with our indentation, so only what is neither space nor quote is compared.
  const squeeze = (text) => text.replace(/\s/g, "");
  const body = await answer.text();
  const wanted = body.startsWith("{") || body.startsWith("[") ? JSON.stringify(JSON.parse(body)) : body;
  checks.that(
    "the body is shown",
    squeeze(shown.body).includes(squeeze(wanted)),
    `${shown.body}\ninstead of ${wanted}`,
  );
  checks.that("the duration is shown", /\d+ ms/.test(shown.duration), shown.duration);
}

// Opens an operation, tries it out, and returns the browser's answer and what the page shows of it.
async function execute(page, { method, path }) {
  const block = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) }).first();
  if (!(await block.getAttribute("class")).includes("is-open")) {
    await block.locator(".opblock-summary-control").click();
  }
  // The operation's inside is drawn after the click.
  await block.locator(".try-out__btn").first().waitFor();
  const tryOut = block.locator(".try-out__btn:not(.cancel)");
  if (await tryOut.count()) await tryOut.click();
  const isAnswer = (response) =>
    response.request().method() === method.toUpperCase() && response.request().resourceType() === "fetch";
  // Together, so that neither failure is left without somebody who sees it.
  const [answer] = await Promise.all([
    page.waitForResponse(isAnswer),
    block.locator(".execute").click(),
  ]);
  const live = block.locator(".live-responses-table");
  await live
    .locator(".response-col_description .microlight, .response-col_description code")
    .first()
    .waitFor();
  return {
    answer,
    shown: {
      status: (await live.locator("tbody .response-col_status").innerText()).trim(),
      body: await live.locator("tbody .response-col_description").first().innerText(),
      duration: await block.locator(".live-responses-table + *, .responses-inner").first().innerText(),
    },
  };
}

async function checkAuthorize(run, page) {
  const { checks, credentials, document } = run;
  const schemes = Object.entries(document.components?.securitySchemes ?? {});
  const basic = schemes.find(([, scheme]) => scheme.type === "http" && scheme.scheme === "basic");
  if (!basic) {
    console.log("     no basic security scheme in the document: Authorize is not checked");
    return;
  }
  const { username, password } = credentials ?? { username: "admin", password: "secret" };
  await page.locator(".auth-wrapper .btn.authorize").click();
  const dialog = page.locator(".dialog-ux .modal-ux");
  await dialog.locator("input[autocomplete=username], input[type=text]").first().fill(username);
  await dialog.locator("input[type=password]").first().fill(password);
  await screenshot(run, page, "docs-authorize");
  await dialog.locator("button.authorize").first().click();
  const logout = dialog.getByText("Logout", { exact: true }).first();
  const loggedIn = await logout.waitFor().then(
    () => true,
    () => false,
  );
  checks.that("Authorize takes a user and a password", loggedIn);
  await dialog.locator(".close-modal").click();

  const secured = operations(document).find(
    (operation) =>
      operation.method === "get" &&
      !operation.parameters.some((parameter) => parameter.required) &&
      (operation.security ?? document.security ?? []).some((needed) => basic[0] in needed),
  );
  if (!secured) {
    console.log("     no GET operation without parameters requires it: sending it is not checked");
    return;
  }
  const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const sent = async () => (await execute(page, secured)).answer.request().allHeaders();
  checks.that("and sends them", (await sent()).authorization === wanted);
  await page.reload({ waitUntil: "networkidle" });
  checks.that("after a reload too", (await sent()).authorization === wanted);
}
