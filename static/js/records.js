// form[data-upload]: files are dropped or chosen, then sent one by one with a bar each, to be cancelled or tried again.
// Without JavaScript the same form sends them all together.
const LARGEST = 10 * 1024 * 1024;
const AT_ONCE = 2;

const make = (name, className, text = "") => {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
};

for (const form of document.querySelectorAll("form[data-upload]")) {
  const words = (name) => form.dataset[`words${name}`];
  const input = form.querySelector('input[type="file"]');
  const box = form.querySelector("[data-drop]");
  const queue = form.querySelector("[data-queue]");
  const entries = [];
  let running = 0;

  form.dataset.noBusy = "";
  box.querySelector(".with-js").hidden = false;

  const say = (entry, text, tone = "") => {
    entry.state.textContent = text;
    entry.state.dataset.tone = tone;
  };

  const add = (file) => {
    const row = make("li", "");
    const head = make("div", "row between");
    const entry = { file, row, status: "waiting", bar: document.createElement("progress") };
    entry.button = make("button", "btn quiet sm", words("Cancel"));
    entry.button.type = "button";
    entry.button.append(make("span", "sr", `: ${file.name}`));
    entry.state = make("span", "small muted state");
    entry.bar.max = 100;
    entry.bar.value = 0;
    entry.bar.setAttribute("aria-label", file.name);
    head.append(make("span", "file small", file.name), entry.button);
    row.append(head, entry.bar, entry.state);
    queue.append(row);
    entries.push(entry);
    entry.button.addEventListener("click", () => (entry.status === "failed" ? again(entry) : cancel(entry)));
    if (file.size > LARGEST) fail(entry, words("Large"), false);
    else say(entry, words("Waiting"));
  };

  const fail = (entry, text, retry) => {
    entry.status = retry ? "failed" : "refused";
    entry.bar.hidden = true;
    entry.button.hidden = !retry;
    entry.button.firstChild.textContent = words("Again");
    say(entry, text, "bad");
  };

  const cancel = (entry) => {
    const request = entry.request;
    entry.status = "cancelled";
    entry.bar.hidden = true;
    entry.button.hidden = true;
    say(entry, words("Cancelled"));
    if (request) request.abort();
  };

  const again = (entry) => {
    entry.status = "waiting";
    entry.bar.hidden = false;
    entry.bar.value = 0;
    entry.button.firstChild.textContent = words("Cancel");
    say(entry, words("Waiting"));
    next();
  };

  const finish = () => {
    if (running || entries.some((entry) => entry.status === "waiting")) return;
    if (!entries.some((entry) => entry.status === "kept")) return;
    if (entries.every((entry) => entry.status === "kept" || entry.status === "cancelled")) {
      location.assign(form.action);
    } else if (!form.querySelector("[data-done]")) {
      const link = make("a", "btn quiet", words("Done"));
      link.href = form.action;
      link.dataset.done = "";
      queue.after(link);
    }
  };

  const send = (entry) => {
    const body = new FormData(form);
    body.delete("files");
    if (entries.length > 1) body.set("name", "");
    body.append("files", entry.file);
    const request = new XMLHttpRequest();
    entry.request = request;
    entry.status = "sending";
    running += 1;
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      entry.bar.value = (100 * event.loaded) / event.total;
      say(entry, `${Math.round(entry.bar.value)} %`);
    });
    request.upload.addEventListener("load", () => say(entry, words("Checking")));
    request.addEventListener("loadend", () => {
      running -= 1;
      entry.request = null;
      if (entry.status === "cancelled") {
        next();
        return;
      }
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // a page instead of an answer: too many requests, or a gateway
      }
      if (request.status === 201) {
        entry.status = "kept";
        entry.bar.value = 100;
        entry.button.hidden = true;
        say(entry, words("Kept"), "ok");
      } else if (answer.error) {
        fail(entry, answer.error, request.status === 503);
      } else {
        fail(entry, words("Failed"), true);
      }
      next();
    });
    request.send(body);
  };

  const next = () => {
    while (running < AT_ONCE) {
      const entry = entries.find((one) => one.status === "waiting");
      if (!entry) break;
      send(entry);
    }
    finish();
  };

  const take = (files) => {
    for (const file of files) add(file);
    input.value = "";
    input.required = !entries.length;
  };

  input.addEventListener("change", () => take(input.files));
  for (const name of ["dragenter", "dragover"]) {
    box.addEventListener(name, (event) => {
      event.preventDefault();
      box.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    box.addEventListener(name, (event) => {
      event.preventDefault();
      box.classList.remove("over");
    });
  }
  box.addEventListener("drop", (event) => take(event.dataTransfer.files));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    next();
  });
}
