// The week of hours as a grid to drag, tap and type in. It works on a draft; the form at the foot sends it to the
// server, which shows what would become of it. Without this script the same page leads to plain forms.
const root = document.getElementById("hours");
const words = JSON.parse(root.dataset.words);
const lanes = root.dataset.lanes.split(" ");
const shortest = Number(root.dataset.minutes);
const today = root.dataset.today;
const WEEK = [1, 2, 3, 4, 5, 6, 0];
const STEP = 15;
const DAY = 1440;
const phone = matchMedia("(max-width: 600px)"); // one day at a time
const sheet = matchMedia("(max-width: 860px)"); // the panel lies over the foot of the page
const find = (selector) => root.querySelector(selector);
const all = (selector) => [...root.querySelectorAll(selector)];

// Words, times, dates
const say = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const clock = (minutes) => `${String(Math.floor(minutes / 60) % 24).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
const minutesOf = (text, isEnd) => {
  const [hours, minutes] = text.split(":").map(Number);
  return hours * 60 + minutes || (isEnd ? DAY : 0);
};
const plusDays = (day, count) => {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + count);
  return date.toISOString().slice(0, 10);
};
const dateWords = (day, weekday) => {
  const date = new Date(`${day}T00:00:00Z`);
  const plain = `${date.getUTCDate()} ${words.months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return weekday ? `${words.weekdays[date.getUTCDay()]} ${plain}` : plain;
};
const announce = (text) => (find("[data-said]").textContent = text);

// The draft
let names = 0;
const named = (row) => ({ ...row, id: ++names });
const parse = (text) => {
  const data = JSON.parse(text);
  return {
    weekly: data.weekly.map((row) => named({ ...row, start: minutesOf(row.start), end: minutesOf(row.end, true) })),
    days: data.days.map(named),
  };
};
const plainRow = ({ id, ...row }) => ({ ...row, start: clock(row.start), end: clock(row.end) });
const write = (state) => ({ weekly: state.weekly.map(plainRow), days: state.days.map(({ id, ...row }) => row) });
let state = parse(root.dataset.draft);
let shown = root.dataset.shown;
let selected = null;
let steps = [];
let showAll = false;
let firstHour = 7;
let lastHour = 19;
let phoneDay = 1;
const savedRows = Object.values(write(parse(root.dataset.saved))).flat().map((row) => JSON.stringify(row));

const row = (id) => state.weekly.find((one) => one.id === id);
const holds = (one, day) => (!one.from || one.from <= day) && (!one.until || day <= one.until);
const datesMeet = (a, b) => (a.from || "0") <= (b.until || "9") && (b.from || "0") <= (a.until || "9");
const clashes = (one, rows = state.weekly) =>
  one.active &&
  rows.some((other) => other.id !== one.id && other.active && other.day === one.day && other.mode === one.mode && other.start < one.end && one.start < other.end && datesMeet(one, other));
const inWords = (one) =>
  [say(words.block, { day: words.days[one.day], start: clock(one.start), end: clock(one.end), mode: words.modes[one.mode] })]
    .concat(one.from ? say(words.from, { date: dateWords(one.from) }) : [], one.until ? say(words.until, { date: dateWords(one.until) }) : [], one.active ? [] : words.resting)
    .join(", ");
const dayInWords = (one) => [dateWords(one.date, true), one.start ? `${one.start} – ${one.end}` : words.closed, words.modes[one.mode] || words.anyMode].join(", ");

const keepStep = () => (steps = [...steps.slice(-49), JSON.stringify([state, shown])]);
const change = (alter, text) => {
  keepStep();
  alter();
  draw();
  if (text) announce(text);
};
const unsaved = () => {
  const left = [...savedRows];
  let added = 0;
  for (const text of Object.values(write(state)).flat().map((one) => JSON.stringify(one))) {
    const at = left.indexOf(text);
    if (at < 0) added += 1;
    else left.splice(at, 1);
  }
  return added + left.length;
};

