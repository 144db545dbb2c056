// [data-zone="Area/City"] is shown when the device's clock differs from that zone's; with data-moment="ISO" the moment is
// also written, by the device's clock, into [data-local].
const offset = (moment, timeZone) => {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).formatToParts(moment);
  return parts.find((part) => part.type === "timeZoneName").value;
};

// "Tue 24 Nov", as the page itself writes it, and not "Tue, Nov 24".
const language = { en: "en-GB" }[document.documentElement.lang] || document.documentElement.lang;

const show = (root) => {
  for (const note of root.querySelectorAll("[data-zone]")) {
    const moment = note.dataset.moment ? new Date(note.dataset.moment) : new Date();
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!here || offset(moment, here) === offset(moment, note.dataset.zone)) continue;
    const clock = note.querySelector("[data-local]");
    if (clock) {
      clock.textContent = new Intl.DateTimeFormat(language, {
        weekday: "short",
        day: "numeric",
        month: "short",
        hour: "2-digit",
        minute: "2-digit",
        hour12: false,
      }).format(moment);
    }
    note.hidden = false;
  }
};

show(document);
document.addEventListener("htmx:afterSettle", () => show(document));
