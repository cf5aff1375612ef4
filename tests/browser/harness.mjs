// What the checks of all pages need: the browser, a recorder of everything it does, and a count.

import { chromium } from "playwright-core";

// Chromium's own calls home are switched off, so that a request seen is a request of the page.
export function launch(executablePath) {
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export class Checks {
  passed = 0;
  failed = 0;
  #prefix = "";

  that(name, holds, detail = "") {
    if (holds) this.passed += 1;
    else this.failed += 1;
    const why = holds || !detail ? "" : `\n     ${String(detail).replaceAll("\n", "\n     ")}`;
    console.log(`${holds ? "ok  " : "FAIL"} ${this.#prefix}${name}${why}`);
    return holds;
  }

  none(name, list) {
    this.that(name, list.length === 0, list.join("\n"));
  }

  same(name, got, wanted) {
    const missing = wanted.filter((item) => !got.includes(item));
    const extra = got.filter((item) => !wanted.includes(item));
    const detail = `missing: ${missing.join(", ") || "-"}\nextra: ${extra.join(", ") || "-"}`;
    const equal = [...got].sort().join("\n") === [...wanted].sort().join("\n");
    this.that(`${name} (${wanted.length})`, equal, detail);
  }

  // A check that cannot be made counts as failed; the other page is still checked.
  async section(name, run) {
    this.#prefix = `${name}: `;
    try {
      await run();
    } catch (error) {
      this.that("can be checked to the end", false, error.message);
    }
    this.#prefix = "";
  }
}

// Swagger UI warns of every deep link with an underscore in it, which operation ids have; the links work.
const UNDERSCORE = "Deprecated: escaping deep link whitespace with `_`";

// Records what the pages of all its contexts do, blocked requests included.
export class Watch {
  outside = [];
  failed = [];
  errors = [];
  violations = [];
  uncached = [];

  constructor(base) {
    this.origin = new URL(base).origin;
    this.statics = `${base}/static/`;
  }

  async page(browser, settings = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...settings });
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy: ${event.effectiveDirective} blocks ${event.blockedURI}`);
      });
    });
    context.on("request", (request) => this.#request(request.url()));
    context.on("requestfailed", (request) => {
      // What a page that is being left has not finished is cut by the browser.
      const reason = request.failure()?.errorText;
      if (reason !== "net::ERR_ABORTED") this.failed.push(`${request.url()}: ${reason}`);
    });
    context.on("response", (response) => this.#response(response));
    context.on("console", (message) => {
      const text = message.text();
      if (text.includes("Content Security Policy") || text.startsWith("policy: ")) {
        this.violations.push(text);
      } else if (text.startsWith(UNDERSCORE)) {
        return;
      } else if (message.type() === "error" || message.type() === "warning") {
        this.errors.push(`${message.page()?.url()}: ${text}`);
      }
    });
    context.on("weberror", (error) => this.errors.push(String(error.error())));
    const page = await context.newPage();
    page.on("websocket", (socket) => this.outside.push(socket.url()));
    page.setDefaultTimeout(15_000);
    return page;
  }

  #request(address) {
    const url = new URL(address);
    if (url.protocol === "data:" || url.protocol === "blob:") return;
    if (url.origin !== this.origin) this.outside.push(address);
  }

  #response(response) {
    if (!response.url().startsWith(this.statics)) return;
    const cache = response.headers()["cache-control"] ?? "";
    if (response.status() !== 200 || !cache.includes("immutable")) {
      this.uncached.push(`${response.url()}: ${response.status()}, cache-control: ${cache}`);
    }
  }
}

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

// All operations of a document, in its order.
export function operations(document) {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
      return { ...operation, path, method, parameters };
    }),
  );
}

export async function screenshot(run, page, name) {
  if (run.options.screenshots) {
    await page.screenshot({ path: `${run.options.screenshots}/${name}.png` });
  }
}

const CHINESE = /\p{Script=Han}/u;

// The Chinese texts of a document that a reader must see: tags, and the operations' summaries.
export function chineseTexts(document) {
  const all = operations(document);
  const tags = all.flatMap((operation) => operation.tags ?? []);
  const summaries = all.map((operation) => operation.summary ?? "");
  const chinese = (texts) => [...new Set(texts)].filter((text) => CHINESE.test(text));
  return { tags: chinese(tags), summaries: chinese(summaries) };
}

// What `read` gives as soon as that is right, or after ten seconds: pages scroll and search in their own time.
export async function settled(read, right) {
  const end = Date.now() + 10_000;
  for (;;) {
    const value = await read();
    if (right(value) || Date.now() > end) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