// Drawing
const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};
const drawBlock = (one) => {
  const item = make("li", `hb ${one.mode} lane${lanes.indexOf(one.mode) + 1}`);
  item.classList.toggle("rests", !one.active);
  item.classList.toggle("is-on", one.id === selected);
  item.classList.toggle("is-moving", Boolean(drag && drag.moved && drag.id === one.id));
  item.dataset.id = one.id;
  const top = Math.floor((one.start - firstHour * 60) / 5);
  item.style.setProperty("grid-row", `${top + 1} / ${Math.max(top + 2, Math.ceil((one.end - firstHour * 60) / 5) + 1)}`);
  const button = make("button", "hb-b");
  button.type = "button";
  const time = make("span", "num", clock(one.start));
  time.append(make("span", "hb-to", " – "), clock(one.end));
  button.append(time);
  if (!one.active) button.append(make("small", "", words.resting));
  button.setAttribute("aria-label", inWords(one));
  button.setAttribute("aria-pressed", String(one.id === selected));
  button.setAttribute("aria-describedby", "hx-help");
  item.append(button, make("span", "hb-edge top"), make("span", "hb-edge end"));
  return item;
};
const drawPeriods = () => {
  const points = new Set([today]);
  for (const one of state.weekly) {
    if (one.from > today) points.add(one.from);
    if (one.until && one.until >= today) points.add(plusDays(one.until, 1));
  }
  const starts = [...points].sort();
  shown = starts.filter((start) => start <= shown).pop() || today;
  find("[data-periods]").replaceChildren(
    ...starts.map((start) => {
      const link = make("a", "chip", start === today ? words.now : say(words.fromTab, { date: dateWords(start) }));
      link.href = `?on=${start}`;
      link.dataset.period = start;
      if (start === shown) link.setAttribute("aria-current", "true");
      return link;
    }),
  );
};
const drawHours = (visible) => {
  firstHour = showAll ? 0 : Math.min(7, ...visible.map((one) => Math.floor(one.start / 60)));
  lastHour = showAll ? 24 : Math.max(19, ...visible.map((one) => Math.ceil(one.end / 60)));
  const labels = [];
  for (let hour = firstHour; hour < lastHour; hour += 1) {
    const label = make("span", "", `${String(hour).padStart(2, "0")}:00`);
    label.style.setProperty("grid-row", `${(hour - firstHour) * 12 + 1} / span 12`);
    labels.push(label);
  }
  find("[data-hours]").replaceChildren(...labels);
};
const draw = () => {
  drawPeriods();
  const visible = state.weekly.filter((one) => holds(one, shown));
  if (!visible.some((one) => one.id === selected)) selected = null;
  if (!drag) drawHours(visible);
  const focused = document.activeElement?.closest?.("[data-id]")?.dataset.id;
  for (const section of all("[data-day]")) {
    const day = Number(section.dataset.day);
    const blocks = visible.filter((one) => one.day === day).sort((a, b) => a.start - b.start || a.mode.localeCompare(b.mode));
    section.querySelector("[data-lanes]").replaceChildren(...blocks.map(drawBlock));
    section.classList.toggle("is-shown", day === phoneDay);
    const open = blocks.filter((one) => one.active).reduce((sum, one) => sum + one.end - one.start, 0) / 60;
    const tab = find(`[data-tab="${day}"]`);
    tab.setAttribute("aria-pressed", String(day === phoneDay));
    tab.querySelector("[data-total]").textContent = open ? `${Math.round(open * 10) / 10} h` : "–";
    section.querySelector("[data-lanes]").style.setProperty("min-height", `calc(${(lastHour - firstHour) * 12} * var(--row))`);
  }
  if (focused) find(`[data-id="${focused}"] .hb-b`)?.focus({ preventScroll: true });
  drawDays();
  drawInspector();
  const count = unsaved();
  const form = find("[data-form]");
  form.hidden = count === 0;
  form.elements.draft.value = JSON.stringify(write(state));
  find("[data-count]").textContent = say(words.unsaved, { count });
  find('[data-do="undo"]').disabled = steps.length === 0;
  if (count) remember();
  else forget();
};
const drawDays = () => {
  const bin = find("[data-bin]").content;
  find("[data-days]").replaceChildren(
    ...[...state.days]
      .sort((a, b) => (a.date + a.start).localeCompare(b.date + b.start))
      .map((one) => {
        const item = make("li");
        const button = bin.cloneNode(true).firstElementChild;
        button.dataset.dayId = one.id;
        button.querySelector(".sr").textContent = say(words.removeDay, { what: dayInWords(one) });
        item.append(make("span", "", dayInWords(one)), button);
        return item;
      }),
  );
};
const inspector = find("[data-inspector]");
const problem = (text = "") => {
  const place = inspector.querySelector("[data-problem]");
  place.textContent = text;
  place.hidden = !text;
};
let inspected = null;
const drawInspector = () => {
  const one = row(selected);
  inspector.hidden = !one || Boolean(drag && sheet.matches);
  if (!one) return (inspected = null);
  if (inspected !== one.id) {
    problem();
    inspector.querySelector('[data-fold="dates"]').open = Boolean(one.from || one.until);
    inspector.querySelector('[data-fold="break"]').open = false;
    inspected = one.id;
  }
  for (const field of inspector.querySelectorAll("[data-field]")) {
    const value = one[field.dataset.field];
    if (field === document.activeElement && field.type !== "checkbox") continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = field.type === "time" ? clock(value) : value;
  }
  if (!inspector.querySelector('[data-fold="break"]').open) {
    const noon = one.start < 780 && one.end > 840 ? 780 : one.start + Math.floor((one.end - one.start) / 2 / STEP) * STEP;
    inspector.querySelector("#hx-break-start").value = clock(noon);
    inspector.querySelector("#hx-break-end").value = clock(Math.min(noon + (one.end > noon + 60 ? 60 : STEP), one.end));
  }
};

