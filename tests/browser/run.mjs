// Opens the pages of a running service in Chromium and checks what a reader gets: the documentation, and the
// jobs, of which there has to be one.
//
//   npm ci --omit=optional
//   node run.mjs --base-url http://127.0.0.1:8080/flyer [--user NAME:PASSWORD]
//                [--operation OPERATION_ID] [--screenshots DIR] [--chromium PATH]
//
// --user       credentials of a service with flyer_auth_enable=1, and what is typed into "Authorize"
// --operation  the GET operation to try out; without it, the health check or the first GET that needs no
//              parameters. It must answer 200.
//
// Prints a line per check and `N passed, N failed`; the exit code is 1 if any failed.

import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { Checks, Watch, launch } from "./harness.mjs";
import { checkRedoc } from "./redoc.mjs";
import { checkSwaggerUi } from "./swagger-ui.mjs";
import { checkTasks } from "./tasks.mjs";

const { values: options } = parseArgs({
  options: {
    "base-url": { type: "string" },
    user: { type: "string" },
    operation: { type: "string" },
    screenshots: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
if (!options["base-url"]) {
  console.error("--base-url is missing, for instance --base-url http://127.0.0.1:8080/flyer");
  process.exit(2);
}
if (options.screenshots) mkdirSync(options.screenshots, { recursive: true });

const base = options["base-url"].replace(/\/$/, "");
const [username, ...rest] = (options.user ?? "").split(":");
const credentials = options.user ? { username, password: rest.join(":") } : undefined;
const headers = options.user
  ? { authorization: `Basic ${Buffer.from(options.user).toString("base64")}` }
  : {};

const checks = new Checks();
const browser = await launch(options.chromium);
try {
  const answer = await fetch(`${base}/openapi.json`, { headers });
  checks.that("openapi.json is served", answer.status === 200, `status ${answer.status}`);
  const document = await answer.json();

  const run = { base, browser, checks, credentials, document, headers, options, watch: new Watch(base) };
  await checks.section("docs", () => checkSwaggerUi(run));
  await checks.section("redoc", () => checkRedoc(run));
  await checks.section("tasks", () => checkTasks(run));

  checks.none("no request leaves the origin", run.watch.outside);
  checks.none("no request fails", run.watch.failed);
  checks.none("no error or warning in the console", run.watch.errors);
  checks.none("nothing violates the content security policy", run.watch.violations);
  checks.none("assets are versioned and kept for ever", run.watch.uncached);
} catch (error) {
  checks.that("the run comes to its end", false, error.stack);
} finally {
  await browser.close();
}
console.log(`${checks.passed} passed, ${checks.failed} failed`);
process.exitCode = checks.failed ? 1 : 0;
