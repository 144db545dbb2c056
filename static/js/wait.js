// [data-status-url] answers {status, redirect, message}: the page asks until there is somewhere to go or no more to hope for.
const QUICK = 2000;
const SLOW = 6000;

for (const box of document.querySelectorAll("[data-status-url]")) {
  const words = box.querySelector("[data-message]");
  const started = Date.now();
  const again = () => setTimeout(ask, document.hidden || Date.now() - started > 60000 ? SLOW : QUICK);
  const ask = async () => {
    let answer = null;
    try {
      const response = await fetch(box.dataset.statusUrl, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (response.ok) answer = await response.json();
      else if (response.status < 500 && response.status !== 429) return location.reload();
    } catch {
      // The connection is away for a moment, which on a phone is ordinary: ask again.
    }
    if (answer?.redirect) return location.assign(answer.redirect);
    if (answer && answer.status !== "pending") return location.reload();
    if (answer?.message && words && words.textContent !== answer.message) words.textContent = answer.message;
    again();
  };
  document.addEventListener("visibilitychange", () => document.hidden || ask(), { once: true });
  again();
}