// What a person lost by leaving is found again, as long as nobody saved other hours meanwhile.
const storeKey = `hours:${location.pathname}`;
const remember = () => {
  try {
    sessionStorage.setItem(storeKey, JSON.stringify({ version: root.dataset.version, draft: write(state), shown }));
  } catch {
    // Storage may be full or forbidden; the page works without it.
  }
};
const forget = () => {
  try {
    sessionStorage.removeItem(storeKey);
  } catch {
    // As above.
  }
};
const recall = () => {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storeKey) || "null");
    if (!kept || "kept" in root.dataset || kept.version !== root.dataset.version) return;
    if (root.dataset.draft === root.dataset.saved) {
      state = parse(JSON.stringify(kept.draft));
      shown = kept.shown;
    }
  } catch {
    forget();
  }
};

// Changing
const fits = (one) => one.start >= 0 && one.end <= DAY && one.end - one.start >= Math.min(STEP, shortest) && !clashes(one);
const put = (id, values, text) => {
  const next = { ...row(id), ...values };
  if (!fits(next)) {
    announce(words.taken);
    return false;
  }
  change(() => (state.weekly = state.weekly.map((one) => (one.id === id ? next : one))), text ?? say(words.moved, { what: inWords(next) }));
  return true;
};
const select = (id, focus) => {
  selected = id;
  const one = row(id);
  if (one) phoneDay = one.day;
  draw();
  const block = find(`[data-id="${id}"] .hb-b`);
  if (!block) return;
  if (focus) block.focus({ preventScroll: sheet.matches });
  if (!sheet.matches) return;
  // What was chosen stays above the panel.
  const hidden = block.getBoundingClientRect().bottom + 24 - inspector.getBoundingClientRect().top;
  if (hidden > 0) scrollBy(0, Math.min(hidden, block.getBoundingClientRect().top - 90));
};
const datesOfShown = () => {
  const last = all("[data-period]")
    .map((link) => link.dataset.period)
    .find((start) => start > shown);
  return { from: shown === today ? "" : shown, until: last ? plusDays(last, -1) : "" };
};
const room = (day, mode, from, until) => {
  const taken = state.weekly.filter((one) => one.active && one.day === day && one.mode === mode && datesMeet(one, { from, until }));
  return (start, end) => start >= 0 && end <= DAY && !taken.some((one) => one.start < end && start < one.end);
};
const add = (day, mode, start, end) => {
  const dates = datesOfShown();
  const isFree = room(day, mode, dates.from, dates.until);
  if (end === undefined) {
    // A tap means an hour or two around it, less where there is no room.
    const length = [120, 60, 30, shortest].find((minutes) => minutes >= shortest && isFree(start, start + minutes));
    if (!length) return announce(words.noRoom);
    end = start + length;
  }
  if (!isFree(start, end)) return announce(words.taken);
  const one = named({ day, mode, start, end, ...dates, active: true });
  change(() => state.weekly.push(one), say(words.added, { what: inWords(one) }));
  select(one.id, true);
};
const addOnDay = (day) => {
  const dates = datesOfShown();
  for (const mode of lanes) {
    const isFree = room(day, mode, dates.from, dates.until);
    for (const [start, end] of [[480, 720], [780, 1020], ...Array.from({ length: 24 }, (_, hour) => [hour * 60, hour * 60 + Math.max(60, shortest)])])
      if (isFree(start, end)) return add(day, mode, start, end);
  }
  announce(words.noRoom);
};
const remove = (id) => {
  const one = row(id);
  const neighbour = find(`[data-id="${id}"]`)?.nextElementSibling ?? find(`[data-id="${id}"]`)?.previousElementSibling;
  const next = neighbour ? Number(neighbour.dataset.id) : null;
  change(() => (state.weekly = state.weekly.filter((other) => other.id !== id)), say(words.removed, { what: inWords(one) }));
  if (next && !phone.matches) select(next, true);
  else find(`[data-day="${one.day}"] summary`).focus();
};
const replaceAll = (weekly, text) => {
  if (weekly.some((one) => clashes(one, weekly))) return announce(words.taken);
  change(() => (state.weekly = weekly), text);
};
const copyDay = (day, targets) => {
  const source = state.weekly.filter((one) => one.day === day && holds(one, shown));
  const rest = state.weekly.filter((one) => !(targets.includes(one.day) && holds(one, shown)));
  replaceAll([...rest, ...targets.flatMap((to) => source.map((one) => named({ ...one, day: to })))], say(words.copied, { day: words.days[day] }));
};
const splitAt = (day) => {
  const before = plusDays(day, -1);
  const crossing = (one) => holds(one, before) && holds(one, day);
  change(() => {
    state.weekly = state.weekly.flatMap((one) => (crossing(one) ? [{ ...one, until: before }, named({ ...one, from: day })] : [one]));
    shown = day;
  }, say(words.split, { date: dateWords(day) }));
};
const undo = () => {
  if (!steps.length) return;
  [state, shown] = JSON.parse(steps.pop());
  draw();
  announce(words.undone);
};

