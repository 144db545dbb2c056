// The front desk's board refreshes by itself; never under somebody's hands, and not while nobody looks.
const busy = (board) => document.hidden || board.querySelector("details[open], form[data-sent]");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "board" && busy(event.target)) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  // A menu that was opened while the answer was on its way stays open.
  if (event.detail.target.id === "board" && busy(event.detail.target)) event.detail.shouldSwap = false;
});
document.addEventListener("visibilitychange", () => {
  const board = document.getElementById("board");
  if (!document.hidden && board && window.htmx) window.htmx.ajax("GET", board.getAttribute("hx-get"), { source: board, target: board, swap: "outerHTML" });
});
