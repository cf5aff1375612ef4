// The words of the page of jobs in both languages, and how it says times. Shared with the scripts that
// follow as `flyerJobs`.
(function () {
  "use strict";

  const chinese = document.documentElement.lang.startsWith("zh");

  // The clock of the service: ours, put right by what it said last.
  const clock = { skew: 0, now: () => Date.now() + clock.skew };

  const WORDS = {
    title: ["任务", "Jobs"],
    search: ["搜索名称、编号或计划", "Search names, ids, schedules"],
    all: ["全部", "All"],
    running: ["运行中", "Running"],
    paused: ["已暂停", "Paused"],
    failing: ["上次失败", "Last run failed"],
    waiting: ["等待中", "Waiting"],
    ended: ["不再执行", "No further run"],
    filter: ["按状态筛选", "Filter by state"],
    pause: ["暂停", "Pause"],
    resume: ["恢复", "Resume"],
    run: ["立即执行", "Run now"],
    remove: ["移除", "Remove"],
    pauseAll: ["全部暂停", "Pause all"],
    cancel: ["取消", "Cancel"],
    close: ["关闭", "Close"],
    single: ["单例", "single"],
    singleHint: ["在所有进程中只执行一次", "Runs once over all processes"],
    protected: ["受保护", "protected"],
    protectedHint: ["受保护的任务不可暂停或移除", "A protected job cannot be paused or removed"],
    empty: ["这个服务没有任务。", "This service has no jobs."],
    nothing: ["没有符合条件的任务。", "No job is like that."],
    never: ["尚未执行", "No run yet"],
    next: ["下次执行", "Next run"],
    soon: ["即将执行", "now"],
    loading: ["正在加载…", "Loading…"],
    fresh: ["进程 {process}，{time} 更新", "Process {process}, updated {time}"],
    stale: ["无法获取任务：{reason}，正在重试", "Cannot ask for the jobs: {reason}. Trying again"],
    noAnswer: ["服务没有应答", "the service does not answer"],
    isPaused: ["已暂停 {name}", "{name} is paused"],
    isResumed: ["已恢复 {name}", "{name} goes on"],
    isStarted: ["{name} 已开始执行，编号 {run}", "{name} runs, as {run}"],
    isRemoved: ["已移除 {name}", "{name} is removed"],
    arePaused: ["已暂停 {count} 个任务", "{count} jobs are paused"],
    notDone: ["{name}：{reason}", "{name}: {reason}"],
    askRun: [
      "现在执行一次“{name}”？已开始的执行不能撤销。",
      "Run “{name}” once, now? A run that has begun cannot be undone.",
    ],
    askRemove: [
      "移除“{name}”？服务重新启动之前，任何进程都不再执行它，并且无法在此恢复。",
      "Remove “{name}”? No process runs it any more until the service is started anew, and it cannot be brought back here.",
    ],
    askPauseAll: [
      "暂停所有未受保护的任务？之后需要逐个恢复。",
      "Pause all jobs that are not protected? They have to be resumed one by one.",
    ],
    runs: ["最近 {count} 次执行，{span}", "Last {count} runs, {span}"],
    oneRun: ["最近 1 次执行，{span}前", "Last run {span} ago"],
    span: ["过去 {time}", "over {time}"],
    summary: ["{good} 次成功，{bad} 次未成功", "{good} succeeded, {bad} did not"],
    schedule: ["计划", "Schedule"],
    state: ["状态", "State"],
    id: ["编号", "Id"],
    args: ["参数", "Arguments"],
    grace: ["允许延迟", "May begin late by"],
    anyDelay: ["不限", "any time"],
    instances: ["同时执行上限", "Runs at a time"],
    history: ["最近的执行", "Last runs"],
    outcome: ["结果", "Outcome"],
    scheduled: ["计划时间", "Due"],
    started: ["开始", "Began"],
    took: ["用时", "Took"],
    process: ["进程", "Process"],
    runId: ["执行编号", "Run"],
    text: ["返回或错误", "Result or error"],
    gone: ["这个任务已不存在。", "This job is there no more."],
    succeeded: ["成功", "Succeeded"],
    failed: ["失败", "Failed"],
    panicked: ["崩溃", "Panicked"],
    timedOut: ["超时", "Timed out"],
    cancelled: ["已取消", "Cancelled"],
  };

  // What the service itself says of runs that did not end by themselves; it says it in English.
  const REASONS = {
    "the service stops": "服务停止",
    "it has taken longer than its timeout": "执行超过了时限",
    "its lock is lost": "失去了锁",
    "somebody has asked for its end": "有人要求结束",
    "a value that is no text": "非文本的值",
  };
  const TOLD = ["cancelled", "timedOut", "panicked"];

  // The parts of a schedule as the service writes it.
  const JOINTS = { "": "", "(": "(", ")": ")", " or ": " 或 ", " and ": " 且 ", never: "从不" };
  const PERIODS = { d: "天", h: "小时", m: "分", s: "秒", ms: "毫秒", us: "微秒", ns: "纳秒" };

  function word(key, values) {
    const text = WORDS[key] ? WORDS[key][chinese ? 0 : 1] : key;
    if (!values) return text;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  // A schedule in the language of the page; one with parts that are not known as the service writes it.
  function schedule(notation) {
    if (!chinese) return notation;
    const parts = notation.split(/( or | and |[()])/).map(part);
    return parts.includes(null) ? notation : parts.join("");
  }

  function part(text) {
    if (Object.hasOwn(JOINTS, text)) return JOINTS[text];
    const [, kind, rest] = text.match(/^(every|at|cron) (.+)$/) || [];
    if (kind === "cron") return text;
    if (kind === "at") return `定于 ${rest}`;
    if (kind === "every" && /^(\d+(ms|us|ns|d|h|m|s))+$/.test(rest)) {
      return `每${rest.replace(/(\d+)([a-z]+)/g, (whole, count, unit) => ` ${count} ${PERIODS[unit]}`)}`;
    }
    return null;
  }

  // What a run returned or why it ended; what a job says itself stays as it is.
  function ending(run) {
    const text = run.text || "";
    const known = chinese && TOLD.includes(run.outcome) && Object.hasOwn(REASONS, text);
    return known ? REASONS[text] : text;
  }

  const UNITS = chinese ? [" 天", " 小时", " 分", " 秒"] : [" d", " h", " min", " s"];

  // The two largest units: "2 h 5 min".
  function duration(seconds) {
    const parts = [
      Math.floor(seconds / 86400),
      Math.floor(seconds / 3600) % 24,
      Math.floor(seconds / 60) % 60,
      Math.floor(seconds) % 60,
    ];
    const first = parts.findIndex((part) => part > 0);
    if (first < 0) return `0${UNITS[3]}`;
    const shown = [`${parts[first]}${UNITS[first]}`];
    if (parts[first + 1]) shown.push(`${parts[first + 1]}${UNITS[first + 1]}`);
    return shown.join(" ");
  }

  function took(milliseconds) {
    if (milliseconds < 1) return "< 1 ms";
    if (milliseconds < 1000) return `${milliseconds} ms`;
    if (milliseconds < 60000) return `${(milliseconds / 1000).toFixed(1)}${UNITS[3]}`;
    return duration(milliseconds / 1000);
  }

  const days = new Intl.DateTimeFormat(document.documentElement.lang, {
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const hours = new Intl.DateTimeFormat(document.documentElement.lang, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const at = (time) => days.format(new Date(time));

  function ahead(time) {
    const seconds = Math.ceil((Date.parse(time) - clock.now()) / 1000);
    if (seconds <= 0) return word("soon");
    return chinese ? `${duration(seconds)}后` : `in ${duration(seconds)}`;
  }

  const time = (time) => hours.format(time);
  window.flyerJobs = { clock, word, schedule, ending, duration, took, at, time, ahead };
})();