// Dragging: a mouse draws, moves and stretches; a finger taps, and drags only what it has chosen, so that the page scrolls.
let drag = null;
let quietClick = false;
const spot = (event) => {
  const section = all("[data-day]").find((one) => {
    const box = one.getBoundingClientRect();
    return box.width && event.clientX >= box.left && event.clientX < box.right;
  });
  if (!section) return null;
  const box = section.querySelector("[data-lanes]").getBoundingClientRect();
  const minutes = firstHour * 60 + ((event.clientY - box.top) / box.height) * (lastHour - firstHour) * 60;
  const across = Math.min(Math.floor(((event.clientX - box.left) / box.width) * lanes.length), lanes.length - 1);
  return { day: Number(section.dataset.day), minutes, mode: lanes[document.dir === "rtl" ? lanes.length - 1 - across : across] };
};
const gap = (one) => {
  const others = state.weekly.filter((other) => other.id !== one.id && other.active && other.day === one.day && other.mode === one.mode && datesMeet(one, other));
  const earlier = others.filter((other) => other.end <= one.start).map((other) => other.end);
  const later = others.filter((other) => other.start >= one.end).map((other) => other.start);
  return one.active ? [Math.max(0, ...earlier), Math.min(DAY, ...later)] : [0, DAY];
};
const snap = (minutes, step = STEP) => Math.max(0, Math.min(DAY, Math.round(minutes / step) * step));
const grid = find("[data-grid]");
grid.addEventListener("pointerdown", (event) => {
  const lane = event.target.closest("[data-lanes]");
  if (!lane || event.button !== 0) return;
  const at = spot(event);
  const block = event.target.closest("[data-id]");
  const isFinger = event.pointerType === "touch";
  if (!at || (isFinger && (!block || Number(block.dataset.id) !== selected))) return;
  if (block) {
    const one = row(Number(block.dataset.id));
    const edge = event.target.closest(".hb-edge");
    drag = { id: one.id, kind: edge ? (edge.classList.contains("top") ? "start" : "end") : "move", offset: at.minutes - one.start, origin: { ...one }, moved: false, x: event.clientX, y: event.clientY };
  } else {
    drag = { id: null, kind: "draw", day: at.day, mode: at.mode, anchor: Math.floor(at.minutes / STEP) * STEP, moved: false, x: event.clientX, y: event.clientY };
    event.preventDefault();
  }
  drag.before = JSON.stringify([state, shown]);
  grid.setPointerCapture(event.pointerId);
});
grid.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 5) return;
  const at = spot(event);
  if (!at) return;
  drag.moved = true;
  if (drag.kind === "draw" && drag.id === null) {
    const one = named({ day: drag.day, mode: drag.mode, start: drag.anchor, end: drag.anchor + STEP, ...datesOfShown(), active: true });
    if (clashes(one)) return;
    state.weekly.push(one);
    selected = drag.id = one.id;
  }
  const one = row(drag.id);
  const next = { ...one };
  if (drag.kind === "move") {
    const length = one.end - one.start;
    next.day = at.day;
    next.mode = at.mode;
    next.start = Math.min(Math.max(0, drag.origin.start + snapBy(at.minutes - drag.offset - drag.origin.start)), DAY - length);
    next.end = next.start + length;
  } else {
    // An edge goes as far as the next hours, however far the hand goes.
    const [least, most] = gap(one);
    const to = Math.min(Math.max(snap(at.minutes), least), most);
    if (drag.kind === "start") next.start = Math.min(to, one.end - STEP);
    else if (drag.kind === "end") next.end = Math.max(to, one.start + STEP);
    else [next.start, next.end] = [Math.min(drag.anchor, to), Math.max(drag.anchor + STEP, to)];
  }
  if (clashes(next) || (next.day === one.day && next.mode === one.mode && next.start === one.start && next.end === one.end)) return;
  selected = drag.id;
  state.weekly = state.weekly.map((other) => (other.id === drag.id ? next : other));
  draw();
});
const snapBy = (minutes) => Math.round(minutes / STEP) * STEP;
const drop = (event) => {
  if (!drag) return;
  const done = drag;
  drag = null;
  quietClick = done.moved || done.kind === "draw";
  setTimeout(() => (quietClick = false));
  if (event.type === "pointercancel") {
    [state, shown] = JSON.parse(done.before);
    return draw();
  }
  if (!done.moved) {
    if (done.kind === "draw") add(done.day, done.mode, Math.floor(done.anchor / 30) * 30);
    else select(done.id, true);
    return;
  }
  const one = row(done.id);
  if (!one) return draw();
  if (one.end - one.start < shortest) {
    [state, shown] = JSON.parse(done.before);
    draw();
    return announce(say(words.tooShort, { minutes: shortest }));
  }
  if (JSON.stringify([state, shown]) !== done.before) steps = [...steps.slice(-49), done.before];
  select(done.id, true);
  announce(say(done.kind === "draw" ? words.added : words.moved, { what: inWords(one) }));
};
grid.addEventListener("pointerup", drop);
grid.addEventListener("pointercancel", drop);
grid.addEventListener("click", (event) => {
  if (quietClick) return;
  const lane = event.target.closest("[data-lanes]");
  if (!lane) return;
  const block = event.target.closest("[data-id]");
  if (block) return select(Number(block.dataset.id), true);
  const at = spot(event);
  if (at && selected !== null && sheet.matches) return select(null);
  if (at) add(at.day, at.mode, Math.floor(at.minutes / 30) * 30);
});

