// Messages can be put away; good news leaves by itself unless somebody is reading it, bad news stays.
const STAY = 8000;

const prepare = (root) => {
  for (const toast of root.querySelectorAll("[data-toast]:not([data-ready])")) {
    toast.dataset.ready = "";
    const button = toast.querySelector("[data-dismiss]");
    if (button) button.hidden = false;
    if (toast.matches(".bad, .warn") || !toast.closest(".toasts")) continue;
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, STAY / 2) : toast.remove());
    setTimeout(leave, STAY);
  }
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest("[data-toast]").remove();
});
document.addEventListener("htmx:afterSwap", () => prepare(document));
prepare(document);
