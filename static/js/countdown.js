// [data-countdown data-until="ISO" data-now="ISO" data-total="seconds"]: writes what is left into [data-left], turns
// [data-arc], and at the end fires "countdown:end" and, with data-reload, asks the server what is true now.
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

for (const box of document.querySelectorAll("[data-countdown]")) {
  const skew = box.dataset.now ? Date.now() - Date.parse(box.dataset.now) : 0;
  const until = Date.parse(box.dataset.until) + skew;
  const total = Number(box.dataset.total) || 0;
  const text = box.querySelector("[data-left]") || box;
  const arc = box.querySelector("[data-arc]");
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    text.textContent = clock(left);
    if (arc && total) arc.setAttribute("stroke-dashoffset", String(100 - Math.min(100, (left / total) * 100)));
    if (left > 0) return;
    clearInterval(timer);
    box.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
    if ("reload" in box.dataset) location.reload();
  };
  const timer = setInterval(tick, 1000);
  tick();
}