// Keys
grid.addEventListener("keydown", (event) => {
  const block = event.target.closest("[data-id]");
  if (!block || event.ctrlKey || event.metaKey) return;
  const id = Number(block.dataset.id);
  const one = row(id);
  const sign = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (sign && event.shiftKey) {
    const end = snapBy(one.end + sign * STEP);
    if (end - one.start >= shortest) put(id, { end });
  } else if (sign && event.altKey) {
    const start = snapBy(one.start + sign * STEP);
    if (one.end - start >= shortest) put(id, { start });
  } else if (sign) put(id, { start: one.start + sign * STEP, end: one.end + sign * STEP });
  else if (aside && !event.altKey) {
    const day = WEEK[WEEK.indexOf(one.day) + aside];
    if (day !== undefined && put(id, { day })) select(id, true);
  } else if (event.key === "Delete" || event.key === "Backspace") remove(id);
  else if (event.key === "Escape") select(null);
  else if (event.key === "Enter" || event.key === " ") {
    select(id);
    inspector.querySelector("#hx-start").focus();
  } else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.closest("input, select, textarea, dialog")) {
    event.preventDefault();
    undo();
  } else if (event.key === "Escape" && event.target.closest("[data-inspector]")) select(selected, true);
});

// The panel of the chosen hours
inspector.addEventListener("change", (event) => {
  const name = event.target.dataset.field;
  if (!name || selected === null) return;
  const value = event.target.type === "checkbox" ? event.target.checked : event.target.value;
  const next = { ...row(selected) };
  if (event.target.type === "time") {
    if (!value) return;
    next[name] = minutesOf(value, name === "end");
  } else next[name] = name === "day" ? Number(value) : value;
  if (next.end <= next.start) return problem(words.wrongOrder);
  if (next.end - next.start < shortest) return problem(say(words.tooShort, { minutes: shortest }));
  if (next.from && next.until && next.until < next.from) return problem(words.wrongDates);
  if (clashes(next)) return problem(words.taken);
  problem();
  if (!holds(next, shown)) shown = next.from && next.from > today ? next.from : today;
  phoneDay = next.day;
  put(selected, next);
});

