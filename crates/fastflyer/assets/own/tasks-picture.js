// The picture of a job's last runs: bars by start and duration. Adds to what tasks-words.js shares.
(function () {
  "use strict";

  const { clock, word, ending, duration, took, at } = window.flyerJobs;
  const SVG = "http://www.w3.org/2000/svg";

  function draw(name, attributes, ...children) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  const good = (run) => run.outcome === "succeeded";

  // What is said of one run where there is room for a few lines.
  function told(run) {
    const lines = [
      `${word(run.outcome)}, ${at(run.started)}, ${took(run.durationMs)}`,
      `${word("runId")} ${run.run}`,
    ];
    if (run.text) lines.push(ending(run));
    return lines.join("\n");
  }

  // From the oldest run to now, at least a minute.
  function range(runs) {
    const oldest = Math.min(...runs.map((run) => Date.parse(run.started)));
    const end = Math.max(clock.now(), ...runs.map((run) => Date.parse(run.started) + run.durationMs));
    return { start: Math.min(oldest, end - 60000), end, oldest };
  }

  // Runs that overlap stand above each other.
  function lanes(runs) {
    const ends = [];
    const sorted = [...runs].sort((a, b) => Date.parse(a.started) - Date.parse(b.started));
    const placed = sorted.map((run) => {
      const start = Date.parse(run.started);
      let lane = ends.findIndex((end) => end <= start);
      if (lane < 0) lane = ends.length;
      ends[lane] = start + run.durationMs;
      return { run, start, lane };
    });
    return { placed, count: Math.max(ends.length, 1) };
  }

  // Bars by start and duration. What did not succeed is a full bar and stands out without its colour.
  function timeline(runs, width, height) {
    const { start, end } = range(runs);
    const { placed, count } = lanes(runs);
    const x = (time) => ((time - start) / (end - start)) * (width - 4);
    const tall = height / count;
    const bars = placed.map(({ run, start, lane }) => {
      const wide = Math.max(x(start + run.durationMs) - x(start), 3);
      const bar = good(run) ? tall * 0.6 : tall - 1;
      const attributes = {
        class: run.outcome,
        x: Math.min(x(start), width - wide).toFixed(1),
        y: (height - lane * tall - bar).toFixed(1),
        width: wide.toFixed(1),
        height: bar.toFixed(1),
        rx: 1,
      };
      return draw("rect", attributes, draw("title", {}, told(run)));
    });
    const bad = runs.filter((run) => !good(run)).length;
    const label = `${spanned(runs)}: ${word("summary", { good: runs.length - bad, bad })}`;
    return draw(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
      draw("line", { x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
      ...bars,
    );
  }

  // What a picture shows; another one is drawn when it has changed by a twentieth.
  function pictured(runs) {
    if (!runs.length) return "";
    const { start, end } = range(runs);
    return `${runs.map((run) => run.run)} ${Math.round(20 * Math.log(end - start))}`;
  }

  function spanned(runs) {
    const { oldest, end } = range(runs);
    const time = duration((end - oldest) / 1000);
    if (runs.length === 1) return word("oneRun", { span: time });
    return word("runs", { count: runs.length, span: word("span", { time }) });
  }

  Object.assign(window.flyerJobs, { timeline, range, pictured, spanned });
})();
