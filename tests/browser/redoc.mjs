// What a reader of `{base}/redoc` gets.

import { chineseTexts, operations, screenshot, settled } from "./harness.mjs";

export async function checkRedoc(run) {
  const { base, browser, checks, credentials, document, watch } = run;
  const page = await watch.page(browser, { httpCredentials: credentials, colorScheme: "light" });
  await open(page, `${base}/redoc`);
  await screenshot(run, page, "redoc");
  checks.that(
    "the title names the API",
    (await page.title()).includes(document.info.title),
    await page.title(),
  );
  const heading = await page.locator("h1").first().innerText();
  checks.that("the heading names the API", heading.includes(document.info.title), heading);

  await checkMenu(run, page);
  await checkLinks(run, page);
  await checkSearch(run, page);
  await page.context().close();

  const dark = await watch.page(browser, { httpCredentials: credentials, colorScheme: "dark" });
  await open(dark, `${base}/redoc`);
  await screenshot(run, dark, "redoc-dark");
  const isDark = await dark.evaluate(() => document.documentElement.classList.contains("dark"));
  checks.that("the system's dark mode is followed", isDark);
  await dark.context().close();

  const narrow = await watch.page(browser, {
    httpCredentials: credentials,
    viewport: { width: 390, height: 800 },
  });
  await open(narrow, `${base}/redoc`);
  await screenshot(run, narrow, "redoc-narrow");
  const width = await narrow.evaluate(() => document.documentElement.scrollWidth);
  checks.that("a narrow screen shows no sideways scroll bar", width <= 390, `${width} pixels`);
  await narrow.context().close();
}

async function open(page, address) {
  await page.goto(address, { waitUntil: "networkidle" });
  await page.locator("h1, h2").first().waitFor(); // a deep link may show no part that has an h1
}

const GROUP = ".menu-item-type-group";
const OPERATION = ".menu-item-type-operation";

async function checkMenu({ checks, document }, page) {
  // Groups start closed, and opening one may close another: each is read while it is open.
  const read = () =>
    page.locator(OPERATION).evaluateAll((items) =>
      items.map((item) => ({
        address: item.querySelector("a").getAttribute("href"),
        line: `${item.querySelector(".tag-http").textContent} ${item.querySelector("[data-text]").textContent}`,
      })),
    );
  const seen = new Map();
  const remember = (items) => items.forEach(({ address, line }) => seen.set(address, line.toLowerCase()));
  remember(await read());
  const groups = await page.locator(GROUP).count();
  const names = [];
  for (let index = 0; index < groups; index += 1) {
    const group = page.locator(GROUP).nth(index);
    names.push(await group.locator("[data-text]").first().getAttribute("data-text"));
    if (!(await group.locator(OPERATION).count())) await group.locator("a").first().click();
    await group.locator(OPERATION).first().waitFor();
    remember(await read());
  }
  const wanted = operations(document).flatMap((operation) => {
    const name = operation.summary || operation.operationId || operation.path;
    const line = `${operation.method} ${name}`.toLowerCase();
    return (operation.tags?.length ? operation.tags : [""]).map(() => line);
  });
  checks.same("every operation of the document is in the menu", [...seen.values()], wanted);
  const texts = chineseTexts(document);
  const lines = [...seen.values()].join("\n");
  checks.none(
    "Chinese tags are visible",
    texts.tags.filter((tag) => !names.includes(tag)),
  );
  checks.none(
    "Chinese summaries are visible",
    texts.summaries.filter((text) => !lines.includes(text.toLowerCase())),
  );
}

async function checkLinks(run, page) {
  const { browser, checks, credentials, document, watch } = run;
  const all = operations(document);
  const target =
    all.filter((operation) => /\p{Script=Han}/u.test(operation.summary ?? "")).at(-1) ?? all.at(-1);
  const name = target.summary || target.operationId || target.path;
  if (target.tags?.length) {
    const group = page.locator(GROUP, { has: page.locator(`[data-text="${target.tags[0]}"]`) }).first();
    if (!(await group.locator(OPERATION).count())) await group.locator("a").first().click();
  }
  const before = page.url();
  await page
    .locator(OPERATION, { has: page.locator(`[data-text="${name}"]`) })
    .first()
    .locator("a")
    .click();
  const address = await settled(
    () => page.url(),
    (url) => url.includes("#") && url !== before,
  );
  const fresh = await watch.page(browser, { httpCredentials: credentials });
  await open(fresh, address);
  const pattern = new RegExp(`^\\s*${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*$`);
  const heading = fresh.locator("h1, h2").filter({ hasText: pattern }).first();
  await heading.waitFor();
  const seen = (box) => box !== null && box.y >= 48 && box.y < 760;
  const box = await settled(() => heading.boundingBox(), seen);
  const y = box?.y;
  checks.that(
    `a deep link leads to its operation (${decodeURIComponent(new URL(address).hash)})`,
    seen(box),
    `${name} is ${y} pixels from the top`,
  );
  const text = await fresh.locator("body").innerText();
  checks.that("and shows its path", text.includes(target.path), target.path);
  await screenshot(run, fresh, "redoc-operation");

  const offers = fresh.locator('[data-component-name="SplitButton/SplitButton"] button').nth(1);
  await offers.click();
  await fresh.getByText("Copy for LLM").first().waitFor();
  const outside = await fresh
    .getByText(/ChatGPT|Claude/)
    .evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
  const opened = await fresh.getByText("Copy for LLM").first().isVisible();
  checks.that("it offers no service outside", opened && outside === 0, `${outside} offers`);
  await fresh.context().close();
}

async function checkSearch(run, page) {
  const { checks, document } = run;
  const all = operations(document);
  const chinese = all.find((operation) => /\p{Script=Han}{2}/u.test(operation.summary ?? ""));
  if (chinese) {
    const word = chinese.summary.match(/\p{Script=Han}{2}/u)[0];
    const found = await search(run, page, word, "redoc-search", chinese.path);
    checks.that(`the search finds a Chinese word (${word})`, found.includes(chinese.path), found);
  }
  const { path } = all[0];
  const part = path
    .split("/")
    .filter((name) => name && !name.startsWith("{"))
    .at(-1);
  const found = await search(run, page, part, "redoc-search-path", path);
  checks.that(`the search finds a path (${part})`, found.includes(path), found);
  const nothing = await search(run, page, "zzqqxxyy", "redoc-search-nothing");
  checks.that(
    "and not what is not there",
    !all.some((operation) => nothing.includes(operation.path)),
    nothing,
  );
}

// Types into the search dialog and returns what the dialog shows then.
async function search(run, page, text, name, expected = "") {
  await page.keyboard.press("Control+k");
  const input = page.getByPlaceholder("Search docs...");
  await input.fill(text);
  const dialog = input.locator("xpath=ancestor::*[3]");
  await page.waitForTimeout(1000); // the search waits for typing to end
  const shown = await settled(
    () => dialog.innerText(),
    (shown) => shown.includes(expected),
  );
  await screenshot(run, page, name);
  await page.keyboard.press("Escape");
  await input.waitFor({ state: "detached" });
  return shown;
}