// Buttons
const ask = (name, ready) => {
  const dialog = find(`[data-dialog-of="${name}"]`);
  dialog.returnValue = "";
  dialog.showModal();
  dialog.onclose = () => dialog.returnValue === "ok" && ready(dialog);
};
const DO = {
  add: (day) => addOnDay(day),
  clear: (day) => replaceAll(state.weekly.filter((one) => one.day !== day || !holds(one, shown)), say(words.removed, { what: words.days[day] })),
  copy: (day) => {
    const boxes = all("[data-copy-to]");
    for (const box of boxes) {
      box.checked = false;
      box.closest("label").hidden = Number(box.value) === day;
    }
    const title = find("[data-copy-title]");
    title.textContent = say(title.dataset.text, { day: words.days[day] });
    ask("copy", () => copyDay(day, boxes.filter((box) => box.checked).map((box) => Number(box.value))));
  },
  plan: () => {
    const input = find("#hx-plan");
    input.min = plusDays(today, 1);
    input.value = "";
    ask("plan", () => (input.value > today ? splitAt(input.value) : announce(words.needDate)));
  },
  undo,
  whole: (_, button) => {
    showAll = !showAll;
    button.setAttribute("aria-pressed", String(showAll));
    draw();
  },
  close: () => select(null),
  remove: () => remove(selected),
  twin: () => {
    const one = row(selected);
    const twin = named({ ...one, mode: lanes.find((mode) => mode !== one.mode) });
    if (clashes(twin)) return problem(words.taken);
    change(() => state.weekly.push(twin), say(words.added, { what: inWords(twin) }));
  },
  break: () => {
    const one = row(selected);
    const start = minutesOf(find("#hx-break-start").value || "x");
    const end = minutesOf(find("#hx-break-end").value || "x", true);
    if (!(start > one.start && end < one.end && start < end)) return problem(words.noBreak);
    if (start - one.start < shortest || one.end - end < shortest) return problem(say(words.tooShort, { minutes: shortest }));
    problem();
    inspector.querySelector('[data-fold="break"]').open = false;
    change(() => {
      state.weekly = state.weekly.flatMap((other) => (other.id === one.id ? [{ ...one, end: start }, named({ ...one, start: end })] : [other]));
    }, say(words.moved, { what: inWords(row(selected)) }));
  },
  discard: () => {
    forget();
    leaving = true;
    return false;
  },
};
root.addEventListener("click", (event) => {
  const period = event.target.closest("[data-period]");
  const bin = event.target.closest("[data-day-id]");
  const tab = event.target.closest("[data-tab]");
  const button = event.target.closest("[data-do]");
  if (period) {
    event.preventDefault();
    shown = period.dataset.period;
    draw();
  } else if (bin) {
    const one = state.days.find((other) => other.id === Number(bin.dataset.dayId));
    change(() => (state.days = state.days.filter((other) => other !== one)), say(words.removed, { what: dayInWords(one) }));
  } else if (tab) {
    phoneDay = Number(tab.dataset.tab);
    selected = null;
    draw();
  } else if (button) {
    const day = button.closest("[data-day]");
    button.closest("details.pop")?.removeAttribute("open");
    if (DO[button.dataset.do](day ? Number(day.dataset.day) : null, button) !== false) event.preventDefault();
  }
});

