// Menus are <details>: they close on Escape, on a click elsewhere and when the focus leaves.
const open = () => document.querySelectorAll("details.pop[open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("focusin", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});
// Where a row of tabs is wider than the phone, the current one is not left outside.
for (const tab of document.querySelectorAll(".subnav [aria-current]")) tab.scrollIntoView({ block: "nearest", inline: "center" });
