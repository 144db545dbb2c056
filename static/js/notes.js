// Notes save themselves: a moment after typing stops, again and again until the server has them. Nothing is kept outside
// the page, because the computer may be shared; whoever leaves with unsaved text is warned.
const form = document.querySelector("[data-notes]");
const QUIET = 1500;
const LONGEST = 8000; // of uninterrupted typing
const PATIENCE = 15000;
const FIRST_WAIT = 2000;
const LONGEST_WAIT = 60000;

for (const clock of document.querySelectorAll("[data-since]")) {
  const since = Date.parse(clock.dataset.since);
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    const seconds = Math.max(0, Math.floor((Date.now() - since) / 1000));
    const hours = Math.floor(seconds / 3600);
    clock.textContent = `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  };
  clock.hidden = false;
  tick();
  setInterval(tick, 1000);
}

const watch = () => {
  const names = [...form.querySelectorAll("[data-note]")].map((note) => note.dataset.note);
  const recommended = form.elements.follow_up_recommended;
  const state = form.querySelector("[data-state]");
  const stateText = form.querySelector("[data-state-text]");
  const box = form.querySelector("[data-conflict-box]");
  const theirsOf = (name) => form.querySelector(`[data-note="${name}"] [data-theirs]`);
  const read = () => ({
    ...Object.fromEntries(names.map((name) => [name, form.elements[name].value.replace(/\r\n?/g, "\n")])),
    follow_up_recommended: recommended.checked,
  });
  const same = (one, other) => Object.keys(one).every((name) => one[name] === other[name]);

  // What the server has, as far as this window knows; what was sent without an answer may have reached it, too.
  let confirmed = JSON.parse(form.dataset.confirmed || "null") ?? read();
  let unanswered = [];
  let sending = null;
  let timer = 0;
  let typingSince = 0;
  let wait = FIRST_WAIT;
  let stopped = box.hidden ? "" : "conflict";
  let leaving = false;
  let passing = false;

  const tell = (kind, text) => {
    state.dataset.state = kind;
    stateText.textContent = text ?? form.dataset[kind.replace(/-(.)/g, (_all, letter) => letter.toUpperCase())];
  };
  const isDirty = () => !same(read(), confirmed);
  const plan = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  };
  const again = (kind) => {
    tell(kind);
    plan(wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
    return false;
  };

  const settle = (answer, sent) => {
    form.elements.version.value = answer.version;
    confirmed = sent;
    unanswered = [];
    wait = FIRST_WAIT;
    typingSince = 0;
    if (isDirty()) {
      tell("typing");
      plan(QUIET);
    } else tell("saved", form.dataset.saved.replace("{time}", answer.saved_at));
    return true;
  };
  // Another window was first. What only one of the two changed is joined; where both did, the person decides.
  const join = (answer) => {
    const mine = read();
    const theirs = answer.values;
    if (unanswered.some((sent) => same(sent, theirs))) {
      // It was this window: the save had arrived, its answer had not.
      form.elements.version.value = answer.version;
      confirmed = theirs;
      unanswered = [];
      return null;
    }
    const both = Object.keys(mine).filter((name) => mine[name] !== theirs[name]);
    const clash = both.filter((name) => mine[name] !== confirmed[name] && theirs[name] !== confirmed[name]);
    for (const name of both) {
      if (mine[name] !== confirmed[name]) continue;
      if (name === "follow_up_recommended") recommended.checked = theirs[name];
      else form.elements[name].value = theirs[name];
    }
    form.elements.version.value = answer.version;
    confirmed = theirs;
    unanswered = [];
    if (!clash.length) return null;
    for (const name of names) {
      const place = theirsOf(name);
      place.hidden = !clash.includes(name);
      place.querySelector("[data-text]").textContent = theirs[name];
    }
    stop("conflict");
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
    return false;
  };
  const stop = (kind) => {
    stopped = kind;
    clearTimeout(timer);
    tell(kind);
    return false;
  };

  // After signing in again in another window the page's token is an old one; a fresh copy of the page has the new one.
  const renewToken = async () => {
    const page = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
    if (!page.ok) return false;
    const copy = new DOMParser().parseFromString(await page.text(), "text/html");
    const token = copy.querySelector('[name="csrfmiddlewaretoken"]')?.value;
    if (!token || token === form.elements.csrfmiddlewaretoken.value) return false;
    form.elements.csrfmiddlewaretoken.value = token;
    return true;
  };
  const post = () =>
    fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
  const attempt = async () => {
    const sent = read();
    tell("saving");
    let response;
    try {
      unanswered = [...unanswered, sent].slice(-20);
      response = await post();
      if (response.status === 403 && (await renewToken())) response = await post();
    } catch {
      return again("offline");
    }
    if (response.type === "opaqueredirect" || response.status === 403) return again("signed-out");
    if (!(response.headers.get("Content-Type") || "").includes("application/json")) return again("offline");
    let answer;
    try {
      answer = await response.json();
    } catch {
      return again("offline");
    }
    if (response.ok) return settle(answer, sent);
    unanswered = unanswered.filter((one) => one !== sent);
    if (answer.error === "changed") {
      const joined = join(answer);
      return joined === null ? (isDirty() ? attempt() : settle(answer, answer.values)) : joined;
    }
    if (answer.error === "locked") return stop("locked");
    tell("invalid");
    return false;
  };
  const save = () => {
    clearTimeout(timer);
    if (stopped) return Promise.resolve(false);
    if (!sending && !isDirty()) return Promise.resolve(true);
    sending ??= attempt().finally(() => (sending = null));
    return sending;
  };
  const flush = async () => {
    while (sending) await sending;
    return save();
  };

  form.addEventListener("input", () => {
    if (stopped) return;
    const now = Date.now();
    typingSince ||= now;
    if (state.dataset.state !== "offline" && state.dataset.state !== "signed-out") tell("typing");
    plan(now - typingSince > LONGEST ? 0 : QUIET);
  });
  form.addEventListener("click", (event) => {
    const note = event.target.closest("[data-note]");
    const field = note && form.elements[note.dataset.note];
    const theirs = note?.querySelector("[data-text]").textContent;
    if (event.target.closest("[data-take]")) field.value = theirs;
    else if (event.target.closest("[data-append]")) field.value = `${field.value.trimEnd()}\n${theirs}`;
    else return;
    note.querySelector("[data-theirs]").hidden = true;
    field.focus();
  });
  form.addEventListener("submit", async (event) => {
    if (passing) return void (passing = false);
    event.preventDefault();
    if (leaving) return;
    const button = event.submitter;
    if (stopped === "conflict" && button?.value === "save") {
      stopped = "";
      box.hidden = true;
      for (const name of names) theirsOf(name).hidden = true;
    }
    const saved = await flush();
    if (!saved || button?.value === "save") return;
    leaving = passing = true;
    form.requestSubmit(button);
  });
  addEventListener("online", () => isDirty() && !stopped && save());
  addEventListener("beforeunload", (event) => {
    if (!leaving && isDirty()) event.preventDefault();
  });
  addEventListener("pageshow", () => (leaving = false));
  for (const place of form.querySelectorAll("[data-choices]")) place.hidden = false;
  if (stopped) tell("conflict");
  else if (isDirty()) plan(QUIET);
};
if (form) watch();
