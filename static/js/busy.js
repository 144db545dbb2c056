// A form that changes something is sent once; coming back with the back button makes it usable again.
const release = (form) => {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll('[aria-busy="true"][data-was-idle]')) {
    button.removeAttribute("aria-busy");
    delete button.dataset.wasIdle;
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "noBusy" in form.dataset) return;
  if ("sent" in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  const button = event.submitter;
  if (button && button.classList.contains("btn")) {
    button.dataset.wasIdle = "";
    button.setAttribute("aria-busy", "true");
  }
  setTimeout(() => release(form), 20000);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
});