// Days that differ
find("[data-day-form]").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const [date, mode, start, end] = ["date", "mode", "start_time", "end_time"].map((name) => form.elements[name].value);
  const next = named({ date, mode, start, end });
  const span = (one) => (one.start ? [minutesOf(one.start), minutesOf(one.end, true)] : [0, DAY]);
  const meets = (other) => other.date === date && (!other.mode || !mode || other.mode === mode) && span(other)[0] < span(next)[1] && span(next)[0] < span(other)[1];
  let wrong = "";
  if (!date || date < today) wrong = words.needDate;
  else if (!start !== !end) wrong = words.bothTimes;
  else if (start && span(next)[1] <= span(next)[0]) wrong = words.wrongOrder;
  else if (start && span(next)[1] - span(next)[0] < shortest) wrong = say(words.tooShort, { minutes: shortest });
  else if (state.days.some(meets)) wrong = words.taken;
  const place = find("[data-day-problem]");
  place.textContent = wrong;
  place.hidden = !wrong;
  if (wrong) return;
  change(() => state.days.push(next), say(words.added, { what: dayInWords(next) }));
  form.reset();
});

// Leaving
let leaving = false;
find("[data-form]").addEventListener("submit", () => (leaving = true));
addEventListener("beforeunload", (event) => {
  if (!leaving && unsaved()) event.preventDefault();
});
addEventListener("pageshow", () => (leaving = false));

recall();
root.classList.add("scripted");
for (const element of all("[data-script]")) element.hidden = false;
for (const element of document.querySelectorAll("[data-plain]")) element.hidden = true;
const weekday = new Date(`${today}T00:00:00Z`).getUTCDay();
phoneDay = state.weekly.some((one) => one.day === weekday) || !state.weekly.length ? weekday : state.weekly[0].day;
draw();
